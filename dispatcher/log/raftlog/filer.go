package raftlog

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	wal "github.com/hashicorp/raft-wal"
	"github.com/hashicorp/raft-wal/segment"
	"github.com/hashicorp/raft-wal/types"
)

// errSealedTail says that the newest segment was full, and that meta knows it now.
var errSealedTail = errors.New("the newest segment was full")

// A filer is raft-wal's, which repairs what a crash can leave that raft-wal does not see to:
//
//   - A segment that is full, while meta does not say so. Nothing can be appended to it, and no
//     other one would ever be begun.
//   - Bytes of a torn write behind the last whole one. They might be taken for whole ones once
//     others are written in their place, or for the mark of a full segment.
type filer struct {
	*segment.Filer
	files types.VFS
	dir   string
	meta  *metaFile
}

// RecoverTail implements types.SegmentFiler.
func (f filer) RecoverTail(info types.SegmentInfo) (types.SegmentWriter, error) {
	w, err := f.Filer.RecoverTail(info)
	if err != nil {
		return nil, err
	}
	sealed, indexStart, err := w.Sealed()
	if err != nil {
		return nil, errors.Join(err, w.Close())
	}
	last := w.LastIndex()
	t, err := f.readTail(info, last)
	if err != nil {
		return nil, errors.Join(err, w.Close())
	}
	if sealed && t.indexedBy(indexStart) {
		info.IndexStart, info.MaxIndex, info.SealTime = uint64(indexStart), last, time.Now()
		if err = f.meta.seal(info); err == nil {
			err = errSealedTail
		}
		return nil, errors.Join(err, w.Close())
	}
	if t.isClean() {
		return w, nil
	}
	if err := errors.Join(w.Close(), f.clean(info, t)); err != nil {
		return nil, err
	}
	if w, err = f.Filer.RecoverTail(info); err != nil {
		return nil, err
	}
	if sealed, _, _ := w.Sealed(); sealed || w.LastIndex() != last {
		return nil, errors.Join(&DamageError{filepath.Join(f.dir, segment.FileName(info)),
			fmt.Sprintf("entry %d was its newest one, and is not any more", last)}, w.Close())
	}
	return w, nil
}

// Frames as raft-wal writes them.
const (
	fileHeadBytes  = 32
	frameHeadBytes = 8
	frameEntry     = 1
	frameIndex     = 2
	frameCommit    = 3
)

// A tail is the newest segment's bytes.
type tail struct {
	b       []byte
	offsets []uint32 // where the entries begin
	end     int      // behind the commit of the newest entry
}

// readTail reads a segment up to its newest entry.
func (f filer) readTail(info types.SegmentInfo, last uint64) (t tail, err error) {
	name := segment.FileName(info)
	file, err := f.files.OpenReader(f.dir, name)
	if err != nil {
		return t, err
	}
	defer file.Close()
	t.b, err = io.ReadAll(io.NewSectionReader(file, 0, 1<<32))
	if err != nil || last < info.BaseIndex {
		return t, err
	}
	want := int(last - info.BaseIndex + 1)
	for at := fileHeadBytes; at+frameHeadBytes <= len(t.b); {
		kind, n := t.b[at], 0
		if kind == frameEntry || kind == frameIndex {
			n = int(min(binary.LittleEndian.Uint32(t.b[at+4:]), uint32(len(t.b))))
		}
		if kind == frameEntry {
			t.offsets = append(t.offsets, uint32(at))
		}
		at += frameHeadBytes + (n+7)/8*8
		if kind == frameCommit && len(t.offsets) == want {
			t.end = at
			return t, nil
		}
	}
	return t, &DamageError{filepath.Join(f.dir, name),
		fmt.Sprintf("entry %d is not where it was", last)}
}

// indexedBy reports whether what is at an offset is the index of all entries.
func (t tail) indexedBy(start uint64) bool {
	bytes := 4 * uint64(len(t.offsets))
	if bytes == 0 || start < frameHeadBytes || start+bytes > uint64(len(t.b)) ||
		binary.LittleEndian.Uint32(t.b[start-4:]) != uint32(bytes) {
		return false
	}
	for i, offset := range t.offsets {
		if binary.LittleEndian.Uint32(t.b[start+4*uint64(i):]) != offset {
			return false
		}
	}
	return true
}

func (t tail) isClean() bool { return len(bytes.Trim(t.b[t.end:], "\x00")) == 0 }

// clean overwrites what is behind the newest entry.
func (f filer) clean(info types.SegmentInfo, t tail) error {
	file, err := f.files.OpenWriter(f.dir, segment.FileName(info))
	if err != nil {
		return err
	}
	_, err = file.WriteAt(make([]byte, len(t.b)-t.end), int64(t.end))
	return errors.Join(err, file.Sync(), file.Close())
}

// seal notes that the newest segment is full, and begins another one, whose file raft-wal makes
// when it finds none.
func (m *metaFile) seal(info types.SegmentInfo) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	next := m.content
	next.Log.Segments = append([]types.SegmentInfo{}, m.content.Log.Segments...)
	n := len(next.Log.Segments)
	if n == 0 || next.Log.Segments[n-1].ID != info.ID {
		return errors.New("the newest segment is not in meta")
	}
	next.Log.Segments[n-1] = info
	next.Log.Segments = append(next.Log.Segments, types.SegmentInfo{ID: next.Log.NextSegmentID,
		BaseIndex: info.MaxIndex + 1, MinIndex: info.MaxIndex + 1, SizeLimit: info.SizeLimit,
		Codec: wal.CodecBinaryV1, CreateTime: time.Now()})
	next.Log.NextSegmentID++
	return m.write(next)
}
