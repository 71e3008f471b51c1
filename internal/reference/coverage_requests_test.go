package reference_test

import (
	"fmt"
	"slices"

	"github.com/quotasched/quotasched/protos"
)

// lookAtRequests counts the situations of requests that wait, and of what runs.
func (s sights) lookAtRequests(m moment) {
	waiting := m.after.GetScheduler().GetWaitingRequests()
	workers := m.after.GetScheduler().GetWorkers()
	runs := 0
	for _, w := range workers {
		if w.GetRun() != nil {
			runs++
			s.see(w.GetRun().GetNextContent() != nil, "next content kept")
		}
	}
	s.see(len(waiting) >= 15 && runs >= 6, "deep pool")
	if m.op.GetAssignTasks() == nil {
		return
	}
	for _, r := range waiting {
		s.see(r.GetBlocked(), "blocked request waits")
		s.lookAtWaiting(m.after, r)
	}
	for _, w := range workers {
		if w.GetRun().GetPriority() == 5 {
			c := w.GetRun().GetRequest().GetContent()
			limited := atFanout(m.after, c)
			s.see(limited, "limited group waits or is free")
			a := accountOf(m.after, c)
			for p := range a.GetBalance() {
				s.see(limited && a.GetBalance()[p] > 700*quotaUnit &&
					runsOf(m.after, a, p) < a.GetConfig().GetChargeRate()[p]/1000,
					"promotion passed over a limited run")
			}
		}
	}
}

// lookAtWaiting counts why a request waits after a pass.
func (s sights) lookAtWaiting(p *protos.Pool, r *protos.Request) {
	c := r.GetContent()
	a := accountOf(p, c)
	if a == nil || r.GetBlocked() {
		return
	}
	s.see(atFanout(p, c), "limited group waits or is free")
	for _, w := range p.GetScheduler().GetWorkers() {
		if w.GetRun() == nil && matchesBase(p, w, c) {
			disabled := a.GetConfig().GetDisableFreeTasks()
			s.see(disabled, "free tasks disabled keep a worker idle")
			s.see(!disabled && len(a.GetConfig().GetPerLabelTaskLimits()) > 0,
				"label limit keeps a worker idle")
		}
	}
	for level, b := range a.GetBalance() {
		own, rate := runsOf(p, a, level), a.GetConfig().GetChargeRate()[level]
		if b <= 60*quotaUnit || 1000*own < rate || 1000*own > rate+1000 {
			continue
		}
		ownBelow, othersBelow := false, false
		for _, w := range p.GetScheduler().GetWorkers() {
			if run := w.GetRun(); int(run.GetPriority()) > level {
				owner := accountOf(p, run.GetRequest().GetContent())
				ownBelow = ownBelow || owner.GetId() == a.GetId()
				othersBelow = othersBelow || owner.GetId() != a.GetId() && matchesBase(p, w, c) &&
					slices.Max(run.GetCost()) == 0 && run.GetPriority() == 5
			}
		}
		s.see(ownBelow && othersBelow && !atFanout(p, c), "barred account")
	}
}

// runsOf counts the runs of an account at a level.
func runsOf(p *protos.Pool, a *protos.Account, level int) (n int64) {
	for _, w := range p.GetScheduler().GetWorkers() {
		if w.GetRun() != nil && int(w.GetRun().GetPriority()) == level &&
			accountOf(p, w.GetRun().GetRequest().GetContent()).GetId() == a.GetId() {
			n++
		}
	}
	return n
}

// atFanout says whether the fanout group of a content is at its limit.
func atFanout(p *protos.Pool, c *protos.RequestContent) bool {
	group := func(c *protos.RequestContent) string {
		union := append(labelsOf(p, c.GetBaseLabelSet()),
			labelsOf(p, c.GetProvisionableLabelSet())...)
		slices.Sort(union)
		return fmt.Sprint(c.GetAccount(), slices.Compact(union))
	}
	a := accountOf(p, c)
	if a.GetConfig().GetMaxFanout() == 0 {
		return false
	}
	n := int64(0)
	for _, w := range p.GetScheduler().GetWorkers() {
		if r := w.GetRun(); r != nil && r.GetPriority() < 5 &&
			group(r.GetRequest().GetContent()) == group(c) {
			n++
		}
	}
	return n >= a.GetConfig().GetMaxFanout()
}
