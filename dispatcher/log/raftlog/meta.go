package raftlog

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/hashicorp/raft-wal/types"
)

const (
	metaName  = "meta"
	slotBytes = 256 << 10
	// slotHead is a sequence number, a length and a CRC-32C over both and what follows.
	slotHead = 8 + 4 + 4
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// A metaFile holds the list of segments, the term and the vote. It has two slots with the same
// content, which are written one after the other: while one is being written, the other is whole.
// All its room is taken when it is made, so that an election does not fail on a full disk.
type metaFile struct {
	files types.VFS
	path  string

	mu       sync.Mutex
	file     types.WritableFile
	sequence uint64
	content  metaContent
}

// metaContent is what a slot holds, as JSON.
type metaContent struct {
	Log    types.PersistentState
	Stable map[string][]byte
}

// Load implements types.MetaStore.
func (m *metaFile) Load(dir string) (types.PersistentState, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.file != nil { // the log is opened again
		return m.content.Log, nil
	}
	m.path = filepath.Join(dir, metaName)
	m.content = metaContent{Stable: map[string][]byte{}}
	file, err := m.files.OpenWriter(dir, metaName)
	if errors.Is(err, os.ErrNotExist) {
		return m.content.Log, m.create(dir)
	} else if err != nil {
		return m.content.Log, err
	}
	m.file = file
	found, blank := false, true
	for slot := range int64(2) {
		sequence, content, err := m.read(slot)
		blank = blank && errors.Is(err, errBlank)
		if err == nil && (!found || sequence > m.sequence) {
			m.sequence, m.content, found = sequence, content, true
		}
	}
	if !found && !blank { // a blank one is left by a crash while the file was made
		return m.content.Log, &DamageError{m.path, "neither half of it is whole"}
	}
	return m.content.Log, m.write(m.content)
}

// errBlank says that a slot was never written.
var errBlank = errors.New("it is blank")

func (m *metaFile) create(dir string) (err error) {
	if m.file, err = m.files.Create(dir, metaName, 2*slotBytes); err != nil {
		return err
	}
	if _, err := m.file.WriteAt(make([]byte, 2*slotBytes), 0); err != nil {
		return err
	}
	return m.write(m.content)
}

func (m *metaFile) read(slot int64) (uint64, metaContent, error) {
	content := metaContent{Stable: map[string][]byte{}}
	b := make([]byte, slotBytes)
	if n, err := m.file.ReadAt(b, slot*slotBytes); err != nil && (err != io.EOF || n < slotHead) {
		return 0, content, err
	}
	sequence, length := binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint32(b[8:])
	if length > slotBytes-slotHead {
		return 0, content, errors.New("its length is wrong")
	}
	if sequence == 0 && !slices.ContainsFunc(b, func(c byte) bool { return c != 0 }) {
		return 0, content, errBlank
	}
	sum := crc32.Update(crc32.Checksum(b[:12], castagnoli), castagnoli, b[slotHead:slotHead+length])
	if sum != binary.LittleEndian.Uint32(b[12:]) {
		return 0, content, errors.New("its CRC is wrong")
	}
	return sequence, content, json.Unmarshal(b[slotHead:slotHead+length], &content)
}

// write writes both slots.
func (m *metaFile) write(next metaContent) error {
	payload, err := json.Marshal(next)
	if err != nil {
		return err
	}
	if len(payload) > slotBytes-slotHead {
		return fmt.Errorf("%s: %d bytes are more than %d: too many segments", m.path, len(payload),
			slotBytes-slotHead)
	}
	sequence := m.sequence + 1
	b := make([]byte, slotHead, slotHead+len(payload))
	binary.LittleEndian.PutUint64(b, sequence)
	binary.LittleEndian.PutUint32(b[8:], uint32(len(payload)))
	sum := crc32.Update(crc32.Checksum(b[:12], castagnoli), castagnoli, payload)
	binary.LittleEndian.PutUint32(b[12:], sum)
	b = append(b, payload...)
	for slot := range int64(2) {
		if _, err := m.file.WriteAt(b, slot*slotBytes); err != nil {
			return err
		}
		if err := m.file.Sync(); err != nil {
			return err
		}
	}
	m.sequence, m.content = sequence, next
	return nil
}

// CommitState implements types.MetaStore.
func (m *metaFile) CommitState(s types.PersistentState) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.write(metaContent{s, m.content.Stable})
}

// GetStable implements types.MetaStore.
func (m *metaFile) GetStable(key []byte) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.content.Stable[string(key)], nil
}

// SetStable implements types.MetaStore.
func (m *metaFile) SetStable(key, value []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	stable := maps.Clone(m.content.Stable)
	stable[string(key)] = value
	return m.write(metaContent{m.content.Log, stable})
}

// Close implements types.MetaStore. The file stays open, as the log may be opened again.
func (m *metaFile) Close() error { return nil }

// close closes the file.
func (m *metaFile) close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.file == nil {
		return nil
	}
	return m.file.Close()
}
