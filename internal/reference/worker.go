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
	// cost is what the run had cost at paidSince, preemptionCost included. Saved work is paid for,
	// and does not count.
	cost scheduler.Balance
	// preemptionCost is the part of the cost that went to the account of a preempted task.
	preemptionCost scheduler.Balance
	// paidSince is since when the cost at its level grows: since the run came to the level, or up
	// to when its work was saved since. It is in milliseconds since 1970.
	paidSince int64
	startTime time.Time
	stage     scheduler.Stage
	// handedOut is when it was handed out or adopted, and saved up to when its work is saved, both
	// in milliseconds since 1970; 0 if it was not.
	handedOut, saved int64
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

// price is what a run has paid at the level at which it now runs; a free one has paid nothing.
func (s *Scheduler) price(r *run) scheduler.Quota {
	if r.level == scheduler.FreeBucket {
		return 0
	}
	return s.costNow(r)[r.level]
}

// paidUpTo is what a run has paid at a level and at all better ones.
func (s *Scheduler) paidUpTo(r *run, p scheduler.Priority) scheduler.Quota {
	total := scheduler.Quota(0)
	cost := s.costNow(r)
	for _, paid := range cost[:p+1] {
		total = sum(total, paid)
	}
	return total
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

// cheapestFirst compares the runs of two workers by price; of equals the one with less work at
// stake is the cheaper, then the one of the worker with the smaller id.
func (s *Scheduler) cheapestFirst(a, b *worker) int {
	return cmp.Or(
		cmp.Compare(s.price(a.run), s.price(b.run)),
		cmp.Compare(s.atStake(a.run), s.atStake(b.run)),
		cmp.Compare(a.id, b.id),
	)
}
