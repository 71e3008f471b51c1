package node

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/quotasched/quotasched/dispatcher/state"
	"github.com/quotasched/quotasched/protos/dispatch"
	"github.com/quotasched/quotasched/protos/replica"
)

// A Stream is a worker's connection. Receive is called by one goroutine at a time, and so is Send.
type Stream interface {
	// Receive returns the next report, or an error: io.EOF if the worker has said all, and any other
	// one when the connection ends, or after Interrupt.
	Receive() (*dispatch.Report, error)
	// Send sends orders, or returns an error if that takes too long.
	Send(*dispatch.Orders) error
	// Interrupt ends a Receive that waits, and all later ones.
	Interrupt()
}

// After so long without orders a change leaves at once; others are gathered for as long, or until
// there are gatheredMax of them.
const (
	gatherFor   = 50 * time.Millisecond
	gatheredMax = 200
)

// Session serves a worker until its stream ends, this node stops to lead, or another session takes
// over; the error says which.
func (n *Node) Session(ctx context.Context, s Stream) error {
	l, err := n.leading()
	if err != nil {
		return err
	}
	r, err := s.Receive()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stop := context.AfterFunc(l.ctx, func() { cancel(ErrNotLeader) })
	defer stop()
	v := &session{
		lead: l, stream: s, key: keyOf(r),
		attachment: &attachment{changed: make(chan struct{}, 1), end: cancel},
	}
	defer l.sessions.detach(v.key, v.attachment)
	if err := v.hear(ctx, r); err != nil {
		if early := (errEarly{}); errors.As(err, &early) { // it has no session until then
			return errors.Join(err, s.Send(earlyOrders(l.epoch, early.wait)))
		}
		return v.reason(ctx, err)
	}
	if err := l.sessions.attach(v.key, v.attachment, n.sessionsMax); err != nil {
		return err
	}
	signal(v.attachment.changed)
	var sender sync.WaitGroup
	sender.Go(func() {
		cancel(v.sendAll(ctx))
		s.Interrupt()
	})
	err = v.receiveAll(ctx)
	cancel(err)
	sender.Wait()
	return v.reason(ctx, err)
}

func keyOf(r *dispatch.Report) state.WorkerKey {
	return state.WorkerKey{Pool: r.GetPool(), Worker: r.GetWorker()}
}

// A session is a worker's stream.
type session struct {
	lead       *lead
	stream     Stream
	key        state.WorkerKey
	attachment *attachment

	mu       sync.Mutex
	answers  uint64 // the newest report that was taken
	due      bool   // it was not answered
	complete bool   // the worker wants a complete picture

	sending sync.Mutex // held while orders are made and sent
	// What was sent, guarded by sending.
	version uint64
	sent    *dispatch.Orders
	quiet   time.Time // from when on a change leaves at once
}

// reason says why the session ended: by what ended its context, if anything did.
func (v *session) reason(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, context.Canceled) {
		return cause
	}
	return err
}

// receiveAll takes one report after the other.
func (v *session) receiveAll(ctx context.Context) error {
	for {
		r, err := v.stream.Receive()
		if err != nil {
			return err
		}
		if keyOf(r) != v.key {
			return &state.Refusal{Code: codeInvalid, Text: fmt.Sprintf(
				"a session is one worker's: %s/%s, and not %s/%s", v.key.Pool, v.key.Worker,
				r.GetPool(), r.GetWorker())}
		}
		if err := v.hear(ctx, r); err != nil {
			return err
		}
		if err := v.answer(); err != nil {
			return err
		}
	}
}

// hear takes a report, so that it will be answered.
func (v *session) hear(ctx context.Context, r *dispatch.Report) error {
	if err := v.lead.hear(ctx, r); err != nil {
		return err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.answers, v.due = max(v.answers, r.GetSequence()), true
	v.complete = v.complete || r.GetVersion() == 0 || r.GetEpoch() != v.lead.epoch
	return nil
}

// answer sends what there is to say to a report. The one who heard it does so: to wake another
// goroutine is what a report would cost most. But orders that are being sent or gathered answer it.
func (v *session) answer() error {
	if v.sending.TryLock() {
		defer v.sending.Unlock()
		if !time.Now().Before(v.quiet) {
			return v.send()
		}
	}
	signal(v.attachment.changed)
	return nil
}

// sendAll sends orders whenever there is something to say, until the context ends.
func (v *session) sendAll(ctx context.Context) error {
	for {
		select {
		case <-v.attachment.changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		if err := v.gather(ctx); err != nil {
			return err
		}
		v.sending.Lock()
		err := v.send()
		v.sending.Unlock()
		if err != nil {
			return err
		}
	}
}

// gather waits until it is quiet, or much has changed.
func (v *session) gather(ctx context.Context) error {
	v.sending.Lock()
	wait, sent := time.Until(v.quiet), v.sent
	v.sending.Unlock()
	if wait <= 0 {
		return nil
	}
	quiet := time.NewTimer(wait)
	defer quiet.Stop()
	for {
		select {
		case <-quiet.C:
			return nil
		case <-v.attachment.changed:
			now, err := v.lead.orders(v.key)
			if err != nil {
				return err
			}
			if _, items, ok := changed(sent, now); !ok || items >= gatheredMax {
				return nil
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// send sends what the worker does not know, if there is anything. The caller holds v.sending.
func (v *session) send() error {
	now, err := v.lead.orders(v.key)
	if err != nil {
		return err
	}
	v.mu.Lock()
	answers, due, complete := v.answers, v.due, v.complete || v.sent == nil
	v.due, v.complete = false, false
	v.mu.Unlock()
	o, items, ok := changed(v.sent, now)
	switch {
	case complete || !ok:
		o, items = completeOrders(now), 1
	case items == 0 && !due && len(o.GetFetches()) == 0:
		return nil
	default:
		o.AppliesTo = v.version
	}
	if items > 0 {
		v.version++
	}
	o.ResultsIn, o.Epoch, o.Answers = v.version, v.lead.epoch, answers
	o.LeaseTtl, o.NextReport = now.GetLeaseTtl(), nextReport(now)
	if complete {
		o.NextReport = soon(now)
	}
	v.sent = now
	err = v.stream.Send(o)
	v.quiet = time.Now().Add(gatherFor)
	return err
}

// completeOrders is a copy of a picture that shares its lists.
func completeOrders(o *dispatch.Orders) *dispatch.Orders {
	return &dispatch.Orders{
		Kind: dispatch.Orders_KIND_COMPLETE, Runs: o.GetRuns(), Stops: o.GetStops(),
		Recorded: o.GetRecorded(), Directive: o.GetDirective(), LeaseTtl: o.GetLeaseTtl(),
		Fetches: o.GetFetches(),
	}
}

// orders returns the complete picture of what a worker shall do now.
func (l *lead) orders(key state.WorkerKey) (o *dispatch.Orders, err error) {
	l.node.machine.read(func(m *state.Machine) {
		var w *state.WorkerOrders
		if w, err = m.Orders(key.Pool, key.Worker); err == nil {
			o = &dispatch.Orders{
				Kind: dispatch.Orders_KIND_COMPLETE, Runs: w.Runs, Stops: w.Stops,
				Recorded: w.Recorded, Directive: w.Directive, LeaseTtl: durationpb.New(w.LeaseTTL),
				Fetches: l.fetches.of(key),
			}
		}
	})
	return o, err
}

// hear takes a report: into the log if it changes anything, or else after a majority has said,
// lately, that this node leads. Afterwards it may be answered.
func (l *lead) hear(ctx context.Context, r *dispatch.Report) error {
	if err := checkKnown(r); err != nil {
		return err
	}
	key, now := keyOf(r), l.node.mono()
	fresh, err := l.sessions.admit(key, r, now)
	if err != nil {
		return err
	}
	if err := l.take(ctx, r, fresh); err != nil {
		l.sessions.drop(key, r)
		return err
	}
	var ttl time.Duration
	l.node.machine.read(func(m *state.Machine) {
		w, known := m.Worker(key.Pool, key.Worker)
		if known {
			ttl = w.LeaseTTL
			return
		}
		_, err = m.Orders(key.Pool, key.Worker) // says why
	})
	if err != nil {
		l.sessions.drop(key, r)
		return err
	}
	return l.sessions.settle(key, r, ttl)
}

func (l *lead) take(ctx context.Context, r *dispatch.Report, fresh bool) error {
	changes := false
	if fresh {
		l.node.machine.read(func(m *state.Machine) { changes = m.Changes(r) })
	}
	if !changes {
		return l.confirm(ctx)
	}
	p, err := l.proposer.propose(ctx, &replica.Command{Kind: &replica.Command_Report{Report: r}})
	if err == nil && p.outcome.GetCode() != 0 {
		err = &state.Refusal{Code: p.outcome.GetCode(), Text: p.outcome.GetError()}
	}
	return err
}
