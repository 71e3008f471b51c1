package reference

import (
	"cmp"
	"maps"
	"math/big"
	"slices"
	"time"

	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// largestQuota bounds every amount: 2^62 units.
const largestQuota = 1 << 62

// longestLoop is the number of milliseconds up to which Step takes them one by one.
const longestLoop = 100

// Terms is what moves one balance: an account's at one level.
type Terms struct {
	// Rate is what the account earns, in units per millisecond (which milli-workers are).
	Rate int64
	// Cap is the balance at which earning ends, in units.
	Cap int64
	// Runs is the number of the account's runs at the level.
	Runs int64
}

// StepMilli returns a balance one millisecond later. This is what the ledger means.
func (t Terms) StepMilli(balance int64) int64 {
	balance -= 1000 * t.Runs
	if balance < t.Cap {
		balance = min(balance+t.Rate, t.Cap)
	}
	return max(-largestQuota, min(balance, largestQuota))
}

// Step returns a balance n milliseconds later.
func (t Terms) Step(balance, n int64) int64 {
	if n > longestLoop {
		return t.Leap(balance, n)
	}
	for range n {
		balance = t.StepMilli(balance)
	}
	return balance
}

// Leap returns what n calls of StepMilli return, without calling it n times. While the balance
// stays at or above the cap after paying, it only pays. From then on each millisecond adds the
// rate less the payment and is cut off at the cap; only the first of them can begin above the cap.
func (t Terms) Leap(balance, n int64) int64 {
	pay := 1000 * t.Runs
	if balance-pay >= t.Cap {
		if pay == 0 {
			return balance
		}
		above := min((balance-t.Cap)/pay, n)
		balance -= above * pay
		n -= above
	}
	if n == 0 {
		return balance
	}
	balance = t.StepMilli(balance)
	const small = 1 << 31
	if net := t.Rate - pay; -small < net && net < small && n < small {
		rest := net*(n-1) + balance // within 2^62 + 2^62
		if rest > t.Cap {
			return max(balance, t.Cap)
		}
		return max(rest, -largestQuota)
	}
	rest := new(big.Int).Mul(big.NewInt(t.Rate-pay), big.NewInt(n-1))
	rest.Add(rest, big.NewInt(balance))
	if rest.Cmp(big.NewInt(t.Cap)) > 0 {
		return max(balance, t.Cap)
	}
	if rest.Cmp(big.NewInt(-largestQuota)) < 0 {
		return -largestQuota
	}
	return rest.Int64()
}

// UpdateTime lets ended runs pay, moves the ledger on to t, then forgets idle workers that were not
// heard of for too long, then lets requests leave that have waited for too long. A t before the
// last one is remembered as the time of the call, and does nothing else; one outside 1970 to 9999
// does nothing.
func (s *Scheduler) UpdateTime(t time.Time, e scheduler.EventSink) {
	if checkTime("update", t) != nil {
		return
	}
	s.called = t.UTC()
	if t.Before(s.now) {
		return
	}
	millis := t.UnixMilli() - s.accountingNow()
	for id, a := range s.accounts {
		s.payEnded(a, t.UnixMilli())
		for p := range a.balance {
			terms := Terms{
				Rate: int64(a.config.ChargeRate[p]),
				Cap:  int64(a.capOf(scheduler.Priority(p))),
				Runs: int64(s.runsAt(id, scheduler.Priority(p))),
			}
			a.balance[p] = scheduler.Quota(terms.Step(int64(a.balance[p]), millis))
		}
	}
	s.now = t.UTC()
	s.expireWorkers(e)
	s.expireRequests(e)
}

// payEnded lets an account pay for its ended runs, up to their ends or to the next update,
// whichever is earlier.
func (s *Scheduler) payEnded(a *account, next int64) {
	for _, r := range a.ended {
		paid := scheduler.Quota(1000 * (min(r.end, next) - s.accountingNow()))
		a.balance[r.level] = sum(a.balance[r.level], -paid)
	}
	a.ended = nil
}

// accountingNow is the time of the ledger, in whole milliseconds since 1970.
func (s *Scheduler) accountingNow() int64 { return s.now.UnixMilli() }

func (s *Scheduler) expireWorkers(e scheduler.EventSink) {
	expiration := cmp.Or(s.config.WorkerExpiration, scheduler.DefaultWorkerExpiration)
	for _, id := range slices.Sorted(maps.Keys(s.workers)) {
		w := s.workers[id]
		if w.run == nil && s.now.After(w.confirmed.Add(expiration)) {
			delete(s.workers, id)
			s.emit(e, happening{kind: protos.TaskEvent_TYPE_WORKER_EXPIRED, decision: true,
				time: s.now, worker: w})
		}
	}
}

func (s *Scheduler) expireRequests(e scheduler.EventSink) {
	if s.config.RequestExpiration == 0 {
		return
	}
	for _, r := range slices.SortedFunc(maps.Values(s.waiting), inOrder) {
		if s.now.After(r.enqueued.Add(s.config.RequestExpiration)) {
			delete(s.waiting, r.id)
			s.expired[r.id] = r.enqueued
			s.emit(e, happening{kind: protos.TaskEvent_TYPE_COMPLETED, decision: true,
				time: s.now, request: r,
				completed: &protos.TaskEvent_Completed{
					Reason: protos.TaskEvent_Completed_REASON_EXPIRED}})
		}
	}
}

// sum adds two amounts, each within ±2^62, saturating there.
func sum(a, b scheduler.Quota) scheduler.Quota {
	switch {
	case b > 0 && a > largestQuota-b:
		return largestQuota
	case b < 0 && a < -largestQuota-b:
		return -largestQuota
	}
	return a + b
}

// product multiplies two numbers that are not negative, saturating at 2^62.
func product(a, b int64) scheduler.Quota {
	p := new(big.Int).Mul(big.NewInt(a), big.NewInt(b))
	if p.Cmp(big.NewInt(largestQuota)) > 0 {
		return largestQuota
	}
	return scheduler.Quota(p.Int64())
}

// plus adds level by level.
func plus(a, b scheduler.Balance) scheduler.Balance {
	for p := range a {
		a[p] = sum(a[p], b[p])
	}
	return a
}

// minus subtracts level by level.
func minus(a, b scheduler.Balance) scheduler.Balance {
	for p := range a {
		a[p] = sum(a[p], -b[p])
	}
	return a
}
