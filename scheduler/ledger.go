package scheduler

import (
	"math/bits"
	"time"
)

// The ledger is defined by what happens in one millisecond to a balance b with a number of runs
// that pay, a rate, and a cap:
//
//	b = b - 1000 × runs
//	if b < cap { b = min(b + rate, cap) }
//
// A balance above its cap (a refund can lift it there) pays but earns nothing, and is not cut.

// advance returns what b becomes in the given number of milliseconds: the recurrence in closed
// form, so one step of n equals n steps of 1 to the last unit.
func advance(b Quota, rate Rate, limit Quota, runs int, millis int64) Quota {
	pay, earn := payPerMilli*Quota(runs), Quota(rate)
	if millis <= 0 {
		return b
	}
	if b-pay >= limit { // it stays at its cap or above for a while, and earns nothing
		if pay == 0 {
			return b
		}
		steps := min(millis, int64((b-limit)/pay))
		b -= Quota(steps) * pay
		if millis -= steps; millis == 0 {
			return b
		}
	}
	if earn >= pay {
		if gain := mulSaturating(int64(earn-pay), millis); gain < int64(limit-b) {
			return b + Quota(gain)
		}
		return limit
	}
	b = max(min(b-pay+earn, limit), -maxQuota)
	if loss := mulSaturating(int64(pay-earn), millis-1); loss < int64(b+maxQuota) {
		return b - Quota(loss)
	}
	return -maxQuota
}

// mulSaturating returns a × b for a, b ≥ 0, or the greatest int64.
func mulSaturating(a, b int64) int64 {
	hi, lo := bits.Mul64(uint64(a), uint64(b))
	if hi != 0 || lo >= 1<<63 {
		return 1<<63 - 1
	}
	return int64(lo)
}

// An endedRun is a run that has yet to pay at its level from the last update to its end, which is
// in accounting time.
type endedRun struct {
	level Priority
	end   int64
}

// endByNews settles the account of a run that ends by news of a time: one that was not handed out
// gets back what it has paid for itself, and any other has to pay up to that time, or up to the
// next update if that is earlier.
func (s *Scheduler) endByNews(r *run, t instant) {
	a := r.account()
	switch end := t.millis(); {
	case r.stage == Held:
		s.refund(a, r)
	case a.exists() && r.level < FreeBucket && end > s.now.millis():
		if len(a.ended) == 0 {
			s.owing = append(s.owing, a)
		}
		a.ended = append(a.ended, endedRun{r.level, end})
	}
}

// payEnded lets accounts pay for their ended runs, before an update to the given time.
func (s *Scheduler) payEnded(next int64) {
	for _, a := range s.owing {
		s.disturb()
		for _, r := range a.ended {
			pay := payPerMilli * Quota(min(r.end, next)-s.now.millis())
			a.balance[r.level] = a.balance[r.level].add(-pay)
		}
		a.ended = a.ended[:0]
	}
	clear(s.owing)
	s.owing = s.owing[:0]
}

// advance moves all balances of the account on, and reports whether any of them changed.
func (a *account) advance(millis int64) (moved bool) {
	for p, b := range a.balance {
		rate, runs := a.config.ChargeRate[p], a.running[p]
		if runs == 0 && (rate == 0 || b == a.caps[p]) {
			continue // the usual case: nothing to pay, and nothing to earn
		}
		if next := advance(b, rate, a.caps[p], runs, millis); next != b {
			a.balance[p], moved = next, true
		}
	}
	return moved
}

// caps returns what each balance earns up to.
func (c *AccountConfig) caps() (caps Balance) {
	for p, rate := range c.ChargeRate {
		caps[p] = Quota(rate) * Quota(c.MaxCharge.Milliseconds())
	}
	return caps
}

// mayStart reports whether the account may start one more run at level p.
func (a *account) mayStart(p Priority, cover time.Duration) bool {
	return a.balance[p] > a.need(p, cover)
}

// bestLevel returns the best paid level at which the account may start one more run, or the free
// bucket. An account that does not exist has none.
func (a *account) bestLevel(cover time.Duration) Priority {
	p := FreeBucket
	if a.exists() {
		for p = 0; p < FreeBucket && !a.mayStart(p, cover); {
			p++
		}
	}
	return p
}

// need returns the balance above which the account may start one more run at level p: with that
// run, each one beyond its rate must be payable for the burst cover; but for the run that the rate
// covers in part, a full bucket is always enough.
func (a *account) need(p Priority, cover time.Duration) Quota {
	beyond := a.beyondRate(p) + 1000
	if beyond <= 0 {
		return 0
	}
	need := Quota(min(mulSaturating(beyond, cover.Milliseconds()), int64(maxQuota)))
	if beyond < 1000 {
		return max(0, min(need, a.caps[p]-1))
	}
	return need
}

// beyondRate returns how many milli-workers the account runs at level p beyond its rate there.
func (a *account) beyondRate(p Priority) int64 {
	return milliWorkers(a.running[p]) - int64(a.config.ChargeRate[p])
}

func milliWorkers(runs int) int64 { return int64(runs) * 1000 }

// credit adds to the balance of an account, if it exists.
func (s *Scheduler) credit(a *account, amount Balance) {
	if a.exists() {
		s.undo.setBalance(a)
		a.balance = a.balance.plus(amount)
	}
}

// debit takes off the balance of an account, if it exists.
func (s *Scheduler) debit(a *account, amount Balance) {
	if a.exists() {
		s.undo.setBalance(a)
		a.balance = a.balance.minus(amount)
	}
}
