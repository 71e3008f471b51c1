package reconciler

import (
	"slices"

	"github.com/quotasched/quotasched/protos"
)

// An Answer is the memory of an answer, to be used again: see ApplyInto. The zero value is ready,
// and must not be copied once it was used.
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
	return add(&a.result.Assignments, &a.assignments, n)
}

// cancel does the same with cancellations.
func (a *Answer) cancel(n int) []*protos.Cancellation {
	return add(&a.result.Cancellations, &a.cancellations, n)
}

// add adds n empty messages to a list, and returns them. They are the first ones of all, which
// become more if they have to.
func add[M any, P interface {
	*M
	Reset()
}](list, all *[]*M, n int) []*M {
	if missing := n - len(*all); missing > 0 {
		fresh := make([]M, missing)
		*all = slices.Grow(*all, missing)
		for i := range fresh {
			*all = append(*all, &fresh[i])
		}
	}
	messages := (*all)[:n]
	for _, m := range messages {
		P(m).Reset()
	}
	*list = append(*list, messages...)
	return messages
}
