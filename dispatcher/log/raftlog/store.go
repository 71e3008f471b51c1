package raftlog

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/raft"
	wal "github.com/hashicorp/raft-wal"
	"github.com/hashicorp/raft-wal/fs"
	"github.com/hashicorp/raft-wal/segment"
	"github.com/hashicorp/raft-wal/types"

	"github.com/quotasched/quotasched/dispatcher/internal/failpoint"
)

// A store is raft's log and stable store: raft-wal with a checksum on each entry, and an eye on how
// long writes take.
type store struct {
	dir   string
	limit time.Duration
	exit  func(code int)
	log   *slog.Logger
	// used is called after entries are written.
	used func() error
	meta *metaFile
	fail *failpoint.Plan
	open func() (*wal.WAL, error)

	mu      sync.RWMutex
	wal     *wal.WAL // is another one after reopen
	failure error    // of the newest write
}

// exitSlowDisk is the exit code of a process whose disk hangs.
const exitSlowDisk = 70

func openStore(o Options, dir string, used func() error) (*store, error) {
	files := o.Files
	if files == nil {
		files = fs.New()
	}
	meta := &metaFile{files: files}
	s := &store{dir: dir, limit: o.WriteLimit, exit: o.Exit, log: o.Logger, used: used, meta: meta,
		fail: o.Failpoints}
	s.open = func() (*wal.WAL, error) {
		return wal.Open(dir, wal.WithMetaStore(meta), wal.WithSegmentSize(o.SegmentBytes),
			wal.WithSegmentFiler(filer{segment.NewFiler(dir, files), files, dir, meta}),
			wal.WithLogger(adapter{log: o.Logger}))
	}
	if err := s.reopen(); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", dir, err), meta.close())
	}
	return s, nil
}

// reopen opens raft-wal, and closes the one that was open.
func (s *store) reopen() (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = &DamageError{s.dir, fmt.Sprint(r)}
		}
	}()
	w, err := s.open()
	if errors.Is(err, errSealedTail) {
		w, err = s.open()
	}
	if err != nil {
		return err
	}
	s.mu.Lock()
	old := s.wal
	s.wal = w
	s.mu.Unlock()
	if old != nil {
		return old.Close()
	}
	return nil
}

// current is raft-wal as it is open now.
func (s *store) current() *wal.WAL {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.wal
}

// Close closes all.
func (s *store) Close() error { return errors.Join(s.current().Close(), s.meta.close()) }

// FirstIndex implements raft.LogStore.
func (s *store) FirstIndex() (uint64, error) { return s.current().FirstIndex() }

// LastIndex implements raft.LogStore.
func (s *store) LastIndex() (uint64, error) { return s.current().LastIndex() }

// IsMonotonic implements raft.MonotonicLogStore.
func (s *store) IsMonotonic() bool { return s.current().IsMonotonic() }

// Get implements raft.StableStore.
func (s *store) Get(key []byte) ([]byte, error) { return s.current().Get(key) }

// GetUint64 implements raft.StableStore.
func (s *store) GetUint64(key []byte) (uint64, error) { return s.current().GetUint64(key) }

// StoreLog implements raft.LogStore.
func (s *store) StoreLog(l *raft.Log) error { return s.StoreLogs([]*raft.Log{l}) }

// StoreLogs implements raft.LogStore.
func (s *store) StoreLogs(logs []*raft.Log) error {
	sealed := make([]*raft.Log, len(logs))
	copies := make([]raft.Log, len(logs))
	for i, l := range logs {
		copies[i] = *l
		copies[i].Extensions = binary.LittleEndian.AppendUint32(slices.Clone(l.Extensions), checksum(l))
		sealed[i] = &copies[i]
	}
	s.fail.At(failpoint.BeforeLogWrite)
	defer s.fail.At(failpoint.AfterLogWrite)
	return s.write("entries", func() error {
		err := s.current().StoreLogs(sealed)
		if errors.Is(err, types.ErrSealed) { // no other segment could be begun
			if err = s.reopen(); err == nil {
				err = s.current().StoreLogs(sealed)
			}
		}
		if err != nil {
			return err
		}
		return s.used()
	})
}

// GetLog implements raft.LogStore.
func (s *store) GetLog(index uint64, l *raft.Log) error {
	if err := s.current().GetLog(index, l); err != nil {
		if errors.Is(err, raft.ErrLogNotFound) {
			return err
		}
		return &DamageError{s.dir, fmt.Sprintf("entry %d: %v", index, err)}
	}
	n := len(l.Extensions) - 4
	if n >= 0 {
		sum := binary.LittleEndian.Uint32(l.Extensions[n:])
		if l.Extensions = l.Extensions[:n]; l.Index == index && sum == checksum(l) {
			return nil
		}
	}
	return &DamageError{s.dir, fmt.Sprintf("entry %d: its CRC is wrong", index)}
}

// checksum is the CRC-32C over all of an entry.
func checksum(l *raft.Log) uint32 {
	b := make([]byte, 0, 64)
	b = binary.LittleEndian.AppendUint64(b, l.Index)
	b = binary.LittleEndian.AppendUint64(b, l.Term)
	b = append(b, byte(l.Type))
	b = binary.LittleEndian.AppendUint32(b, uint32(len(l.Data)))
	b = binary.LittleEndian.AppendUint64(b, uint64(l.AppendedAt.UnixNano()))
	sum := crc32.Update(crc32.Checksum(b, castagnoli), castagnoli, l.Data)
	return crc32.Update(sum, castagnoli, l.Extensions)
}

// DeleteRange implements raft.LogStore.
func (s *store) DeleteRange(from, to uint64) error {
	s.fail.At(failpoint.BeforeTruncation)
	defer s.fail.At(failpoint.AfterTruncation)
	return s.note(s.current().DeleteRange(from, to))
}

// Set implements raft.StableStore.
func (s *store) Set(key, value []byte) error {
	return s.write(string(key), func() error { return s.current().Set(key, value) })
}

// SetUint64 implements raft.StableStore.
func (s *store) SetUint64(key []byte, value uint64) error {
	return s.write(string(key), func() error { return s.current().SetUint64(key, value) })
}

// write runs a write, and ends the process if it takes too long.
func (s *store) write(what string, f func() error) error {
	done := make(chan struct{})
	defer close(done)
	watchdog := time.AfterFunc(s.limit, func() {
		select { // a process that was halted meanwhile may be about to end it
		case <-done:
			return
		case <-time.After(s.limit / 10):
		}
		s.log.Error("a write takes too long, so this process ends: its disk hangs, and another node "+
			"shall lead", "what", what, "dir", s.dir, "limit", s.limit)
		s.exit(exitSlowDisk)
	})
	defer watchdog.Stop()
	return s.note(f())
}

func (s *store) note(err error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failure = err
	return err
}

// failed returns the error of the newest write.
func (s *store) failed() error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.failure
}

// newest returns the newest entry that is in the log or in a snapshot.
func newest(s *store, snapshots []*raft.SnapshotMeta) (uint64, error) {
	last, err := s.LastIndex()
	if err == nil && len(snapshots) > 0 {
		last = max(last, snapshots[0].Index)
	}
	return last, err
}

// walDir is where the log is.
func (d *directory) walDir() string { return filepath.Join(d.path, "wal") }
