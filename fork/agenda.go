package fork

import (
	"container/heap"
	"time"
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

type appointmentKind int

const (
	taskEnds appointmentKind = iota
	workerComes
	workerGoes
)

// agenda has the appointments, the next one first.
type agenda struct {
	heap appointments
	made int
}

func (a *agenda) add(p appointment) {
	p.order = a.made
	a.made++
	heap.Push(&a.heap, p)
}

// next returns when the next appointment is.
func (a *agenda) next() (time.Duration, bool) {
	for len(a.heap) > 0 {
		if first := &a.heap[0]; first.task == nil || !first.task.over {
			return first.at, true
		}
		heap.Pop(&a.heap) // the end of a task that was stopped
	}
	return 0, false
}

// take removes the next appointment, which there must be.
func (a *agenda) take() appointment { return heap.Pop(&a.heap).(appointment) }

type appointments []appointment

func (h appointments) Len() int { return len(h) }
func (h appointments) Less(i, j int) bool {
	if h[i].at != h[j].at {
		return h[i].at < h[j].at
	}
	return h[i].order < h[j].order
}
func (h appointments) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *appointments) Push(x any)   { *h = append(*h, x.(appointment)) }
func (h *appointments) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}
