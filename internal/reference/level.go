package reference

import (
	"cmp"
	"math/big"
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

// runsBelow counts the account's runs at levels worse than p, the free bucket included.
func (s *Scheduler) runsBelow(id scheduler.AccountID, p scheduler.Priority) int {
	n := 0
	for level := p + 1; level <= scheduler.FreeBucket; level++ {
		n += s.runsAt(id, level)
	}
	return n
}

// mayStart says whether an account may start another run at a paid level: it exists, and has more
// than what each run beyond its rate costs for the time of BurstCover.
func (s *Scheduler) mayStart(id scheduler.AccountID, p scheduler.Priority) bool {
	a := s.accounts[id]
	if a == nil {
		return false
	}
	cover := cmp.Or(s.config.BurstCover, scheduler.DefaultBurstCover).Milliseconds()
	beyond := 1000*int64(s.runsAt(id, p)) - int64(a.config.ChargeRate[p])
	if cover < 0 || beyond < 0 {
		return a.balance[p] > 0
	}
	needed := new(big.Int).Mul(big.NewInt(beyond), big.NewInt(cover))
	return big.NewInt(int64(a.balance[p])).Cmp(needed) > 0
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
	if !s.atFanout(r) {
		for p := range scheduler.Priority(scheduler.NumPriorities) {
			if s.mayStart(r.account, p) {
				return p
			}
		}
	}
	return scheduler.FreeBucket
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
