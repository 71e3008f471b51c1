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
	s.index.eachDemand(r.worker.class, func(demand *demand) {
		for _, e := range demand.lanes {
			l := e.lane
			if l.head == nil || l.account == r.account() || l.account.suspended {
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
	if c.first().Before(d.first()) {
		return -1
	}
	return 1
}

// contender describes a request that would take a run's worker, and why it does not, unless it
// takes it.
func (s *Scheduler) contender(r *run, by *request, p Priority, takes bool) *protos.Contender {
	a := by.lane.account
	d := &protos.Contender{
		RequestId:    string(by.id),
		AccountId:    string(a.id),
		Level:        int32(p),
		RunningBelow: int64(a.runsBelow(p)),
	}
	if a.exists() {
		d.Balance = a.balance.units()
	}
	if !takes {
		d.Code = s.whyNot(r, a, p)
	}
	return d
}

// whyNot says why a request of an account at a level does not take a run's worker.
func (s *Scheduler) whyNot(r *run, a *account, p Priority) protos.Finding_Code {
	switch {
	case p >= r.level:
		return protos.Finding_LevelNotBetter
	case s.config.DisablePreemption:
		return protos.Finding_PreemptionDisabled
	case r.worker.cordoned:
		return protos.Finding_WorkersCordoned
	case s.protects(r, p):
		return protos.Finding_Protected
	case !s.admits(a, r.worker.class):
		return protos.Finding_LabelLimitReached
	case !a.outranks(r, p, s.burstCover):
		return protos.Finding_PriceTooHigh
	}
	return protos.Finding_CheaperFirst
}
