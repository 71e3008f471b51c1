package state

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/quotasched/quotasched/internal/orderedlist"
	"github.com/quotasched/quotasched/pool"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/protos/dispatch"
)

// A hosted is a pool with all that the dispatcher knows of its tasks and workers.
type hosted struct {
	name     string
	external bool // another dispatcher owns the tasks and workers; there are none here
	settings *dispatch.PoolSettings
	limits   limits
	created  time.Time
	status   *dispatch.PoolStatus
	pool     *pool.Pool // nil if it failed
	now      time.Time  // of the newest entry or pull
	extras

	tasks        map[string]*task
	byID         orderedlist.List[*task]
	keys         map[string]*task
	ended        orderedlist.List[byChange]
	unaccepted   orderedlist.List[byAssign]
	disconnected orderedlist.List[byDisconnect]
	counts       [numStates]int64 // of tasks, by state
	payload      int64            // bytes of the payloads of all tasks
	lastID       string           // the greatest id that was given
	accounts     map[string]*account

	workers map[string]*worker
	byName  orderedlist.List[*worker]
	slots   int64
	silent  orderedlist.List[bySilence] // the silent ones without a lease
	cordons map[string]string           // why, by machine or slot
	usage   usage

	frozen []*frozenTasks // of snapshots that are being written

	// Of an external pool:
	heard heardOf
	over  overs

	// While an entry is applied:
	entry    *entry
	looks    []*worker     // their idle slots pull in the pass
	doing    doing         // the operation that was begun last, for the text of a failure
	batch    []*decision   // of the operation that is being applied
	assigned []scheduledTo // by the passes so far, to slots that did not pull
}

// reusedEvents is how many events an operation may bring for the memory of their list to be used
// again.
const reusedEvents = 1024

// doing is what a pool does at a moment of an entry.
type doing struct {
	op   *protos.Operation // the newest; nil before the first
	done bool              // it is over, and what follows from it is done
}

func (d doing) String() string {
	switch {
	case d.op == nil:
		return "before any operation"
	case d.done:
		return "after an operation " + kindOf(d.op)
	}
	return "at an operation " + kindOf(d.op)
}

// A scheduledTo is a slot that was given a request by a pass.
type scheduledTo struct{ worker, request string }

// failed reports whether a panic stopped the pool.
func (p *hosted) failed() bool { return p.status.GetFailed() }

// checkUsable returns an error if the pool has failed.
func (p *hosted) checkUsable() error {
	if !p.failed() {
		return nil
	}
	return refuse(codes.FailedPrecondition, "pool %s was stopped by a failure at %s: %s", p.name,
		p.status.GetFailTime().AsTime().Format(time.RFC3339), firstLine(p.status.GetFailure()))
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

// live is how many tasks have not ended.
func (p *hosted) live() int64 {
	return p.counts[waiting] + p.counts[assigned] + p.counts[running] + p.counts[stopping]
}

// AddEvent implements scheduler.EventSink.
func (p *hosted) AddEvent(e *protos.TaskEvent) {
	p.batch = append(p.batch, p.memory.decisions.of(e, p.name))
}

// OnlyReads implements scheduler.EventReader.
func (p *hosted) OnlyReads() bool { return true }

// apply runs an operation, and follows the events that it brings. An error is that of the
// scheduler, and nothing has changed then.
func (p *hosted) apply(op *protos.Operation) (*protos.Result, error) {
	p.batch = p.batch[:0]
	p.doing = doing{op: op}
	if p.fault != nil {
		p.fault(p.name, op)
	}
	memory := &p.memory.operation
	err := p.pool.ApplyInto(context.Background(), op, p, memory.answerable())
	result := memory.result()
	events := p.batch
	p.batch = nil // what follows may tell the scheduler more
	p.recorder.Step(p.name, op, p.memory.steps.next().of(result, events, err))
	p.doing.done = true
	for _, event := range events {
		p.follow(event)
	}
	if clear(events); cap(events) <= reusedEvents {
		p.batch = events
	}
	return result, err
}

// kindOf returns the name of what an operation is.
func kindOf(op *protos.Operation) string {
	m := op.ProtoReflect()
	f := m.WhichOneof(m.Descriptor().Oneofs().ByName("kind"))
	if f == nil {
		return "without a kind"
	}
	return string(f.Name())
}

// must runs an operation that nothing can be wrong with.
func (p *hosted) must(op *protos.Operation) *protos.Result {
	result, err := p.apply(op)
	if err != nil {
		panic(fmt.Sprintf("invariant: an operation of the state's own is valid: %v", err))
	}
	return result
}

// guard runs something on a pool. A panic stops the pool.
func (e *entry) guard(p *hosted, do func() error) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			e.stacks = append(e.stacks, stack())
			e.fail(p, fmt.Sprint(cause))
			err = refuse(codes.Internal, "pool %s was stopped by a failure: %s", p.name,
				firstLine(p.status.GetFailure()))
		}
	}()
	return do()
}

// fail stops a pool. What the state says of it must be the same in all builds of this code, so the
// stack is not in it.
func (e *entry) fail(p *hosted, cause string) {
	p.status = &dispatch.PoolStatus{Failed: true, FailTime: timestamppb.New(e.at),
		Failure: fmt.Sprintf("%s, in entry %d, %v", strings.ToValidUTF8(cause, "\uFFFD"), e.index,
			p.doing)}
	p.pool, p.batch, p.assigned, p.looks = nil, nil, nil, nil
	p.recorder.End(p.name)
	e.emit(p.name, &dispatch.Event{Kind: &dispatch.Event_Failure{
		Failure: &dispatch.PoolFailure{Text: p.status.GetFailure()}}})
	for w := range p.byName.All() {
		e.touched[WorkerKey{p.name, w.name}] = true
	}
	p.keepTasksAlone()
}

// keepTasksAlone forgets the workers of a pool that failed, and lists and counts its tasks anew, as
// the panic may have come in the middle of a change.
func (p *hosted) keepTasksAlone() {
	p.workers, p.byName, p.slots = map[string]*worker{}, orderedlist.List[*worker]{}, 0
	p.silent = orderedlist.List[bySilence]{}
	tasks := slices.Collect(p.byID.All())
	p.clear()
	p.over = overs{}
	for _, t := range tasks {
		if t.lease != nil {
			t.lease.slot = nil
		}
		t.account = p.accountOf(t.account.id)
		p.add(t)
	}
}

// stack returns the names of the functions that were running when a panic began: what is the same
// in all processes that run this code.
func stack() string {
	var frames [64]uintptr
	found := runtime.CallersFrames(frames[:runtime.Callers(2, frames[:])])
	var names []string
	for frame, more := found.Next(); more; frame, more = found.Next() {
		if strings.HasSuffix(frame.Function, ".(*Machine).Run") {
			break
		}
		if frame.Function == "runtime.gopanic" {
			names = nil // what came before is the recovery
			continue
		}
		names = append(names, fmt.Sprintf("%s (%s:%d)", frame.Function, frame.File, frame.Line))
	}
	return strings.Join(names, "\n")
}
