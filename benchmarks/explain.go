package benchmarks

import (
	"time"

	"github.com/quotasched/quotasched/scheduler"
)

// explaining asks why requests wait. It asks about the oldest request of each account, for which a
// change that starts it is mostly near, and about requests from all along the queue.
func explaining(shaped []Size) *Case {
	var asked []scheduler.RequestID
	return &Case{
		Name: "Explain", shape: shape{busy: true}, Sizes: shaped,
		What: "Why one request waits, with the smallest changes that would start it, all workers busy. " +
			"The work is the changes that are found.",
		Reach: 5 * time.Millisecond, Reach99: 5 * time.Millisecond,
		prepare: func(p *world) {
			settle(p)
			asked = oldest(p.Target.(*scheduler.Scheduler), p.Accounts)
		},
		between: func(p *world, _ int) { p.step(millisecond) },
		op: func(p *world) int {
			id := asked[0]
			asked = append(asked[1:], id)
			e, err := p.Target.(*scheduler.Scheduler).Explain(id)
			must(err)
			return len(e.GetWaiting().GetSuggestions())
		},
	}
}

// oldest returns the oldest waiting request of each account, and as many from along the queue.
func oldest(s *scheduler.Scheduler, accounts int) (ids []scheduler.RequestID) {
	var all []scheduler.RequestID
	seen := map[scheduler.AccountID]bool{}
	for r := range s.Waiting() {
		all = append(all, r.ID)
		if !seen[r.Account] {
			seen[r.Account] = true
			ids = append(ids, r.ID)
		}
	}
	for i := range accounts {
		ids = append(ids, all[i*len(all)/accounts])
	}
	return ids
}
