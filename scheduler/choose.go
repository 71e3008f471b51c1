package scheduler

import (
	"github.com/quotasched/quotasched/internal/minheap"
	"github.com/quotasched/quotasched/internal/touches"
)

// A choice is what a pass knows of the idle kinds that can run a need. In a pass no worker becomes
// idle, so a choice only shrinks.
type choice struct {
	pass  uint64 // the pass that the rest belongs to
	tries int

	looked          bool // see look
	none            bool // no idle kind can run it any more
	noneProvisioned bool // none that has the provisionable labels, too

	listed bool
	any    minheap.Heap[candidate] // if listed: the kinds, the best head first
	prov   minheap.Heap[candidate] // those that have the provisionable labels
}

// A candidate is a kind with the head that it had when it was last looked at: heads only get worse.
type candidate struct {
	kind *kind
	head *worker
}

// triesBeforeList is how often a need is looked up before its choice is listed. A list pays off
// only for needs with several requests.
const triesBeforeList = 3

// Before is the order of a request's choice: fewest labels, idle for longest, then id.
func (c candidate) Before(d candidate) bool {
	if sc, sd := c.kind.size(), d.kind.size(); sc != sd {
		return sc < sd
	}
	return c.head.Before(d.head)
}

// choose returns the kind whose first idle worker the lane's head takes, or nil if it finds none.
// With provisioned, it looks only at those that have the provisionable labels too. The flag limited
// says that a label limit of the account kept it from some worker.
func (p *pass) choose(l *lane, provisioned bool) (best *kind, limited bool) {
	n := l.need
	c := p.choiceOf(n)
	if c.none || provisioned && c.noneProvisioned || len(p.s.index.idle) == 0 {
		return nil, false
	}
	if !c.listed && n.wide {
		if c.tries++; c.tries >= triesBeforeList {
			p.list(n)
		}
	}
	if c.listed {
		best, limited = p.chooseListed(l, provisioned)
	} else {
		best, limited = p.chooseAmongAll(l, provisioned)
	}
	if best == nil && !limited {
		c.noneProvisioned = true
		c.none = !provisioned || n.plain
	}
	return best, limited
}

// choiceOf returns what the pass knows of the idle kinds that can run a need.
func (p *pass) choiceOf(n *need) *choice {
	c := &n.choice
	if c.pass != p.id {
		*c = choice{pass: p.id, none: n.kindCount == 0}
	}
	return c
}

// look finds out, once for a need in a pass, whether there is any idle kind to choose from, for all
// its lanes. If it has many kinds, or one lane, that is left to the first choice that finds none.
func (p *pass) look(n *need) *choice {
	c := p.choiceOf(n)
	if c.looked || n.wide || len(n.lanes) == 1 {
		return c
	}
	c.looked, c.none, c.noneProvisioned = true, true, true
	for _, k := range n.kinds {
		touches.Class()
		if k.idle.Len() == 0 {
			continue
		}
		c.none = false
		if n.prov.within(k.set) {
			c.noneProvisioned = false
			break
		}
	}
	return c
}

// chooseAmongAll is choose for a need whose choice is not listed.
func (p *pass) chooseAmongAll(l *lane, provisioned bool) (best *kind, limited bool) {
	n := l.need
	var top candidate
	consider := func(k *kind) bool {
		if k.idle.Len() == 0 || provisioned && !n.prov.within(k.set) {
			return true
		}
		next := candidate{k, k.idle.First()}
		if top.kind != nil && !next.Before(top) {
			return true
		}
		if !p.admits(l.account, k) {
			limited = true
			return true
		}
		top = next
		return true
	}
	p.eachIdle(n, consider)
	return top.kind, limited
}

// eachIdle calls f with the kinds that can run a need, among them all those with idle workers.
func (p *pass) eachIdle(n *need, f func(*kind) bool) {
	x := p.s.index
	switch {
	case !n.wide:
		for _, k := range n.kinds {
			touches.Class()
			f(k)
		}
	case len(x.idle) <= 64:
		for _, k := range x.idle {
			touches.Class()
			if n.base.within(k.set) {
				f(k)
			}
		}
	default:
		x.eachKind(n, &x.idleSlots, f)
	}
}

// list makes the lists of a need's choice.
func (p *pass) list(n *need) {
	c := &n.choice
	c.listed = true
	p.eachIdle(n, func(k *kind) bool {
		if k.idle.Len() > 0 {
			next := candidate{k, k.idle.First()}
			c.any.Append(next)
			if n.prov.within(k.set) {
				c.prov.Append(next)
			}
		}
		return true
	})
	c.any.Init()
	c.prov.Init()
	p.listed = append(p.listed, n)
}

// dropChoices frees the lists of choices.
func (p *pass) dropChoices() {
	for _, n := range p.listed {
		n.choice = choice{}
	}
}

// chooseListed is choose for a need whose choice is listed.
func (p *pass) chooseListed(l *lane, provisioned bool) (best *kind, limited bool) {
	h := &l.need.choice.any
	if provisioned {
		h = &l.need.choice.prov
	}
	if l.account.limits != nil {
		return p.chooseLimited(l.account, h)
	}
	for h.Len() > 0 {
		touches.Class()
		top := h.Top()
		switch {
		case top.kind.idle.Len() == 0:
			h.Pop()
		case top.kind.idle.First() != top.head:
			h.ReplaceTop(candidate{top.kind, top.kind.idle.First()})
		default:
			return top.kind, false
		}
	}
	return nil, false
}

// chooseLimited looks at all the candidates, for an account with label limits, which may keep it
// from the best ones.
func (p *pass) chooseLimited(a *account, h *minheap.Heap[candidate]) (best *kind, limited bool) {
	var top candidate
	for _, c := range h.Items() {
		touches.Class()
		if c.kind.idle.Len() == 0 {
			continue
		}
		next := candidate{c.kind, c.kind.idle.First()}
		if top.kind != nil && !next.Before(top) {
			continue
		}
		if !p.admits(a, c.kind) {
			limited = true
			continue
		}
		top = next
	}
	return top.kind, limited
}
