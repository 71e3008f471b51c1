package reference

import (
	"time"

	"github.com/quotasched/quotasched/scheduler"
)

// start puts a waiting request on a worker that has no run, at this level and cost.
func (s *Scheduler) start(r *request, w *worker, level scheduler.Priority,
	cost scheduler.Balance) {
	delete(s.waiting, r.id)
	r.confirmed = later(r.confirmed, s.called)
	w.confirmed = later(w.confirmed, s.called)
	w.run = &run{
		request:        r,
		level:          level,
		cost:           cost,
		preemptionCost: cost,
		paidSince:      s.accountingNow(),
		startTime:      s.now,
		stage:          scheduler.Held,
	}
}

// takeOff ends the run of a worker, whose request is then nowhere: the caller decides what becomes
// of it, and of the worker.
func (s *Scheduler) takeOff(w *worker) *run {
	r := w.run
	w.run = nil
	return r
}

// waitAgain makes the request of a run that was taken off wait, with the newest content.
func (s *Scheduler) waitAgain(r *run) {
	if r.next != nil {
		r.request.content = *r.next
	}
	s.waiting[r.request.id] = r.request
}

// endByNews takes the run off a worker that ended at t. A run that was not handed out gets back
// what it paid; another one has to pay up to t at the next update.
func (s *Scheduler) endByNews(w *worker, t time.Time) *run {
	r := s.takeOff(w)
	a := s.accounts[r.request.account]
	if r.stage == scheduler.Held {
		s.giveBack(r)
	} else if a != nil && r.level < scheduler.FreeBucket && t.UnixMilli() > s.accountingNow() {
		a.ended = append(a.ended, endedRun{r.level, t.UnixMilli()})
	}
	return r
}

// credit gives an amount to an account, if it exists.
func (s *Scheduler) credit(id scheduler.AccountID, amount scheduler.Balance) {
	if a := s.accounts[id]; a != nil {
		a.balance = plus(a.balance, amount)
	}
}

// debit takes an amount from an account, if it exists.
func (s *Scheduler) debit(id scheduler.AccountID, amount scheduler.Balance) {
	if a := s.accounts[id]; a != nil {
		a.balance = minus(a.balance, amount)
	}
}

// giveBack returns to the account what a run has paid by itself.
func (s *Scheduler) giveBack(r *run) {
	s.credit(r.request.account, s.ownPayment(r))
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}
