package pool

import (
	"context"
	"crypto/sha256"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/reconciler"
	"github.com/quotasched/quotasched/scheduler"
)

// A Pool is a scheduler and its reconciler. Make one with New, Restore or RestoreBytes. Every
// method of a nil or zero Pool panics, and so do methods with a nil context.
type Pool struct {
	scheduler  *scheduler.Scheduler
	reconciler *reconciler.State
}

// New returns a pool with these settings, which holds nothing but their accounts.
func New(start time.Time, c *scheduler.Config, options ...reconciler.Option) (*Pool, error) {
	s, err := scheduler.NewWithConfig(start, c)
	if err != nil {
		return nil, err
	}
	return &Pool{scheduler: s, reconciler: reconciler.New(options...)}, nil
}

// checkMade panics if nobody made the pool. Every exported method asks it first.
func (p *Pool) checkMade() {
	if p == nil || p.scheduler == nil {
		panic("pool: a nil or zero Pool: make one with New, Restore or RestoreBytes")
	}
}

// Scheduler returns the scheduler, for questions. What changes it by other ways than Apply is in no
// journal.
func (p *Pool) Scheduler() *scheduler.Scheduler {
	p.checkMade()
	return p.scheduler
}

// Reconciler returns the reconciler; the same goes for it.
func (p *Pool) Reconciler() *reconciler.State {
	p.checkMade()
	return p.reconciler
}

// Counts says how many requests wait and run, and how many workers are idle and cordoned. O(1).
func (p *Pool) Counts() scheduler.Counts {
	p.checkMade()
	return p.scheduler.Counts()
}

// Apply runs one operation, as reconciler.Apply does.
func (p *Pool) Apply(ctx context.Context, op *protos.Operation,
	e scheduler.EventSink) (*protos.Result, error) {
	p.checkMade()
	return reconciler.Apply(ctx, p.reconciler, p.scheduler, op, e)
}

// ApplyInto runs one operation and writes the answer into a message, as reconciler.ApplyInto does.
func (p *Pool) ApplyInto(ctx context.Context, op *protos.Operation, e scheduler.EventSink,
	answer *protos.Result) error {
	p.checkMade()
	return reconciler.ApplyInto(ctx, p.reconciler, p.scheduler, op, e, answer)
}

// Step runs one operation and returns its whole outcome, as a journal records it: the result or the
// text of the error, and the events. An operation that is refused has an outcome like others, never
// nil; the error that is returned beside it is that of Apply, for errors.Is.
func (p *Pool) Step(ctx context.Context, op *protos.Operation) (*protos.Outcome, error) {
	var events eventList
	result, err := p.Apply(ctx, op, &events)
	return OutcomeOf(result, events, err), err
}

// Replay is Step for an operation of a record, such as a journal, which may be older than this
// version: it accepts also what was accepted then and is refused today, as reconciler.Replay says.
func (p *Pool) Replay(ctx context.Context, op *protos.Operation) (*protos.Outcome, error) {
	p.checkMade()
	var events eventList
	result, err := reconciler.Replay(ctx, p.reconciler, p.scheduler, op, &events)
	return OutcomeOf(result, events, err), err
}

// OutcomeOf returns the outcome of an operation for which Apply returned a result or an error and
// sent these events.
func OutcomeOf(result *protos.Result, events []*protos.TaskEvent, err error) *protos.Outcome {
	if err != nil {
		return &protos.Outcome{Error: strings.ToValidUTF8(err.Error(), "?"), Events: events}
	}
	return &protos.Outcome{Result: result, Events: events}
}

// Snapshot returns the whole state, sharing nothing with it. It is canonical: the same state gives
// the same bytes under deterministic marshalling. It costs O(n log n) in what is stored.
func (p *Pool) Snapshot() *protos.Pool {
	p.checkMade()
	return &protos.Pool{Scheduler: p.scheduler.ToProto(), Reconciler: p.reconcilerProto()}
}

// AppendSnapshot appends the bytes of the snapshot, deterministically marshalled, and returns the
// longer slice. RestoreBytes is the way back. It costs less than Snapshot, as it makes no messages.
func (p *Pool) AppendSnapshot(b []byte) []byte {
	p.checkMade()
	b = protowire.AppendTag(b, fieldPoolScheduler, protowire.BytesType)
	at := len(b)
	b = p.scheduler.AppendSnapshot(b)
	b = slices.Insert(b, at, protowire.AppendVarint(nil, uint64(len(b)-at))...)
	return p.appendReconciler(b)
}

// SnapshotParts returns the bytes of AppendSnapshot in parts, which make a snapshot one behind the
// other. It makes them side by side as do does: that calls f(0) to f(n-1), in any order or at once,
// and returns when all of them have.
func (p *Pool) SnapshotParts(do func(n int, f func(i int))) [][]byte {
	p.checkMade()
	appendPart := append(p.scheduler.SnapshotParts(), p.appendReconciler)
	parts := make([][]byte, len(appendPart))
	do(len(parts), func(i int) { parts[i] = appendPart[i](nil) })
	size := 0
	for _, part := range parts[:len(parts)-1] {
		size += len(part)
	}
	head := protowire.AppendTag(nil, fieldPoolScheduler, protowire.BytesType)
	return append([][]byte{protowire.AppendVarint(head, uint64(size))}, parts...)
}

// appendReconciler appends the part of a snapshot that the reconciler's is.
func (p *Pool) appendReconciler(b []byte) []byte {
	part := protos.Pool{Reconciler: p.reconcilerProto()}
	b, err := proto.MarshalOptions{Deterministic: true}.MarshalAppend(b, &part)
	if err != nil {
		panic("invariant: a snapshot can be marshalled: " + err.Error())
	}
	return b
}

// reconcilerProto returns the reconciler's part of a snapshot. It leaves out entries that the
// scheduler denies: those of workers about which the scheduler was told something by other ways
// than Apply. The next pull of such a worker drops them, too.
func (p *Pool) reconcilerProto() *protos.Reconciler {
	r := p.reconciler.ToProto()
	r.WorkerQueues = slices.DeleteFunc(r.GetWorkerQueues(), func(q *protos.WorkerQueue) bool {
		if a := q.GetTaskToAssign(); a != nil && !p.assigned(q) {
			q.TaskToAssign = nil
		}
		return q.GetTaskToAssign() == nil && len(q.GetTasksToAbort()) == 0
	})
	return r
}

// assigned reports whether the scheduler has the request of an entry on its worker.
func (p *Pool) assigned(q *protos.WorkerQueue) bool {
	return p.scheduler.IsAssigned(scheduler.RequestID(q.GetTaskToAssign().GetRequestId()),
		scheduler.WorkerID(q.GetWorkerId()))
}

// Hash returns the SHA-256 of the snapshot's bytes. It costs as much as AppendSnapshot.
func (p *Pool) Hash() [sha256.Size]byte { return sha256.Sum256(p.AppendSnapshot(nil)) }

// eventList keeps events.
type eventList []*protos.TaskEvent

// AddEvent implements scheduler.EventSink.
func (l *eventList) AddEvent(e *protos.TaskEvent) { *l = append(*l, e) }
