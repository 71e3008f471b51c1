package simulator

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// Worker is a worker of the fleet at the start of a run.
type Worker struct {
	// ID is unique in the fleet, and not empty.
	ID scheduler.WorkerID
	// Labels are what it can do. Provisioning a label "key:value" replaces the worker's labels
	// with the same key, and adds it.
	Labels []string
}

// hasAll says whether the worker has all these labels.
func (w *Worker) hasAll(labels []string) bool {
	return !slices.ContainsFunc(labels, func(label string) bool {
		return !slices.Contains(w.Labels, label)
	})
}

// Machines returns a fleet of n workers without labels: worker-000 and so on.
func Machines(n int) []Worker {
	digits := len(strconv.Itoa(max(n-1, 0)))
	workers := make([]Worker, n)
	for i := range workers {
		workers[i].ID = scheduler.WorkerID(fmt.Sprintf("worker-%0*d", digits, i))
	}
	return workers
}

// workerState is where a worker is in its cycle; doc.go draws it.
type workerState uint8

const (
	// workerIdle waits for its turn to poll.
	workerIdle workerState = iota
	// workerPulling has polled, and waits for the dispatcher's answer.
	workerPulling
	// workerStarting was given a task, and does not run it yet.
	workerStarting
	// workerRunning runs its task, provisioning included.
	workerRunning
	// workerDead has died, and will come back.
	workerDead
)

// worker is a worker during a run. What each task of its looks at stands first.
type worker struct {
	id    scheduler.WorkerID
	index int
	// turn counts what happened to it; an event with an older turn is void.
	turn uint64
	// request is what it starts or runs; nil if it does neither.
	request *request
	// promised is what the pool last assigned to it, which may be over or elsewhere by now.
	promised *request
	// claimed is what the dispatcher knows that it runs. It is request while the worker lives and
	// runs a task.
	claimed *request
	// message is the worker with its labels as operations say it; nil if none has yet.
	message *protos.IdleWorker
	state   workerState
	// asked is true if a poll is on the agenda for an assignment that waits for it.
	asked bool
	// provisioned is when the labels of its task are on it; meaningful only if provisions.
	provisions  bool
	provisioned time.Duration
	// phase shifts its polls against those of the others.
	phase time.Duration

	labels []string // sorted; never changed in place, as operations hold it
	home   []string // its labels at the start, which it has again when it comes back
	// skew is by how much its clock is ahead, and deaths decides when it dies; both only where
	// there are faults.
	skew   time.Duration
	deaths chance
}

// fleet is all workers.
type fleet struct {
	workers []*worker
	byID    map[scheduler.WorkerID]*worker
}

// newFleet makes idle workers whose polls are spread evenly over the period.
func newFleet(setup []Worker, poll time.Duration) (fleet, error) {
	f := fleet{byID: make(map[scheduler.WorkerID]*worker, len(setup))}
	if len(setup) == 0 {
		return f, fmt.Errorf("%w: the fleet has no workers", ErrSetup)
	}
	for i, s := range setup {
		if s.ID == "" || f.byID[s.ID] != nil {
			return f, fmt.Errorf("%w: worker %d has an empty or repeated id %q", ErrSetup, i, s.ID)
		}
		w := &worker{
			id:     s.ID,
			index:  i,
			labels: slices.Compact(slices.Sorted(slices.Values(s.Labels))),
			phase:  poll * time.Duration(i) / time.Duration(len(setup)),
		}
		w.home = w.labels
		f.workers = append(f.workers, w)
		f.byID[s.ID] = w
	}
	return f, nil
}

// provision gives the worker labels, in place of those with the same keys.
func (w *worker) provision(labels []string) {
	next := make([]string, 0, len(w.labels)+len(labels))
	for _, old := range w.labels {
		key := labelKey(old)
		if !slices.ContainsFunc(labels, func(l string) bool { return labelKey(l) == key }) {
			next = append(next, old)
		}
	}
	next = append(next, labels...)
	slices.Sort(next)
	w.setLabels(slices.Compact(next))
}

// labelKey is the part of "key:value" before the colon, or the whole label.
func labelKey(label string) string {
	key, _, _ := strings.Cut(label, ":")
	return key
}

// setLabels gives the worker labels, which are sorted.
func (w *worker) setLabels(labels []string) { w.labels, w.message = labels, nil }

// pull returns the worker as an operation says it, in a message that never changes.
func (w *worker) pull() *protos.IdleWorker {
	if w.message == nil {
		w.message = &protos.IdleWorker{WorkerId: string(w.id), Labels: w.labels}
	}
	return w.message
}

// capacity counts, for sets of base labels, the workers that have them all.
type capacity struct {
	workers []Worker
	known   map[string]int
}

// of returns the number of workers with all these labels, at the start of the run.
func (c *capacity) of(labels []string) int {
	key := strings.Join(labels, "\x00")
	n, ok := c.known[key]
	if !ok {
		for i := range c.workers {
			if c.workers[i].hasAll(labels) {
				n++
			}
		}
		c.known[key] = n
	}
	return n
}
