package raftlog

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/raft"

	"github.com/quotasched/quotasched/dispatcher/internal/failpoint"
)

// snapshotsKept is how many snapshots a node keeps.
const snapshotsKept = 2

// snapshots is raft's store of snapshots. It offers those alone after which the log goes on: with
// an older one in place of one that is damaged, entries might be missing in between.
type snapshots struct {
	*raft.FileSnapshotStore
	dir  string
	log  *store
	fail *failpoint.Plan
}

func openSnapshots(o Options, d *directory, s *store) (*snapshots, error) {
	files, err := raft.NewFileSnapshotStoreWithLogger(d.path, snapshotsKept, adapter{log: o.Logger})
	if err != nil {
		return nil, err
	}
	if err := checkSnapshots(d.file("snapshots")); err != nil {
		return nil, err
	}
	return &snapshots{files, d.file("snapshots"), s, o.Failpoints}, nil
}

// checkSnapshots finds snapshots that say nothing of themselves, which raft leaves out, and removes
// those that were not finished, or whose removal was not.
func checkSnapshots(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	var newest string // of those that are whole
	var headless []string
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		if strings.HasSuffix(e.Name(), tmpSuffix) {
			if err := os.RemoveAll(path); err != nil {
				return err
			}
			continue
		}
		name := filepath.Join(path, "meta.json")
		b, err := os.ReadFile(name)
		if errors.Is(err, os.ErrNotExist) {
			headless = append(headless, e.Name())
			continue
		}
		if err != nil {
			return &DamageError{name, err.Error()}
		}
		if err := checkSum(path, b); err != nil {
			return err
		}
		var meta raft.SnapshotMeta
		if err := json.Unmarshal(b, &meta); err != nil {
			return &DamageError{name, err.Error()}
		}
		if meta.ID != e.Name() || !strings.HasPrefix(e.Name(), fmt.Sprintf("%d-%d-", meta.Term,
			meta.Index)) {
			return &DamageError{name, "it is of another snapshot"}
		}
		if newest == "" || isOlder(newest, e.Name()) {
			newest = e.Name()
		}
	}
	return removeHalves(dir, headless, newest)
}

// removeHalves removes snapshots without a meta.json, which a crash has left when they were being
// removed: they are older than the newest whole one. Any other one is damaged.
func removeHalves(dir string, headless []string, newest string) error {
	for _, name := range headless {
		path := filepath.Join(dir, name)
		if newest == "" || !isOlder(name, newest) {
			return &DamageError{filepath.Join(path, "meta.json"), "it is not there"}
		}
		if err := os.RemoveAll(path); err != nil {
			return err
		}
	}
	return nil
}

// isOlder reports whether the first of two snapshots was taken before the second one. Their names
// are their terms, indices and times.
func isOlder(a, b string) bool {
	var x, y [3]uint64
	_, err := fmt.Sscanf(a, "%d-%d-%d", &x[0], &x[1], &x[2])
	_, err2 := fmt.Sscanf(b, "%d-%d-%d", &y[0], &y[1], &y[2])
	return err == nil && err2 == nil && slices.Compare(x[:], y[:]) < 0
}

// List implements raft.SnapshotStore.
func (s *snapshots) List() ([]*raft.SnapshotMeta, error) {
	all, err := s.FileSnapshotStore.List()
	if err != nil || len(all) < 2 {
		return all, err
	}
	first, err := s.log.FirstIndex()
	if err != nil {
		return nil, err
	}
	last, err := s.log.LastIndex()
	if err != nil {
		return nil, err
	}
	usable := all[:1]
	for _, meta := range all[1:] {
		if first != 0 && first <= meta.Index+1 && last >= all[0].Index {
			usable = append(usable, meta)
		}
	}
	return usable, nil
}

// openSnapshot is a snapshot that is read.
type openSnapshot struct {
	io.ReadCloser
	index uint64
}

// Open implements raft.SnapshotStore.
func (s *snapshots) Open(id string) (*raft.SnapshotMeta, io.ReadCloser, error) {
	meta, r, err := s.FileSnapshotStore.Open(id)
	if err != nil {
		return nil, nil, err
	}
	return meta, openSnapshot{r, meta.Index}, nil
}

// Create implements raft.SnapshotStore.
func (s *snapshots) Create(version raft.SnapshotVersion, index, term uint64,
	members raft.Configuration, membersIndex uint64, t raft.Transport) (raft.SnapshotSink, error) {
	sink, err := s.FileSnapshotStore.Create(version, index, term, members, membersIndex, t)
	if err != nil {
		return nil, err
	}
	return summedSink{sink, filepath.Join(s.dir, sink.ID()), s.fail}, nil
}

// A summedSink gives a snapshot a checksum of what it says of itself, which raft leaves without
// one.
type summedSink struct {
	raft.SnapshotSink
	path string
	fail *failpoint.Plan
}

// tmpSuffix is what raft has at the end of a snapshot's name while it is written.
const tmpSuffix = ".tmp"

const sumName = "meta.sum"

// Cancel implements raft.SnapshotSink.
func (s summedSink) Cancel() error { return errors.Join(s.SnapshotSink.Cancel(), s.discard()) }

// discard removes what was written. On a full disk raft leaves it, and its file open, which would
// keep the disk full.
func (s summedSink) discard() error {
	dir := s.path + tmpSuffix
	err := os.Truncate(filepath.Join(dir, "state.bin"), 0)
	if errors.Is(err, os.ErrNotExist) {
		err = nil
	}
	return errors.Join(err, os.RemoveAll(dir))
}

// Close implements raft.SnapshotSink.
func (s summedSink) Close() error {
	s.fail.At(failpoint.BeforeRename)
	if err := s.SnapshotSink.Close(); err != nil {
		return errors.Join(err, s.discard())
	}
	s.fail.At(failpoint.AfterRename)
	b, err := os.ReadFile(filepath.Join(s.path, "meta.json"))
	if err != nil {
		return err
	}
	return writeFile(filepath.Join(s.path, sumName), crc32.Checksum(b, castagnoli))
}

// checkSum compares what a snapshot says of itself with its checksum. Without one there was a crash
// when it had just been made.
func checkSum(path string, meta []byte) error {
	var sum uint32
	name := filepath.Join(path, sumName)
	switch err := readFile(name, &sum); {
	case errors.Is(err, os.ErrNotExist):
		return writeFile(name, crc32.Checksum(meta, castagnoli))
	case err != nil:
		return &DamageError{name, err.Error()}
	case sum != crc32.Checksum(meta, castagnoli):
		return &DamageError{filepath.Join(path, "meta.json"), "its CRC is wrong"}
	}
	return nil
}
