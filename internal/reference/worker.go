package reference

import (
	"cmp"
	"time"

	"github.com/quotasched/quotasched/scheduler"
)

// worker is a known worker: idle, or with one run.
type worker struct {
	id scheduler.WorkerID
	// labels is a set: sorted, without repetitions.
	labels []string
	// confirmed is the newest time at which anything was said about it.
	confirmed time.Time
	// idleSince counts while run is nil.
	idleSince time.Time
	run       *run
}

// run is a request on a worker.
type run struct {
	request *request
	level   scheduler.Priority
	// cost is what the run had cost at paidSince, preemptionCost included.
	cost scheduler.Balance
	// preemptionCost is the part of the cost that went to the account of a preempted task.
	preemptionCost scheduler.Balance
	// paidSince is when the run came to its level, in milliseconds since 1970.
	paidSince int64
	startTime time.Time
	stage     scheduler.Stage
	// next is the newer content to use if the request waits again; nil if there is none.
	next *content
}

// costNow returns what a run has cost up to now: its stored cost, and 1000 per millisecond at its
// level since then.
func (s *Scheduler) costNow(r *run) scheduler.Balance {
	cost := r.cost
	if r.level < scheduler.FreeBucket {
		paid := scheduler.Quota(1000 * (s.accountingNow() - r.paidSince))
		cost[r.level] = sum(cost[r.level], paid)
	}
	return cost
}

// ownPayment returns the part of a run's cost that it did not pay to a preempted task's account.
func (s *Scheduler) ownPayment(r *run) scheduler.Balance {
	return minus(s.costNow(r), r.preemptionCost)
}

// setLevel settles the cost of a run and moves it to another level.
func (s *Scheduler) setLevel(r *run, level scheduler.Priority) {
	r.cost = s.costNow(r)
	r.paidSince = s.accountingNow()
	r.level = level
}

// cheapestFirst compares the runs of two workers by cost; among equals the one that started later
// is the cheaper, then the one of the worker with the smaller id.
func (s *Scheduler) cheapestFirst(a, b *worker) int {
	costA, costB := s.costNow(a.run), s.costNow(b.run)
	for p := range costA {
		if c := cmp.Compare(costA[p], costB[p]); c != 0 {
			return c
		}
	}
	if c := b.run.startTime.Compare(a.run.startTime); c != 0 {
		return c
	}
	return cmp.Compare(a.id, b.id)
}
