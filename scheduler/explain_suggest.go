package scheduler

import "github.com/quotasched/quotasched/protos"

// A search finds the smallest changes with which the next pass starts a request that waits. It
// tries changes out, each in a trial of its own, so what it finds is true; and it begins with the
// smallest one that can make a difference and goes on from there, so nothing smaller would do.
//
// Each kind of change may use a part of what is left of the budget.
type search struct {
	s     *Scheduler
	r     *request
	first *probe // what the pass that does not start the request was watched by

	budget int  // for the kind of change of the moment
	left   int  // for all that are to come
	ended  bool // for lack of budget
	found  []*protos.Suggestion
}

// searchBudget bounds what the trials of one search look at, in the unit of trial.spend.
const searchBudget = 60_000

// suggest returns the smallest changes of each kind.
func (s *Scheduler) suggest(r *request, first *probe) *search {
	f := &search{s: s, r: r, first: first, left: searchBudget}
	if r.blocked() { // nothing else can start it
		f.share(1, f.unblock)
		return f
	}
	if f.account().suspended { // nor can anything else start it
		f.share(1, f.resume)
		return f
	}
	kinds := []func(){f.allowFree, f.fanout, f.labelLimits, f.freeWorkers,
		f.uncordon, f.moreWorkers}
	for p := range Priority(NumPriorities) {
		kinds = append(kinds, func() { f.balance(p) })
	}
	for i, kind := range kinds {
		f.share(len(kinds)-i, kind)
	}
	return f
}

// share searches one kind of change with an equal share of what is left for n of them.
func (f *search) share(n int, kind func()) {
	share := f.left / n
	f.budget = share
	kind()
	f.left -= share - max(0, f.budget)
}

// try tries a change, and returns how the request fares with it: nil if the budget did not suffice
// to find out.
func (f *search) try(b *probe, change func(*trial)) *trial {
	if f.budget <= 0 {
		f.ended = true
		return nil
	}
	t := f.s.newTrial(f.r, f.budget)
	change(t)
	t.run(b)
	f.budget -= t.spent
	if t.outOf && t.start == nil {
		f.ended = true
		return nil
	}
	return t
}

// add adds a suggestion.
func (f *search) add(b *begun, c *protos.Change) {
	f.found = append(f.found, &protos.Suggestion{Change: c, Start: f.s.startDetails(b)})
}

// account returns the request's account.
func (f *search) account() *account { return f.r.lane.account }

func (f *search) unblock() {
	if t := f.try(nil, (*trial).unblock); t != nil && t.start != nil {
		f.add(t.start, &protos.Change{Kind: &protos.Change_Unblock{
			Unblock: &protos.UnblockChange{},
		}})
	}
}

func (f *search) resume() {
	if t := f.try(nil, (*trial).resume); t != nil && t.start != nil {
		f.add(t.start, &protos.Change{Kind: &protos.Change_Resume{Resume: &protos.ResumeChange{}}})
	}
}

func (f *search) allowFree() {
	a := f.account()
	if !a.neverFree() {
		return
	}
	t := f.try(nil, func(t *trial) {
		t.changeConfig(a, func(c *AccountConfig) { c.DisableFreeTasks = false })
	})
	if t != nil && t.start != nil {
		f.add(t.start, &protos.Change{Kind: &protos.Change_AllowFree{
			AllowFree: &protos.AllowFreeChange{},
		}})
	}
}
