package node

import (
	"context"
	"fmt"
	"time"

	"github.com/quotasched/quotasched/dispatcher/log"
	"github.com/quotasched/quotasched/dispatcher/state"
	"github.com/quotasched/quotasched/protos/dispatch"
)

// waitMax is how long a reader waits for an entry that it names.
const waitMax = 5 * time.Second

// An As says as of when an answer is.
type As struct {
	Index uint64
	Time  time.Time
}

// Read calls f with the state, which f must not change and not keep anything of; nor may f ask for
// its rolling hash, which may be of an entry before, as Status says it. The state has
// all that was acknowledged before the call, unless the options say that it may be old; with an
// index, it has at least that entry. Errors are ErrNotLeader, ErrBehind and ErrStopped.
func (n *Node) Read(ctx context.Context, o *dispatch.ReadOptions,
	f func(*state.Machine)) (As, error) {
	if err := n.fresh(ctx, o); err != nil {
		return As{}, err
	}
	var as As
	n.machine.read(func(m *state.Machine) {
		as = As{Index: m.Index(), Time: m.Time()}
		f(m)
	})
	return as, nil
}

// fresh returns when the state is as new as the options ask for.
func (n *Node) fresh(ctx context.Context, o *dispatch.ReadOptions) error {
	if err := n.serves(); err != nil {
		return err
	}
	if !o.GetStale() {
		if _, err := n.leading(); err != nil {
			return err
		}
		if err := n.log.VerifyLeader(ctx); err != nil {
			return fmt.Errorf("%w: %w", ErrNotLeader, err)
		}
	}
	if o.GetMinIndex() == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, waitMax)
	defer cancel()
	if err := n.log.Wait(ctx, o.GetMinIndex()); err != nil {
		return fmt.Errorf("%w: entry %d is not applied: %w", ErrBehind, o.GetMinIndex(), err)
	}
	return nil
}

// Peek calls f with the state as this node knows it now, for metrics; f must not change it, or ask
// for its rolling hash.
func (n *Node) Peek(f func(*state.Machine)) { n.machine.read(f) }

// AwaitEvents returns when the event log has the events of all entries that this node has applied,
// or cannot take them. An answer may be ahead of its events by some milliseconds.
func (n *Node) AwaitEvents() { _ = n.machine.sealer.wait() }

// Log is what this node knows of the log.
func (n *Node) Log() log.Status { return n.log.Status() }
