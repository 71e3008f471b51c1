package reconciler

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"time"

	"go.chromium.org/luci/common/data/stringset"
	"google.golang.org/protobuf/proto"

	"github.com/quotasched/quotasched/internal/expiry"
	"github.com/quotasched/quotasched/scheduler"
)

// WorkerQueueTimeout is the time after which a task will return to the queue if it was assigned to
// a worker but the worker never picked it up, unless WithWorkerQueueTimeout says otherwise.
const WorkerQueueTimeout = time.Duration(10) * time.Minute

// State is the state of a reconciler. Make one with New or Restore.
//
// Every method of a nil or zero State panics, and so do methods with a nil context, or with a
// nil or zero scheduler that they use.
type State struct {
	timeout   time.Duration
	entries   map[scheduler.WorkerID]*entry
	deadlines expiry.Queue[time.Time, deadline] // of the entries
	// entryOf has the worker of each entry, by its request.
	entryOf map[scheduler.RequestID]scheduler.WorkerID
	// aborts has the preempted tasks of each worker that must stop there; no map in it is empty.
	aborts  map[scheduler.WorkerID]map[scheduler.RequestID]preemption
	abortOf map[scheduler.RequestID]map[scheduler.WorkerID]bool // the same, by request
	errors  map[scheduler.RequestID]*taskError
	// expired has the requests that waited for too long, with the enqueue time of that try.
	expired map[scheduler.RequestID]time.Time

	// scheduler is the one of the newest call, which knows where tasks with errors are; nil before
	// the first. Cancellations, AddTaskError and ToProto are not given it.
	scheduler *scheduler.Scheduler

	// Memory for one call.
	pulls    []pull
	seen     stringset.Set // the ids of its workers
	answered []Assignment
}

// An entry is an assignment that its worker has not acknowledged.
type entry struct {
	request   scheduler.RequestID
	since     time.Time // of the call that made it
	handedOut bool
}

// A preemption is why a task must stop.
type preemption struct {
	since time.Time // of the call that decided it
	// lost is the work that the request has lost to preemption in all its tries.
	lost time.Duration
}

// A taskError is a task that cannot run.
type taskError struct {
	message string
	// worker is where the task was when nothing of the scheduler was known; it counts until then.
	worker scheduler.WorkerID
}

// An Option changes a setting of New.
type Option func(*State)

// WithWorkerQueueTimeout sets after which time an assignment that was not acknowledged is taken
// back; it must be more than 0, or New panics.
func WithWorkerQueueTimeout(d time.Duration) Option {
	if d <= 0 {
		panic(fmt.Sprintf("reconciler: worker queue timeout %v is not more than 0", d))
	}
	return func(state *State) { state.timeout = d }
}

// New returns a new initialized State instance.
func New(options ...Option) *State {
	state := &State{timeout: WorkerQueueTimeout, seen: stringset.New(0)}
	state.clear()
	for _, o := range options {
		o(state)
	}
	return state
}

// clear forgets all that there is to tell workers and the dispatcher.
func (state *State) clear() {
	state.entries = map[scheduler.WorkerID]*entry{}
	state.deadlines = expiry.Queue[time.Time, deadline]{}
	state.entryOf = map[scheduler.RequestID]scheduler.WorkerID{}
	state.aborts = map[scheduler.WorkerID]map[scheduler.RequestID]preemption{}
	state.abortOf = map[scheduler.RequestID]map[scheduler.WorkerID]bool{}
	state.errors = map[scheduler.RequestID]*taskError{}
	state.expired = map[scheduler.RequestID]time.Time{}
}

// checkMade panics if nobody made the state. Every exported method asks it, or checkCall, first.
func (state *State) checkMade() {
	if state == nil || state.entries == nil {
		panic("reconciler: a nil or zero State: make one with New or Restore")
	}
}

// checkCall is checkMade for a call with a context, which must not be nil.
func (state *State) checkCall(ctx context.Context) {
	state.checkMade()
	if ctx == nil {
		panic("reconciler: a nil context: pass context.Background() if there is no other")
	}
}

// Hash returns the SHA-256 of the canonical snapshot's bytes. It costs as much as ToProto.
func (state *State) Hash() [32]byte {
	bytes, err := proto.MarshalOptions{Deterministic: true}.Marshal(state.ToProto())
	if err != nil {
		panic("invariant: a snapshot can be marshalled: " + err.Error())
	}
	return sha256.Sum256(bytes)
}

// setEntry gives a worker an entry, in place of the one that it had, and of the one that the
// request had on another worker.
func (state *State) setEntry(w scheduler.WorkerID, e *entry) {
	state.dropEntry(w)
	if other, ok := state.entryOf[e.request]; ok {
		state.dropEntry(other)
	}
	state.entries[w] = e
	state.watch(w, e)
	state.entryOf[e.request] = w
}

// dropEntry removes a worker's entry, if it has one.
func (state *State) dropEntry(w scheduler.WorkerID) {
	e := state.entries[w]
	if e == nil {
		return
	}
	delete(state.entries, w)
	delete(state.entryOf, e.request)
}

// dropStale removes the entry of a worker if it is stale.
func (state *State) dropStale(s *scheduler.Scheduler, w scheduler.WorkerID) {
	if e := state.entries[w]; e != nil && state.isStale(s, w, e) {
		state.dropEntry(w)
	}
}

// isStale reports whether the scheduler does not have the request of a worker's entry there, or
// knows that it runs: then the entry is acknowledged.
func (state *State) isStale(s *scheduler.Scheduler, w scheduler.WorkerID, e *entry) bool {
	on, stage, ok := s.Stage(e.request)
	return !ok || on != w || stage == scheduler.Running
}

// dropStaleOf does the same for the entry of a request.
func (state *State) dropStaleOf(s *scheduler.Scheduler, r scheduler.RequestID) {
	if w, ok := state.entryOf[r]; ok {
		state.dropStale(s, w)
	}
}

func (state *State) addAbort(w scheduler.WorkerID, r scheduler.RequestID, p preemption) {
	if state.aborts[w] == nil {
		state.aborts[w] = map[scheduler.RequestID]preemption{}
	}
	state.aborts[w][r] = p
	if state.abortOf[r] == nil {
		state.abortOf[r] = map[scheduler.WorkerID]bool{}
	}
	state.abortOf[r][w] = true
}

// endAborts ends all aborts of a request.
func (state *State) endAborts(r scheduler.RequestID) {
	for w := range state.abortOf[r] { // the order is free: all go
		state.endAbort(w, r)
	}
}

// endAbort ends the abort of a request on a worker.
func (state *State) endAbort(w scheduler.WorkerID, r scheduler.RequestID) {
	delete(state.aborts[w], r)
	if len(state.aborts[w]) == 0 {
		delete(state.aborts, w)
	}
	delete(state.abortOf[r], w)
	if len(state.abortOf[r]) == 0 {
		delete(state.abortOf, r)
	}
}

// endAbortsOn ends the aborts on a worker that were decided at time t or before.
func (state *State) endAbortsOn(w scheduler.WorkerID, t time.Time) {
	for r, p := range state.aborts[w] { // the order is free: each goes or stays by itself
		if !t.Before(p.since) {
			state.endAbort(w, r)
		}
	}
}

// lostWork returns the work that a request lost to the preemptions which were not acknowledged.
func (state *State) lostWork(r scheduler.RequestID) (lost time.Duration) {
	for w := range state.abortOf[r] { // the order is free: the most is the most
		lost = max(lost, state.aborts[w][r].lost)
	}
	return lost
}

// startedOn returns the worker that a request with an error was handed to or runs on; empty if
// there is none.
func (state *State) startedOn(r scheduler.RequestID, e *taskError) scheduler.WorkerID {
	if state.scheduler == nil {
		return e.worker
	}
	if w, stage, ok := state.scheduler.Stage(r); ok && stage != scheduler.Held {
		return w
	}
	return ""
}

// abortedAfter returns the latest time after t at which the request was preempted, if there is one.
func (state *State) abortedAfter(r scheduler.RequestID, t time.Time) (since time.Time, ok bool) {
	for w := range state.abortOf[r] { // the order is free: the latest is the latest
		if at := state.aborts[w][r].since; at.After(t) && at.After(since) {
			since, ok = at, true
		}
	}
	return since, ok
}

// sortedKeys returns the keys of a map in order.
func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K {
	return slices.Sorted(maps.Keys(m))
}
