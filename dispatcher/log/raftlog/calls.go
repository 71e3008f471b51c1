package raftlog

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/raft"

	"github.com/quotasched/quotasched/dispatcher/log"
)

func (l *Log) isClosed() bool {
	select {
	case <-l.closed:
		return true
	default:
		return false
	}
}

// closedError is what calls return when the log has ended.
func (l *Log) closedError() error {
	if l.stop != nil {
		return fmt.Errorf("%w: %w", log.ErrClosed, l.stop)
	}
	return log.ErrClosed
}

// Append implements log.Log.
func (l *Log) Append(ctx context.Context, entry []byte) (uint64, any, error) {
	return l.Begin(ctx, entry)()
}

// Begin implements log.Log.
func (l *Log) Begin(ctx context.Context, entry []byte) func() (uint64, any, error) {
	if turn, _ := l.lead.current(); turn == 0 || l.isClosed() {
		return refused(l.notLeader())
	}
	taken, future := make(chan struct{}), make(chan raft.ApplyFuture, 1)
	if !l.call(func() {
		f := l.raft.Apply(entry, timeLeft(ctx))
		close(taken)
		_ = f.Error() // kept in it
		future <- f
	}) {
		return refused(l.closedError())
	}
	select {
	case <-taken:
	case <-ctx.Done():
	case <-l.done:
	}
	return func() (uint64, any, error) {
		select {
		case f := <-future:
			return l.appended(f)
		case <-ctx.Done():
			return 0, nil, fmt.Errorf("%w: %w", log.ErrUnknown, ctx.Err())
		case <-l.done:
			return 0, nil, fmt.Errorf("%w: %w", log.ErrUnknown, l.closedError())
		}
	}
}

// refused is the end of an Append of which nothing came.
func refused(err error) func() (uint64, any, error) {
	return func() (uint64, any, error) { return 0, nil, err }
}

// appended is the end of Append.
func (l *Log) appended(f raft.ApplyFuture) (uint64, any, error) {
	switch err := f.Error(); {
	case err == nil:
	case errors.Is(err, raft.ErrNotLeader), errors.Is(err, raft.ErrLeadershipTransferInProgress):
		return 0, nil, l.notLeader()
	default:
		return 0, nil, fmt.Errorf("%w: %w", log.ErrUnknown, err)
	}
	o, ok := f.Response().(outcome)
	if !ok {
		return 0, nil, fmt.Errorf("%w: it was not applied", log.ErrUnknown)
	}
	if o.err != nil {
		return 0, nil, fmt.Errorf("%w: %w", log.ErrClosed, o.err)
	}
	return f.Index(), o.result, nil
}

// timeLeft is how long a context has; 0 if it has no deadline.
func timeLeft(ctx context.Context) time.Duration {
	deadline, ok := ctx.Deadline()
	if !ok {
		return 0
	}
	return max(time.Until(deadline), time.Nanosecond)
}

// Wait implements log.Log.
func (l *Log) Wait(ctx context.Context, index uint64) error {
	return l.machine.wait(ctx, index, l.closed)
}

// await waits for a future of raft.
func (l *Log) await(ctx context.Context, begin func() raft.Future) error {
	result := make(chan error, 1)
	if !l.call(func() { result <- begin().Error() }) {
		return l.closedError()
	}
	select {
	case err := <-result:
		if errors.Is(err, raft.ErrNotLeader) {
			return l.notLeader()
		}
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-l.done:
		return l.closedError()
	}
}

// Status implements log.Log.
func (l *Log) Status() log.Status {
	turn, _ := l.lead.current()
	applied, _, failure := l.machine.state()
	s := log.Status{NodeID: l.options.NodeID, LeaderID: l.leaderID(), Leading: turn != 0,
		Term: l.raft.CurrentTerm(), Committed: max(l.raft.CommitIndex(), applied), Applied: applied}
	if list, err := l.snapshots.List(); err != nil {
		s.Alarms = append(s.Alarms, err.Error())
	} else if len(list) > 0 {
		s.Snapshot = list[0].Index
	}
	for _, m := range l.raft.GetConfiguration().Configuration().Servers {
		member := log.Member{ID: string(m.ID), Address: string(m.Address),
			Voter: m.Suffrage == raft.Voter, HeardAgo: -1}
		if c, _ := l.transport.contact(member.ID); member.ID == s.NodeID && turn != 0 {
			member.HeardAgo = 0
		} else if turn != 0 && !c.at.IsZero() {
			member.HeardAgo = time.Since(c.at)
		}
		s.Members = append(s.Members, member)
	}
	return l.alarms(s, failure)
}

// leaderID is who leads, empty if nobody does for all that this node knows: raft names a leader
// that has died until an election begins.
func (l *Log) leaderID() string {
	_, leader := l.raft.LeaderWithID()
	heard := time.Since(l.raft.LastContact())
	if string(leader) != l.options.NodeID && heard > max(l.options.Heartbeat, l.options.Election) {
		return ""
	}
	return string(leader)
}

func (l *Log) alarms(s log.Status, failure error) log.Status {
	if failure != nil {
		s.Alarms = append(s.Alarms, failure.Error())
	}
	if err := l.store.failed(); err != nil {
		s.Alarms = append(s.Alarms, fmt.Sprintf("writing to disk fails: %v", err))
	}
	l.machine.mu.Lock()
	defer l.machine.mu.Unlock()
	if err := l.machine.restoring; err != nil {
		s.Alarms = append(s.Alarms, fmt.Sprintf("a snapshot cannot be read: %v", err))
	}
	if err := l.machine.saving; err != nil {
		s.Alarms = append(s.Alarms, fmt.Sprintf("no snapshot can be taken: %v", err))
	}
	return s
}
