package node

import (
	"context"
	"errors"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/quotasched/quotasched/dispatcher/state"
	"github.com/quotasched/quotasched/protos/dispatch"
)

// syncMax is how long a call of Sync waits at most, and syncMargin how much earlier than its
// deadline it ends.
const syncMax, syncMargin = 30 * time.Second, time.Second

// Sync is a session of one report: it returns the complete picture, and waits before if that asks
// for nothing, until it does or the worker has to report.
func (n *Node) Sync(ctx context.Context, r *dispatch.Report) (*dispatch.Orders, error) {
	l, err := n.leading()
	if err != nil {
		return nil, err
	}
	key := keyOf(r)
	if err := l.hear(ctx, r); err != nil {
		if early := (errEarly{}); errors.As(err, &early) {
			return earlyOrders(l.epoch, early.wait), nil
		}
		return nil, err
	}
	o, err := l.orders(key)
	if err != nil {
		return nil, err
	}
	next := nextReport(o)
	if !asks(o) {
		if o, err = l.awaitOrders(ctx, key, next.AsDuration()); err != nil {
			return nil, err
		}
		next = durationpb.New(0) // it has waited here
	}
	o.Epoch, o.Answers, o.NextReport = l.epoch, r.GetSequence(), next
	return o, nil
}

// awaitOrders waits until there is something to do for a worker, for a time at most.
func (l *lead) awaitOrders(ctx context.Context, key state.WorkerKey, most time.Duration) (
	*dispatch.Orders, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stop := context.AfterFunc(l.ctx, func() { cancel(ErrNotLeader) })
	defer stop()
	a := &attachment{changed: make(chan struct{}, 1), end: cancel}
	if err := l.sessions.attach(key, a, l.node.sessionsMax); err != nil {
		return nil, err
	}
	defer l.sessions.detach(key, a)
	if deadline, ok := ctx.Deadline(); ok {
		most = min(most, time.Until(deadline)-syncMargin)
	}
	timeout := time.NewTimer(min(most, syncMax))
	defer timeout.Stop()
	for {
		o, err := l.orders(key)
		if err != nil || asks(o) {
			return o, err
		}
		select {
		case <-a.changed:
		case <-timeout.C:
			return o, nil
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}
