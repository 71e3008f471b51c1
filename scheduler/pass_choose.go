package scheduler

import (
	"github.com/quotasched/quotasched/internal/minheap"
	"github.com/quotasched/quotasched/internal/touches"
)

// A choice is what a pass knows of the idle classes that can run a demand. In a pass no worker
// becomes idle, so a choice only shrinks.
type choice struct {
	known           bool // else nothing of the rest is
	none            bool // no idle class can run it any more
	noneProvisioned bool // none that has the provisionable labels, too
	listed          bool // the classes are pass.matching[from:to]; else they are many
	from, to        int32
	tries           int32   // how often they were gone through, as they are not listed
	best            *ranked // nil unless they were gone through too often for that
}

// A ranked choice has its classes in heaps, the best head first.
type ranked struct {
	any  minheap.Heap[candidate]
	prov minheap.Heap[candidate] // those that have the provisionable labels
}

// A candidate is a class with the head that it had when it was last looked at: heads only get
// worse.
type candidate struct {
	class *workerClass
	head  *worker
}

// These bound what a choice keeps. Up to listedMax classes are listed. More are only ranked when
// they were gone through triesBeforeRanking times, as that pays off only for demands with several
// requests.
const (
	listedMax          = 16
	triesBeforeRanking = 3
)

// Before is the order of a request's choice: fewest labels, idle for longest, then id.
func (c candidate) Before(d candidate) bool {
	if sc, sd := c.class.size(), d.class.size(); sc != sd {
		return sc < sd
	}
	return c.head.Before(d.head)
}

// choose returns the class whose first idle worker the lane's head takes, or nil if it finds none.
// With provisioned, it looks only at those that have the provisionable labels too. The flag limited
// says that a label limit of the account kept it from some worker.
func (p *pass) choose(l queuedLane, provisioned bool) (best *workerClass, limited bool) {
	c := &l.demand.choice
	if c.none || provisioned && c.noneProvisioned {
		return nil, false
	}
	if !c.listed && c.best == nil {
		if c.tries++; c.tries >= triesBeforeRanking {
			p.rank(l.demand)
		}
	}
	if c.best != nil {
		best, limited = p.chooseRanked(c.best, l.lane, provisioned)
	} else {
		best, limited = p.chooseAmongAll(c, l.lane, provisioned)
	}
	if best == nil && !limited {
		c.noneProvisioned = true
		c.none = !provisioned || l.demand.demand.plain
	}
	return best, limited
}

// findChoice finds the idle classes that can run a demand, for all its lanes, unless it has.
func (p *pass) findChoice(k *demandPass) {
	c := &k.choice
	if c.known {
		return
	}
	from := len(p.matching)
	*c = choice{known: true, listed: true, none: true, noneProvisioned: true, from: int32(from)}
	p.eachIdle(k.demand, func(class *workerClass) bool {
		if class.idle.Len() == 0 {
			return true
		}
		if len(p.matching)-from == listedMax {
			c.listed = false
			return false
		}
		p.matching = append(p.matching, class)
		c.none = false
		c.noneProvisioned = c.noneProvisioned && !k.demand.prov.within(class.set)
		return true
	})
	if c.to = int32(len(p.matching)); !c.listed {
		c.noneProvisioned = false // as far as is known
		c.to = c.from
		p.matching = p.matching[:from]
	}
}

// chooseAmongAll is choose for a demand whose choice is not ranked.
func (p *pass) chooseAmongAll(c *choice, l *lane, provisioned bool) (best *workerClass,
	limited bool) {
	demand := l.demand
	var top candidate
	consider := func(class *workerClass) bool {
		if class.idle.Len() == 0 || provisioned && !demand.prov.within(class.set) {
			return true
		}
		next := candidate{class, class.idle.First()}
		if top.class != nil && !next.Before(top) {
			return true
		}
		if !p.admits(l.account, class) {
			limited = true
			return true
		}
		top = next
		return true
	}
	if !c.listed {
		p.eachIdle(demand, consider)
		return top.class, limited
	}
	for _, class := range p.matching[c.from:c.to] {
		touches.Class()
		consider(class)
	}
	return top.class, limited
}

// rank puts the classes of a demand's choice into heaps.
func (p *pass) rank(k *demandPass) {
	best := &ranked{}
	p.eachIdle(k.demand, func(class *workerClass) bool {
		next := candidate{class, class.idle.First()}
		best.any.Append(next)
		if k.demand.prov.within(class.set) {
			best.prov.Append(next)
		}
		return true
	})
	best.any.Init()
	best.prov.Init()
	k.choice.best = best
}

// dropChoices forgets what the pass knows of demands.
func (p *pass) dropChoices() {
	p.s.idleTable.clear()
	p.demands.forget()
	clear(p.found)
	p.found = p.found[:0]
	clear(p.matching)
	p.matching = p.matching[:0]
}

// chooseRanked is choose for a demand whose choice is ranked.
func (p *pass) chooseRanked(ranked *ranked, l *lane, provisioned bool) (best *workerClass,
	limited bool) {
	h := &ranked.any
	if provisioned {
		h = &ranked.prov
	}
	if l.account.limits != nil {
		return p.chooseLimited(l.account, h)
	}
	for h.Len() > 0 {
		touches.Class()
		top := h.Top()
		switch {
		case top.class.idle.Len() == 0:
			h.Pop()
		case top.class.idle.First() != top.head:
			h.ReplaceTop(candidate{top.class, top.class.idle.First()})
		default:
			return top.class, false
		}
	}
	return nil, false
}

// chooseLimited looks at all the candidates, for an account with label limits, which may keep it
// from the best ones.
func (p *pass) chooseLimited(a *account, h *minheap.Heap[candidate]) (best *workerClass,
	limited bool) {
	var top candidate
	for _, c := range h.Items() {
		touches.Class()
		if c.class.idle.Len() == 0 {
			continue
		}
		next := candidate{c.class, c.class.idle.First()}
		if top.class != nil && !next.Before(top) {
			continue
		}
		if !p.admits(a, c.class) {
			limited = true
			continue
		}
		top = next
	}
	return top.class, limited
}
