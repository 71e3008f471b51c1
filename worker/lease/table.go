// Package lease is what a worker knows of its leases, as a function: orders, news of tasks and the
// time go in; what to do, and what to report, come out. It has no clock, goroutine or I/O.
//
// Times are durations since the machine's boot (CLOCK_BOOTTIME).
package lease

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/quotasched/quotasched/protos/dispatch"
)

const (
	// queueMax is how many leases a slot may hold at once: one that lives, and others that wait for
	// its end or for their ends to be recorded. More are not taken, and stay the dispatcher's.
	queueMax = 16
	// forgottenMax is how many forgotten leases a table remembers, so that late orders do not start
	// them again.
	forgottenMax = 4096
	// idBytesMax is how long a lease's id may be. Longer ones are ignored.
	idBytesMax = 64
	// heldMax is how many leases a table holds at most, whatever the number of slots.
	heldMax = 4096
	// messageBytesMax is how long a result's message may be; longer ones are cut.
	messageBytesMax = 1024
)

// Ready is what is to be done now, in the order of its fields.
type Ready struct {
	Fence  bool     // the deadline has changed: tell it to all tasks that run
	Stop   []Stop   // tasks to stop
	Start  []Start  // tasks to start
	Forget []string // leases of which nothing needs to be kept
	Report bool     // the dispatcher should hear of it at once
	// Ignored says why orders, or a part of them, were ignored; empty if nothing was.
	Ignored string
}

// Start is a task to start.
type Start struct {
	Run *dispatch.Run
}

// Stop is a task to stop.
type Stop struct {
	LeaseID string
	Grace   time.Duration // how long it may take before it is killed
	Own     bool          // nobody ordered it: the worker stops it for reasons of its own
}

// Table is all that a worker knows of its leases.
type Table struct {
	slots     int // slots that take tasks
	leases    map[string]*held
	arrivals  uint64
	forgotten forgotten

	epoch     uint64 // of the newest orders
	version   uint64 // results_in of the newest orders that were followed; 0 asks for COMPLETE ones
	directive dispatch.Orders_Directive
	next      *durationpb.Duration // next_report of the newest orders

	reports reports
	stopped bool // Abort was called: nothing starts any more
}

// held is a lease that the worker holds.
type held struct {
	run     *dispatch.Run
	phase   dispatch.Phase
	arrival uint64 // leases of a slot start in this order
	started bool   // it was in Ready.Start, or was found running
	own     bool   // it was told to stop for the worker's own reasons
	stopped bool   // it was told to stop by the dispatcher
	// recorded is set when the dispatcher said that its end is recorded, although it had not ended.
	recorded bool
	since    time.Duration // when it began to run; 0 if it has not
	saved    time.Duration // how much of its running is saved
	saves    bool
	result   *dispatch.Result
}

// New returns the table of a worker with so many slots.
func New(slots int) *Table {
	return &Table{slots: slots, leases: map[string]*held{}}
}

// Ended reports whether a phase is one of the last ones.
func Ended(p dispatch.Phase) bool { return p >= dispatch.Phase_PHASE_FINISHED }

// live reports whether a lease has, or may have, processes.
func (h *held) live() bool { return h.started && !Ended(h.phase) }

// continues reports whether a lease goes on when nothing is heard from the dispatcher.
func (h *held) continues() bool {
	return h.run.GetTask().GetOnDisconnect() == dispatch.TaskSpec_ON_DISCONNECT_CONTINUE
}

// end moves a lease to its last phase.
func (h *held) end(phase dispatch.Phase, result *dispatch.Result) {
	h.phase, h.result = phase, result
	if m := result.GetMessage(); m != "" {
		result.Message = strings.ToValidUTF8(m[:min(len(m), messageBytesMax)], "")
	}
	if phase == dispatch.Phase_PHASE_LOST {
		h.result = nil
	}
}

// sorted returns the held leases in the order in which they came.
func (t *Table) sorted() []*held {
	return slices.SortedFunc(maps.Values(t.leases), func(a, b *held) int {
		return cmp.Compare(a.arrival, b.arrival)
	})
}

// Found is a lease that an earlier process of the agent left.
type Found struct {
	Run    *dispatch.Run
	Phase  dispatch.Phase // RUNNING or later
	Since  time.Duration  // when it began to run; 0 if it never did
	Result *dispatch.Result
}

// Adopt takes in a lease that an earlier process of the agent left. It is for before the first
// report.
func (t *Table) Adopt(f Found) {
	t.arrivals++
	h := &held{run: f.Run, phase: f.Phase, arrival: t.arrivals, started: true, since: f.Since}
	if Ended(f.Phase) {
		h.end(f.Phase, f.Result)
	}
	t.leases[f.Run.GetLeaseId()] = h
}

// Live returns how many leases have not ended.
func (t *Table) Live() int {
	n := 0
	for _, h := range t.leases {
		if !Ended(h.phase) {
			n++
		}
	}
	return n
}

// Len returns how many leases are held: live ones, and ended ones that are not recorded.
func (t *Table) Len() int { return len(t.leases) }

// Directive returns what the dispatcher last told the worker to do with itself.
func (t *Table) Directive() dispatch.Orders_Directive { return t.directive }

// forgotten are ids that were held once. The oldest goes when there are too many.
type forgotten struct {
	ids   map[string]bool
	order []string
}

func (f *forgotten) add(id string) {
	if f.ids == nil {
		f.ids = map[string]bool{}
	}
	if f.ids[id] {
		return
	}
	if len(f.order) == forgottenMax {
		delete(f.ids, f.order[0])
		f.order = f.order[1:]
	}
	f.ids[id] = true
	f.order = append(f.order, id)
}

func (f *forgotten) has(id string) bool { return f.ids[id] }
