package journals

import (
	"crypto/sha256"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/quotasched/quotasched/dispatcher/internal/durable"
	"github.com/quotasched/quotasched/journal"
	"github.com/quotasched/quotasched/protos"
)

// retireEvery is how often old segments are looked for, at least while anything is written.
const retireEvery = time.Hour

// files are the files of all pools. All methods but bytes are the writer's.
type files struct {
	options Options
	packer  *packer
	open    map[string]*openSegment
	retired time.Time // when old segments were looked for

	mu      sync.Mutex
	written int64 // since then
	kept    int64 // bytes of all segments, then
}

// An openSegment is one that is being written.
type openSegment struct {
	segment
	writer *journal.Writer
	below  *packedFile
}

func newFiles(o Options) *files {
	f := &files{options: o, packer: newPacker(), open: map[string]*openSegment{}}
	f.retire()
	return f
}

func (f *files) bytes() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.kept + f.written
}

// begin begins a segment with a pool's snapshot. If one is open, it ends there, whole.
func (f *files) begin(pool string, index uint64, snapshot []byte) error {
	if s := f.open[pool]; s != nil {
		if s.from == index { // which it goes on from
			return nil
		}
		if err := f.complete(pool, index); err != nil {
			return err
		}
	}
	dir := filepath.Join(f.options.Dir, pool)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if err := removeFrom(dir, index); err != nil {
		return err
	}
	path := filepath.Join(dir, nameOf(index, 0))
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	s := &openSegment{segment: segment{path: path, from: index},
		below: &packedFile{packer: f.packer, file: file, wrote: f.wrote}}
	f.open[pool] = s
	s.writer, err = journal.NewWriter(s.below, journal.Beginning{SnapshotBytes: snapshot,
		Header: &protos.JournalHeader{Pool: pool, Writer: f.options.Writer}})
	if err != nil {
		return err
	}
	if f.due() {
		f.retire()
	}
	return nil
}

// removeFrom removes the segments of entries that are to come: they are written anew.
func removeFrom(dir string, index uint64) error {
	all, err := segmentsIn(dir)
	if err != nil {
		return err
	}
	for _, s := range all {
		if s.from >= index {
			if err := os.Remove(s.path); err != nil {
				return err
			}
		}
	}
	return nil
}

// complete ends a pool's segment, which is whole with an entry.
func (f *files) complete(pool string, index uint64) error {
	s := f.open[pool]
	delete(f.open, pool)
	err := s.writer.Close()
	err = errors.Join(err, s.below.close(err == nil))
	if err != nil {
		return err
	}
	dir := filepath.Dir(s.path)
	if err := os.Rename(s.path, filepath.Join(dir, nameOf(s.from, index))); err != nil {
		return err
	}
	return durable.SyncDir(dir)
}

// step appends a step to a pool's segment, if one is open.
func (f *files) step(pool string, operation []byte, outcome [sha256.Size]byte) error {
	s := f.open[pool]
	if s == nil {
		return nil
	}
	err := s.writer.AppendMarshalled(operation, outcome)
	if err == nil && f.due() {
		f.retire()
	}
	return err
}

// end ends a pool's segment, if one is open. What is in it can be read, but it is not whole.
func (f *files) end(pool string) error {
	s := f.open[pool]
	if s == nil {
		return nil
	}
	delete(f.open, pool)
	err := s.writer.Close()
	return errors.Join(err, s.below.close(err == nil))
}

// abandon closes the file of a pool's segment, after an error.
func (f *files) abandon(pool string) {
	if s := f.open[pool]; s != nil {
		delete(f.open, pool)
		_ = s.below.close(false) // the error that counts was said
	}
}

// flush makes all that was written of a pool readable.
func (f *files) flush(pool string) error {
	s := f.open[pool]
	if s == nil {
		return nil
	}
	if err := s.writer.Flush(); err != nil {
		return err
	}
	return s.below.flush()
}

func (f *files) close() {
	for pool := range f.open { // the order is free: pools share nothing
		if err := f.end(pool); err != nil {
			f.options.Logger.Warn("a journal could not be closed", "pool", pool, "error", err)
		}
	}
	f.packer.close()
}

// wrote counts bytes that were written.
func (f *files) wrote(n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.written += int64(n)
}

// due reports whether it is time to look for old segments.
func (f *files) due() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.written > f.options.KeepBytes/16 && f.kept+f.written > f.options.KeepBytes ||
		f.options.Now().Sub(f.retired) >= retireEvery
}
