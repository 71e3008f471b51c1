// Package logtest has a machine for tests of logs.
package logtest

import (
	"crypto/sha256"
	"encoding/gob"
	"errors"
	"io"
	"slices"
	"sync"

	"github.com/quotasched/quotasched/dispatcher/log"
)

// A Ledger is a machine that keeps all entries that it was given, with a rolling hash over them.
// Its methods may be called from any goroutine.
type Ledger struct {
	mu   sync.Mutex
	kept kept
	// snapshots are the newest entries of the snapshots that it wrote.
	snapshots []uint64
	// Refuse makes it fail at the first entry of which it returns true. Set it before use.
	Refuse func(entry []byte) bool
}

type kept struct {
	Index   uint64
	Hash    [32]byte
	Entries [][]byte
}

// ErrRefused is what Apply returns at an entry that Refuse refuses.
var ErrRefused = errors.New("the ledger refuses an entry")

// Apply implements log.Machine. The result is how many entries there are.
func (l *Ledger) Apply(index uint64, entry []byte) (any, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.Refuse != nil && l.Refuse(entry) {
		return nil, ErrRefused
	}
	if index <= l.kept.Index {
		return nil, errors.New("an index comes twice")
	}
	l.kept.Index = index
	l.kept.Hash = sha256.Sum256(append(l.kept.Hash[:], entry...))
	l.kept.Entries = append(l.kept.Entries, slices.Clone(entry))
	return len(l.kept.Entries), nil
}

// Snapshot implements log.Machine.
func (l *Ledger) Snapshot() (log.Snapshot, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.snapshots = append(l.snapshots, l.kept.Index)
	now := l.kept
	now.Entries = slices.Clone(now.Entries)
	return &now, nil
}

// Write implements log.Snapshot.
func (k *kept) Write(w io.Writer) error { return gob.NewEncoder(w).Encode(k) }

// Close implements log.Snapshot.
func (k *kept) Close() {}

// ReadSnapshot implements log.Machine.
func (l *Ledger) ReadSnapshot(r io.Reader) error {
	var k kept
	if err := gob.NewDecoder(r).Decode(&k); err != nil {
		return err
	}
	var hash [32]byte
	for _, e := range k.Entries {
		hash = sha256.Sum256(append(hash[:], e...))
	}
	if hash != k.Hash {
		return errors.New("the hash of a snapshot does not fit")
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.kept = k
	return nil
}

// Entries returns all entries.
func (l *Ledger) Entries() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := make([]string, len(l.kept.Entries))
	for i, e := range l.kept.Entries {
		all[i] = string(e)
	}
	return all
}

// Snapshots returns the newest entry of each snapshot that it wrote.
func (l *Ledger) Snapshots() []uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.snapshots)
}

// State returns the newest index and the hash over all entries up to it.
func (l *Ledger) State() (index uint64, hash [32]byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.kept.Index, l.kept.Hash
}
