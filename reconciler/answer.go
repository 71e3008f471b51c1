package reconciler

import (
	"slices"

	"github.com/quotasched/quotasched/protos"
)

// An Answer is the memory of an answer, to be used again: see ApplyInto. The zero value is ready.
type Answer struct {
	result protos.Result
	// All messages that were ever needed. The result has lists of its own, so that whatever is done
	// to those, no message is in an answer twice.
	assignments   []*protos.Assignment
	cancellations []*protos.Cancellation
}

// empty makes the answer one that says nothing.
func (a *Answer) empty() {
	assignments, cancellations := a.result.Assignments[:0], a.result.Cancellations[:0]
	a.result.Reset()
	a.result.Assignments, a.result.Cancellations = assignments, cancellations
}

// assign puts n empty assignments into an empty answer, and returns them.
func (a *Answer) assign(n int) []*protos.Assignment {
	a.assignments = atLeast(a.assignments, n)
	for _, m := range a.assignments[:n] {
		m.Reset()
	}
	a.result.Assignments = append(a.result.Assignments, a.assignments[:n]...)
	return a.assignments[:n]
}

// cancel does the same with cancellations.
func (a *Answer) cancel(n int) []*protos.Cancellation {
	a.cancellations = atLeast(a.cancellations, n)
	for _, m := range a.cancellations[:n] {
		m.Reset()
	}
	a.result.Cancellations = append(a.result.Cancellations, a.cancellations[:n]...)
	return a.cancellations[:n]
}

// atLeast returns the messages, and as many new ones as it takes for n.
func atLeast[M any](messages []*M, n int) []*M {
	if n <= len(messages) {
		return messages
	}
	fresh := make([]M, n-len(messages))
	messages = slices.Grow(messages, len(fresh))
	for i := range fresh {
		messages = append(messages, &fresh[i])
	}
	return messages
}
