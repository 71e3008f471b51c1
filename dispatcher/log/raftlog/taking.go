package raftlog

import (
	"context"
	"errors"
	"time"

	"github.com/hashicorp/raft"
)

// snapshotRetry is when a snapshot that failed is tried again.
const snapshotRetry = 10 * time.Second

// Snapshot implements log.Log.
func (l *Log) Snapshot(ctx context.Context) error {
	l.keepFewer()
	err := l.await(ctx, func() raft.Future { return l.raft.Snapshot() })
	if errors.Is(err, raft.ErrNothingNewToSnapshot) {
		err = nil
	}
	l.machine.mu.Lock()
	defer l.machine.mu.Unlock()
	l.machine.saving = err
	return err
}

// takeSnapshots takes those that are due.
func (l *Log) takeSnapshots() {
	defer l.loops.Done()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		<-l.closed
		cancel()
	}()
	for {
		select {
		case <-l.machine.due:
		case <-l.closed:
			return
		}
		l.handOver(ctx)
		if err := l.Snapshot(ctx); err != nil && !l.isClosed() {
			l.options.Logger.Warn("a snapshot failed", "error", err)
			select {
			case <-time.After(snapshotRetry):
			case <-l.closed:
				return
			}
		}
	}
}

// handOver gives the lead to another node if a snapshot would hold up this one for long.
func (l *Log) handOver(ctx context.Context) {
	heldUp, _ := l.machine.cost()
	if l.options.HandOver < 0 || heldUp < l.options.HandOver || !l.leadsOthers() {
		return
	}
	if err := l.Transfer(ctx, ""); err != nil {
		l.options.Logger.Info("no node takes over before a snapshot", "error", err)
	}
}

// leadsOthers reports whether this node leads, and another one could.
func (l *Log) leadsOthers() bool {
	turn, _ := l.lead.current()
	return turn != 0 && l.voters() > 1
}

func (l *Log) voters() (n int) {
	for _, s := range l.raft.GetConfiguration().Configuration().Servers {
		if s.Suffrage == raft.Voter {
			n++
		}
	}
	return n
}

// keepFewer keeps as many entries before the next snapshot as KeepBytes allows.
func (l *Log) keepFewer() {
	_, entryBytes := l.machine.cost()
	keep := l.options.KeepEntries
	if entryBytes > 0 {
		keep = min(keep, l.options.KeepBytes/entryBytes)
	}
	c := l.raft.ReloadableConfig()
	if c.TrailingLogs == keep {
		return
	}
	c.TrailingLogs = keep
	if err := l.raft.ReloadConfig(c); err != nil {
		l.options.Logger.Warn("settings were not taken", "error", err)
	}
}

// noteApplied writes down which entry is the newest, once a second.
func (l *Log) noteApplied() {
	defer l.loops.Done()
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			if applied, _, failure := l.machine.state(); failure == nil {
				if err := l.applied.write(applied); err != nil {
					l.options.Logger.Warn("the newest entry was not noted", "error", err)
				}
			}
		case <-l.closed:
			return
		}
	}
}
