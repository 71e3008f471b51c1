package raftlog

import (
	"errors"
	"fmt"

	"github.com/hashicorp/raft"

	"github.com/quotasched/quotasched/dispatcher/log"
)

// Replay applies what a node's directory has to a machine in its first state: the entries that the
// node had applied when it was closed, from the first one on, or from the oldest snapshot if the
// first ones are gone. No process may use the directory meanwhile.
func Replay(o Options, m log.Machine) (err error) {
	o = o.withDefaults()
	if err := o.check(); err != nil {
		return err
	}
	dir, err := openDirectory(o)
	if err != nil {
		return err
	}
	l := &Log{options: o, dir: dir, machine: &machine{changed: make(chan struct{})}}
	defer func() { err = errors.Join(err, l.release()) }()
	if l.store, err = openStore(o, dir.walDir(), dir.use); err != nil {
		return err
	}
	if l.snapshots, err = openSnapshots(o, dir, l.store); err != nil {
		return err
	}
	if l.applied, err = openApplied(dir.file("applied")); err != nil {
		return err
	}
	if _, err := l.checkState(); err != nil {
		return err
	}
	from, err := l.replayFrom(m)
	if err != nil {
		return err
	}
	for index := from; index <= l.applied.written; index++ {
		var entry raft.Log
		if err := l.store.GetLog(index, &entry); err != nil {
			return err
		}
		if entry.Type != raft.LogCommand {
			continue
		}
		if _, err := m.Apply(index, entry.Data); err != nil {
			return fmt.Errorf("entry %d: %w", index, err)
		}
	}
	return nil
}

// replayFrom returns the first entry to be replayed; the machine gets a snapshot if it is not 1.
func (l *Log) replayFrom(m log.Machine) (uint64, error) {
	first, err := l.store.FirstIndex()
	if err != nil || first == 1 {
		return first, err
	}
	list, err := l.snapshots.List()
	if err != nil || len(list) == 0 {
		return 1, err
	}
	oldest := list[len(list)-1]
	_, r, err := l.snapshots.Open(oldest.ID)
	if err != nil {
		return 0, err
	}
	defer r.Close()
	return oldest.Index + 1, m.ReadSnapshot(r)
}
