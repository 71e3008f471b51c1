package reference

import (
	"cmp"
	"strings"

	"github.com/quotasched/quotasched/scheduler"
)

// runsAt counts the account's runs at a level, at any stage.
func (s *Scheduler) runsAt(id scheduler.AccountID, level scheduler.Priority) int {
	n := 0
	for _, w := range s.workers {
		if w.run != nil && w.run.level == level && w.run.request.account == id {
			n++
		}
	}
	return n
}

// capOf is the balance at which an account stops to earn at a level.
func (a *account) capOf(p scheduler.Priority) scheduler.Quota {
	return scheduler.Quota(int64(a.config.ChargeRate[p]) * a.config.MaxCharge.Milliseconds())
}

// need is what the balance of an account at a paid level must be above for it to start another run
// there. The run beyond its rate, and those before it, must be payable for BurstCover; but for the
// run that the rate covers in part a full bucket is always enough.
func (s *Scheduler) need(a *account, id scheduler.AccountID, p scheduler.Priority) scheduler.Quota {
	n, rate := 1000*int64(s.runsAt(id, p)), int64(a.config.ChargeRate[p])
	beyond := max(0, n+1000-rate)
	cover := max(0, cmp.Or(s.config.BurstCover, scheduler.DefaultBurstCover).Milliseconds())
	need := product(beyond, cover)
	if n < rate && rate < n+1000 {
		need = max(0, min(need, a.capOf(p)-1))
	}
	return need
}

// mayStart says whether an account may start another run at a paid level.
func (s *Scheduler) mayStart(id scheduler.AccountID, p scheduler.Priority) bool {
	a := s.accounts[id]
	return a != nil && a.balance[p] > 0 && a.balance[p] > s.need(a, id, p)
}

// levelFrom is the best level, from p on, at which an account may start a run at this moment.
func (s *Scheduler) levelFrom(p scheduler.Priority, id scheduler.AccountID) scheduler.Priority {
	for ; p < scheduler.FreeBucket; p++ {
		if s.mayStart(id, p) {
			return p
		}
	}
	return scheduler.FreeBucket
}

// paidInGroup counts the paid runs of a fanout group.
func (s *Scheduler) paidInGroup(group string) int {
	n := 0
	for _, w := range s.workers {
		if w.run != nil && w.run.level < scheduler.FreeBucket && w.run.request.group == group {
			n++
		}
	}
	return n
}

// atFanout says whether the group of a request has as many paid runs as its account allows.
func (s *Scheduler) atFanout(r *request) bool {
	a := s.accounts[r.account]
	return a != nil && a.config.MaxFanout > 0 && s.paidInGroup(r.group) >= a.config.MaxFanout
}

// levelNow is the best level at which a request may start at this moment, outside of a pass.
func (s *Scheduler) levelNow(r *request) scheduler.Priority {
	if s.atFanout(r) {
		return scheduler.FreeBucket
	}
	return s.levelFrom(0, r.account)
}

// limitOf returns the account's task limit for workers with a label; 0 is no limit. Several keys
// can speak of one label ("a" and "a:b" of "a:b:c"); the smallest limit counts.
func limitOf(c *scheduler.AccountConfig, label string) int {
	limit := 0
	for key, n := range c.PerLabelTaskLimits {
		if n > 0 && (label == key || strings.HasPrefix(label, key+":")) {
			if limit == 0 || n < limit {
				limit = n
			}
		}
	}
	return limit
}

// fullLabels returns the labels whose workers are no match for an account at this moment, since
// its runs on them have reached a limit.
func (s *Scheduler) fullLabels(id scheduler.AccountID) map[string]bool {
	a := s.accounts[id]
	if a == nil || len(a.config.PerLabelTaskLimits) == 0 {
		return nil
	}
	counts := map[string]int{}
	for _, w := range s.workers {
		if w.run != nil && w.run.request.account == id {
			for _, label := range w.labels {
				counts[label]++
			}
		}
	}
	full := map[string]bool{}
	for label, n := range counts {
		if limit := limitOf(&a.config, label); limit > 0 && n >= limit {
			full[label] = true
		}
	}
	return full
}

// matches says whether a worker can run a request, idle or not: it has the base labels, and none
// of those that are full for the request's account.
func matches(r *request, w *worker, full map[string]bool) bool {
	for _, label := range w.labels {
		if full[label] {
			return false
		}
	}
	return hasAll(w.labels, r.base)
}
