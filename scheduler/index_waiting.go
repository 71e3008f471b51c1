package scheduler

import (
	"iter"

	"github.com/quotasched/quotasched/internal/orderedlist"
)

// A waitingList has the waiting requests of a lane in order. Most lanes have one at most, and a
// pass looks at the first one alone: that is at hand, and takes no memory of its own.
type waitingList struct {
	head   *request // the first; nil if there is none
	since  instant  // its enqueue time, so that lanes are compared without a look at it
	newest instant  // none was enqueued later, so that a newer one comes last without a look at any
	behind orderedlist.List[*request]
}

// waitingListOf returns a list of requests, which are in order and not none. They are copied.
func waitingListOf(requests []*request) waitingList {
	first, last := requests[0], requests[len(requests)-1]
	return waitingList{first, first.enqueued, last.enqueued, orderedlist.Of(requests[1:])}
}

// len counts the requests.
func (w *waitingList) len() int {
	if w.head == nil {
		return 0
	}
	return 1 + w.behind.Len()
}

// all yields the requests in order. The list must not change meanwhile.
func (w *waitingList) all() iter.Seq[*request] {
	return func(yield func(*request) bool) {
		if w.head != nil && yield(w.head) {
			w.behind.All()(yield)
		}
	}
}

// countBefore counts the requests that are before one. It costs O(log n), and one look at each
// chunk of the list.
func (w *waitingList) countBefore(r *request) int {
	if w.head == nil || !w.head.Before(r) {
		return 0
	}
	return 1 + w.behind.Rank(func(o *request) bool { return !o.Before(r) })
}

// add adds a request.
func (w *waitingList) add(r *request) {
	switch {
	case w.head == nil:
		w.head, w.since, w.newest = r, r.enqueued, r.enqueued
	case w.newest.Before(r.enqueued):
		w.newest = r.enqueued
		w.behind.Append(r)
	case r.Before(w.head):
		w.behind.Insert(w.head)
		w.head, w.since = r, r.enqueued
	default:
		w.behind.Insert(r)
	}
}

// take takes out a request, which is in the list.
func (w *waitingList) take(r *request) {
	switch {
	case r != w.head:
		w.behind.Remove(r)
	case w.behind.Len() == 0:
		w.head = nil
	default:
		w.head = w.behind.PopFirst()
		w.since = w.head.enqueued
	}
}
