package fork

import (
	"time"

	"github.com/quotasched/quotasched/internal/minheap"
)

// An appointment is something that will happen at a known time: a task's end, or a worker that
// comes or goes.
type appointment struct {
	at    time.Duration // since the runner's base
	kind  appointmentKind
	order int // of those made; decides what comes first at one time

	task   *task   // of an end
	worker *worker // of the others
}

// Before orders appointments by time, and at one time as they were made.
func (p appointment) Before(q appointment) bool {
	if p.at != q.at {
		return p.at < q.at
	}
	return p.order < q.order
}

type appointmentKind int

const (
	taskEnds appointmentKind = iota
	workerComes
	workerGoes
)

// agenda has the appointments, the next one first.
type agenda struct {
	heap minheap.Heap[appointment]
	made int
}

func (a *agenda) add(p appointment) {
	p.order = a.made
	a.made++
	a.heap.Push(p)
}

// next returns when the next appointment is.
func (a *agenda) next() (time.Duration, bool) {
	for a.heap.Len() > 0 {
		if first := a.heap.Top(); first.task == nil || !first.task.over {
			return first.at, true
		}
		a.heap.Pop() // the end of a task that was stopped
	}
	return 0, false
}

// take removes the next appointment, which there must be.
func (a *agenda) take() appointment { return a.heap.Pop() }
