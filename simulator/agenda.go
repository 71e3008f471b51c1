package simulator

import "time"

// eventKind says what an event of the agenda is.
type eventKind uint8

const (
	// eventArrival is the next submission of the workload.
	eventArrival eventKind = iota
	// eventPoll is an idle worker's turn to ask for a task.
	eventPoll
	// eventStart is a worker that begins to run its task.
	eventStart
	// eventEnd is a worker whose task has come to its end.
	eventEnd
	// eventNews is late news that arrives at the dispatcher's door to the pool.
	eventNews
	// eventDeath is a worker that dies, eventReturn one that comes back, and eventSilence one of
	// which the dispatcher has heard nothing for so long that it takes it for dead.
	eventDeath
	eventReturn
	eventSilence
	// eventRestart is a restart of the dispatcher.
	eventRestart
	// eventTick is the dispatcher's turn. At one instant it comes after all other events, so that
	// the dispatcher tells the pool all that has happened up to then.
	eventTick
)

// event is one thing that will happen.
type event struct {
	at   time.Duration // from the start of the clock
	kind eventKind
	// worker is the worker concerned, by its index in the fleet.
	worker int
	// turn must equal the worker's turn at that time; if it does not, the worker has been told
	// otherwise in the meantime, and the event is void. Late news has its number here.
	turn uint64

	order uint64 // of insertion, set by the agenda
}

// before orders events by time; at one instant ticks come last, the others as they were added. No
// two events are equal in it, so a run depends on nothing else.
func (a *event) before(b *event) bool {
	if a.at != b.at {
		return a.at < b.at
	}
	if (a.kind == eventTick) != (b.kind == eventTick) {
		return b.kind == eventTick
	}
	return a.order < b.order
}

// agenda is a queue of events in the order in which they happen: a heap, O(log n) for each event
// added and taken. It is not internal/minheap's, as events are large: here they are compared where
// they lie and moved once for each step, which makes it twice as fast and more (BenchmarkAgenda).
type agenda struct {
	heap  []event
	added uint64
}

// children is how many events stand below one in the heap: those of one event lie side by side in
// memory, so looking at four costs little more than looking at two.
const children = 4

func (a *agenda) empty() bool { return len(a.heap) == 0 }

// add puts an event on the agenda.
func (a *agenda) add(e event) {
	e.order = a.added
	a.added++
	a.heap = append(a.heap, e)
	i := len(a.heap) - 1
	for i > 0 {
		parent := (i - 1) / children
		if !e.before(&a.heap[parent]) {
			break
		}
		a.heap[i] = a.heap[parent]
		i = parent
	}
	a.heap[i] = e
}

// take removes the first event. The agenda must not be empty.
func (a *agenda) take() event {
	first := a.heap[0]
	last := len(a.heap) - 1
	e := a.heap[last]
	a.heap = a.heap[:last]
	i := 0
	for {
		from := children*i + 1
		if from >= last {
			break
		}
		least := from
		for c := from + 1; c < min(from+children, last); c++ {
			if a.heap[c].before(&a.heap[least]) {
				least = c
			}
		}
		if !a.heap[least].before(&e) {
			break
		}
		a.heap[i] = a.heap[least]
		i = least
	}
	if last > 0 {
		a.heap[i] = e
	}
	return first
}
