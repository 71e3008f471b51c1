package scheduler

import (
	"github.com/quotasched/quotasched/internal/minheap"
	"github.com/quotasched/quotasched/internal/touches"
)

// A choice is what a pass knows of the idle classes that can run a demand. In a pass no worker
// becomes idle, so a choice only shrinks.
type choice struct {
	pass  uint64 // the pass that the rest belongs to
	tries int

	looked          bool // see look
	none            bool // no idle class can run it any more
	noneProvisioned bool // none that has the provisionable labels, too

	listed bool
	any    minheap.Heap[candidate] // if listed: the classes, the best head first
	prov   minheap.Heap[candidate] // those that have the provisionable labels
}

// A candidate is a class with the head that it had when it was last looked at: heads only get
// worse.
type candidate struct {
	class *workerClass
	head  *worker
}

// triesBeforeList is how often a demand is looked up before its choice is listed. A list pays off
// only for demands with several requests.
const triesBeforeList = 3

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
func (p *pass) choose(l *lane, provisioned bool) (best *workerClass, limited bool) {
	demand := l.demand
	c := p.choiceOf(demand)
	if c.none || provisioned && c.noneProvisioned || len(p.s.index.idle) == 0 {
		return nil, false
	}
	if !c.listed && demand.counted {
		if c.tries++; c.tries >= triesBeforeList {
			p.list(demand)
		}
	}
	if c.listed {
		best, limited = p.chooseListed(l, provisioned)
	} else {
		best, limited = p.chooseAmongAll(l, provisioned)
	}
	if best == nil && !limited {
		c.noneProvisioned = true
		c.none = !provisioned || demand.plain
	}
	return best, limited
}

// choiceOf returns what the pass knows of the idle classes that can run a demand.
func (p *pass) choiceOf(demand *demand) *choice {
	c := &demand.choice
	if c.pass != p.id {
		*c = choice{pass: p.id, none: demand.classCount == 0}
	}
	return c
}

// look finds out, once for a demand in a pass, whether there is any idle class to choose from, for
// all its lanes. If it has many classes, or one lane, that is left to the first choice that finds
// none.
func (p *pass) look(demand *demand) *choice {
	c := p.choiceOf(demand)
	if c.looked || demand.counted || len(demand.lanes) == 1 {
		return c
	}
	c.looked, c.none, c.noneProvisioned = true, true, true
	for _, class := range demand.classes {
		touches.Class()
		if class.idle.Len() == 0 {
			continue
		}
		c.none = false
		if demand.prov.within(class.set) {
			c.noneProvisioned = false
			break
		}
	}
	return c
}

// chooseAmongAll is choose for a demand whose choice is not listed.
func (p *pass) chooseAmongAll(l *lane, provisioned bool) (best *workerClass, limited bool) {
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
	p.eachIdle(demand, consider)
	return top.class, limited
}

// eachIdle calls f with the classes that can run a demand, among them all those with idle workers.
func (p *pass) eachIdle(demand *demand, f func(*workerClass) bool) {
	x := p.s.index
	switch {
	case !demand.counted:
		for _, class := range demand.classes {
			touches.Class()
			f(class)
		}
	case len(x.idle) <= 64:
		for _, class := range x.idle {
			touches.Class()
			if demand.base.within(class.set) {
				f(class)
			}
		}
	default:
		x.eachClass(demand, &x.idleSlots, f)
	}
}

// list makes the lists of a demand's choice.
func (p *pass) list(demand *demand) {
	c := &demand.choice
	c.listed = true
	p.eachIdle(demand, func(class *workerClass) bool {
		if class.idle.Len() > 0 {
			next := candidate{class, class.idle.First()}
			c.any.Append(next)
			if demand.prov.within(class.set) {
				c.prov.Append(next)
			}
		}
		return true
	})
	c.any.Init()
	c.prov.Init()
	p.listed = append(p.listed, demand)
}

// dropChoices frees the lists of choices.
func (p *pass) dropChoices() {
	for _, demand := range p.listed {
		demand.choice = choice{}
	}
}

// chooseListed is choose for a demand whose choice is listed.
func (p *pass) chooseListed(l *lane, provisioned bool) (best *workerClass, limited bool) {
	h := &l.demand.choice.any
	if provisioned {
		h = &l.demand.choice.prov
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
