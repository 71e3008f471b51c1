package reconciler

import (
	"fmt"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/quotasched/quotasched/internal/check"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// ToProto converts a reconciler state to its canonical proto representation: the same state gives
// the same bytes under deterministic marshalling. Nothing in it aliases the state.
func (state *State) ToProto() *protos.Reconciler {
	state.checkMade()
	queues := map[scheduler.WorkerID]*protos.WorkerQueue{}
	queue := func(w scheduler.WorkerID) *protos.WorkerQueue {
		if queues[w] == nil {
			queues[w] = &protos.WorkerQueue{WorkerId: string(w)}
		}
		return queues[w]
	}
	for w, e := range state.entries { // the order is free: it is sorted below
		queue(w).TaskToAssign = &protos.TaskToAssign{
			RequestId: string(e.request),
			SinceTime: timestamppb.New(e.since),
			HandedOut: e.handedOut,
		}
	}
	for _, r := range sortedKeys(state.abortOf) {
		for w := range state.abortOf[r] { // the order is free: each worker's list is by request
			p := state.aborts[w][r]
			task := &protos.TaskToAbort{RequestId: string(r), SinceTime: timestamppb.New(p.since)}
			if p.lost > 0 {
				task.LostWork = durationpb.New(p.lost)
			}
			queue(w).TasksToAbort = append(queue(w).TasksToAbort, task)
		}
	}
	p := &protos.Reconciler{WorkerQueueTimeout: durationpb.New(state.timeout)}
	for _, w := range sortedKeys(queues) {
		p.WorkerQueues = append(p.WorkerQueues, queues[w])
	}
	for _, r := range sortedKeys(state.errors) {
		p.TaskErrors = append(p.TaskErrors, &protos.TaskError{
			RequestId: string(r),
			Message:   state.errors[r].message,
			WorkerId:  string(state.startedOn(r, state.errors[r])),
		})
	}
	for _, r := range sortedKeys(state.expired) {
		p.ExpiredRequests = append(p.ExpiredRequests, string(r))
		p.ExpiredEnqueueTimes = append(p.ExpiredEnqueueTimes, timestamppb.New(state.expired[r]))
	}
	return p
}

// NewFromProto is Restore for a message that is known to be valid: it panics on one that Validate
// refuses.
func NewFromProto(proto *protos.Reconciler) *State {
	state, err := Restore(proto)
	if err != nil {
		panic(err)
	}
	return state
}

// Validate returns nil, or an error (scheduler.ErrInvalidSnapshot) that names the field that no
// reconciler could have written.
func Validate(p *protos.Reconciler) error {
	_, err := Restore(p)
	return err
}

// Restore returns a State that goes on from a snapshot exactly as the one that wrote it. Nothing in
// it aliases the message. The error is the one of Validate.
func Restore(p *protos.Reconciler) (*State, error) {
	if p == nil {
		return nil, fmt.Errorf("%w: nil", scheduler.ErrInvalidSnapshot)
	}
	timeout, err := readTimeout(p.GetWorkerQueueTimeout())
	if err != nil {
		return nil, err
	}
	state := New(WithWorkerQueueTimeout(timeout))
	last := ""
	for i, q := range p.GetWorkerQueues() {
		field := fmt.Sprintf("worker_queues[%d]", i)
		if err := readID(field+".worker_id", q.GetWorkerId(), &last); err != nil {
			return nil, err
		}
		if err := state.readQueue(field, q); err != nil {
			return nil, err
		}
	}
	if err := state.readErrors(p); err != nil {
		return nil, err
	}
	if err := state.readExpired(p); err != nil {
		return nil, err
	}
	return state, nil
}

func (state *State) readQueue(field string, q *protos.WorkerQueue) error {
	w := scheduler.WorkerID(q.GetWorkerId())
	if q.GetTaskToAssign() == nil && len(q.GetTasksToAbort()) == 0 {
		return bad(field, "empty")
	}
	if a := q.GetTaskToAssign(); a != nil {
		field := field + ".task_to_assign"
		if err := checkRequestID(scheduler.RequestID(a.GetRequestId())); err != nil {
			return bad(field+".request_id", "%v", err)
		}
		if other, ok := state.entryOf[scheduler.RequestID(a.GetRequestId())]; ok {
			return bad(field+".request_id", "request %s is also assigned to worker %s",
				check.Quote(a.GetRequestId()), check.Quote(other))
		}
		since, err := readTime(field+".since_time", a.GetSinceTime())
		if err != nil {
			return err
		}
		state.setEntry(w, &entry{scheduler.RequestID(a.GetRequestId()), since, a.GetHandedOut()})
	}
	last := ""
	for i, a := range q.GetTasksToAbort() {
		field := fmt.Sprintf("%s.tasks_to_abort[%d]", field, i)
		if err := readID(field+".request_id", a.GetRequestId(), &last); err != nil {
			return err
		}
		since, err := readTime(field+".since_time", a.GetSinceTime())
		if err != nil {
			return err
		}
		lost, err := readLostWork(field+".lost_work", a.GetLostWork())
		if err != nil {
			return err
		}
		state.addAbort(w, scheduler.RequestID(a.GetRequestId()), preemption{since, lost})
	}
	return nil
}

func (state *State) readErrors(p *protos.Reconciler) error {
	last := ""
	for i, e := range p.GetTaskErrors() {
		field := fmt.Sprintf("task_errors[%d]", i)
		if err := readID(field+".request_id", e.GetRequestId(), &last); err != nil {
			return err
		}
		if !utf8.ValidString(e.GetMessage()) || !utf8.ValidString(e.GetWorkerId()) {
			return bad(field, "not UTF-8")
		}
		state.errors[scheduler.RequestID(e.GetRequestId())] = &taskError{
			e.GetMessage(), scheduler.WorkerID(e.GetWorkerId()),
		}
	}
	return nil
}

func (state *State) readExpired(p *protos.Reconciler) error {
	ids, times := p.GetExpiredRequests(), p.GetExpiredEnqueueTimes()
	if len(times) != len(ids) {
		return bad("expired_enqueue_times", "%d times for %d requests", len(times), len(ids))
	}
	last := ""
	for i, r := range ids {
		if err := readID(fmt.Sprintf("expired_requests[%d]", i), r, &last); err != nil {
			return err
		}
		enqueued, err := readTime(fmt.Sprintf("expired_enqueue_times[%d]", i), times[i])
		if err != nil {
			return err
		}
		state.expired[scheduler.RequestID(r)] = enqueued
	}
	return nil
}

// bad returns an error about a field.
func bad(field, format string, args ...any) error {
	return fmt.Errorf("%w: %s: %s", scheduler.ErrInvalidSnapshot, field, fmt.Sprintf(format, args...))
}

// readID checks an id that must come after the last one, and makes it the last one.
func readID(field, id string, last *string) error {
	if err := check.ID("id", id); err != nil {
		return bad(field, "%v", err)
	}
	if id <= *last {
		return bad(field, "%s is not in order, or there twice", check.Quote(id))
	}
	*last = id
	return nil
}

func readTime(field string, t *timestamppb.Timestamp) (time.Time, error) {
	if t == nil {
		return time.Time{}, bad(field, "missing")
	}
	if err := checkNanos(t); err != nil {
		return time.Time{}, bad(field, "%v", err)
	}
	if err := checkTime(t.AsTime()); err != nil {
		return time.Time{}, bad(field, "%v", err)
	}
	return t.AsTime(), nil
}

// readLostWork reads a duration that is not written if it is 0.
func readLostWork(field string, d *durationpb.Duration) (time.Duration, error) {
	if d == nil {
		return 0, nil
	}
	v, ok := check.Duration(d)
	if !ok || v <= 0 || v%time.Millisecond != 0 {
		return 0, bad(field, "%d s and %d ns is no number of whole milliseconds above 0, within "+
			"292 years", d.GetSeconds(), d.GetNanos())
	}
	return v, nil
}

func readTimeout(d *durationpb.Duration) (time.Duration, error) {
	const field = "worker_queue_timeout"
	if d == nil {
		return 0, bad(field, "missing")
	}
	v, ok := check.Duration(d)
	if !ok || v <= 0 {
		return 0, bad(field, "%d s and %d ns is not more than 0 and within 292 years",
			d.GetSeconds(), d.GetNanos())
	}
	return v, nil
}
