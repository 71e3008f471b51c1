package scheduler

import (
	"cmp"
	"slices"

	"github.com/quotasched/quotasched/protos"
)

// contendersMax is how many contenders an explanation lists.
const contendersMax = 10

// A contender is the first request of an account that would take a run's worker if it could.
type contender struct {
	lane  *lane
	level Priority
}

func (c contender) first() *request { return c.lane.head }

// contenders lists who would take the worker of a run, for each other account its first request:
// those at the best level first, then the oldest. The taker is the request that does so in the next
// pass; empty if none does.
func (s *Scheduler) contenders(r *run, taker RequestID) (all []*protos.Contender) {
	byAccount := map[*account]contender{}
	s.index.eachNeed(r.worker.kind, func(n *need) {
		for _, l := range n.lanes {
			if l.queue.len() == 0 || l.account == r.account() {
				continue
			}
			level, ok := s.levelOf(l)
			if !ok {
				continue
			}
			c := contender{l, level}
			if old, is := byAccount[l.account]; !is || compareContenders(c, old) < 0 {
				byAccount[l.account] = c
			}
		}
	})
	var list []contender
	for _, c := range byAccount { // the order is free: it is sorted next
		list = append(list, c)
	}
	slices.SortFunc(list, compareContenders)
	if t := s.requests[taker]; t != nil {
		c := contender{level: FreeBucket}
		list = slices.DeleteFunc(list, func(o contender) bool {
			if o.lane.account != t.lane.account {
				return false
			}
			c.level = o.level
			return true
		})
		all = append(all, s.contender(r, t, c.level, true))
	}
	for _, c := range list {
		if len(all) == contendersMax {
			break
		}
		all = append(all, s.contender(r, c.first(), c.level, false))
	}
	return all
}

func compareContenders(c, d contender) int {
	if c.level != d.level {
		return cmp.Compare(c.level, d.level)
	}
	if c.first().before(d.first()) {
		return -1
	}
	return 1
}

// contender says why a request does not take a run's worker, unless it does.
func (s *Scheduler) contender(r *run, by *request, p Priority, takes bool) *protos.Contender {
	a := by.lane.account
	d := &protos.Contender{RequestId: string(by.id), AccountId: string(a.id), Level: int32(p)}
	if takes {
		d.Message = "takes the worker in the next pass"
		return d
	}
	var f findings
	cost := r.costAt(s.now.millis())
	switch {
	case p >= r.level:
		f.add(FindingLevelNotBetter, false, "%s is not better than %s", p.name(),
			r.level.name())
	case s.config.DisablePreemption:
		f.add(FindingPreemptionDisabled, false, "no task is preempted in this pool")
	case a.isBarred(p):
		f.add(FindingBarred, false, "its account is barred: it has %s at levels worse than %v",
			count(a.runsBelow(p), "task"), p)
	case !s.admits(a, r.worker.kind):
		f.add(FindingLabelLimitReached, false, "a label limit of its account is reached")
	case !a.canPay(&cost, p):
		f.add(FindingPriceTooHigh, false, "the task has cost %s, and its account has %s",
			cost.words(), a.balance.words())
	default:
		f.add(FindingCheaperFirst, false, "it takes another worker, or waits for older requests")
	}
	d.Code, d.Message = f.failed[0].Code, f.failed[0].Message
	return d
}
