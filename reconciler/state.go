package reconciler

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"time"

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
	aborts  map[abort]time.Time                                 // since when
	abortOf map[scheduler.RequestID]map[scheduler.WorkerID]bool // the same, by request
	errors  map[scheduler.RequestID]*taskError
	expired map[scheduler.RequestID]bool

	// Memory for one call.
	pulls    []pull
	answered []Assignment
}

// An entry is an assignment that its worker has not acknowledged.
type entry struct {
	request   scheduler.RequestID
	since     time.Time // of the call that made it
	handedOut bool
}

// An abort is a task that must stop on a worker.
type abort struct {
	worker  scheduler.WorkerID
	request scheduler.RequestID
}

// A taskError is a task that cannot run.
type taskError struct {
	message string
	worker  scheduler.WorkerID // where it was last known to run; empty if nowhere
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
	state := &State{
		timeout: WorkerQueueTimeout,
		entries: map[scheduler.WorkerID]*entry{},
		entryOf: map[scheduler.RequestID]scheduler.WorkerID{},
		aborts:  map[abort]time.Time{},
		abortOf: map[scheduler.RequestID]map[scheduler.WorkerID]bool{},
		errors:  map[scheduler.RequestID]*taskError{},
		expired: map[scheduler.RequestID]bool{},
	}
	for _, o := range options {
		o(state)
	}
	return state
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
	if state.entryOf[e.request] == w {
		delete(state.entryOf, e.request)
	}
}

// dropStale removes the entry of a worker if the scheduler does not have its request there.
func (state *State) dropStale(s *scheduler.Scheduler, w scheduler.WorkerID) {
	if e := state.entries[w]; e != nil && !s.IsAssigned(e.request, w) {
		state.dropEntry(w)
	}
}

// dropStaleOf does the same for the entry of a request.
func (state *State) dropStaleOf(s *scheduler.Scheduler, r scheduler.RequestID) {
	if w, ok := state.entryOf[r]; ok {
		state.dropStale(s, w)
	}
}

func (state *State) addAbort(w scheduler.WorkerID, r scheduler.RequestID, since time.Time) {
	state.aborts[abort{w, r}] = since
	if state.abortOf[r] == nil {
		state.abortOf[r] = map[scheduler.WorkerID]bool{}
	}
	state.abortOf[r][w] = true
}

// endAborts ends all aborts of a request.
func (state *State) endAborts(r scheduler.RequestID) {
	for w := range state.abortOf[r] { // the order is free: all go
		delete(state.aborts, abort{w, r})
	}
	delete(state.abortOf, r)
}

// abortedAfter returns the latest time after t at which the request was preempted, if there is one.
func (state *State) abortedAfter(r scheduler.RequestID, t time.Time) (since time.Time, ok bool) {
	for w := range state.abortOf[r] { // the order is free: the latest is the latest
		if at := state.aborts[abort{w, r}]; at.After(t) && at.After(since) {
			since, ok = at, true
		}
	}
	return since, ok
}

// sortedKeys returns the keys of a map in order.
func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K {
	return slices.Sorted(maps.Keys(m))
}
