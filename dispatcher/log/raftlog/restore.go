package raftlog

import (
	"context"
	"fmt"

	"github.com/hashicorp/raft"

	"github.com/quotasched/quotasched/dispatcher/log"
)

// Restore implements log.Log. Raft makes it a snapshot of this node's, with an index greater than
// all of before, and sends that to the others.
func (l *Log) Restore(ctx context.Context, b log.Backup) error {
	if turn, _ := l.lead.current(); turn == 0 || l.isClosed() {
		return l.notLeader()
	}
	meta := &raft.SnapshotMeta{Version: raft.SnapshotVersionMax, Index: b.Index, Size: b.Bytes}
	err := l.await(ctx, func() raft.Future {
		return ended{l.raft.Restore(meta, b.Content, timeLeft(ctx))}
	})
	if err != nil {
		return fmt.Errorf("%w: %w", log.ErrUnknown, err)
	}
	return nil
}

// ended is a future that has come.
type ended struct{ err error }

// Error implements raft.Future.
func (e ended) Error() error { return e.err }
