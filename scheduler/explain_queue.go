package scheduler

import "github.com/quotasched/quotasched/protos"

// queue counts who goes first among those who want the same workers. It looks at the lanes that a
// kind of worker which the request matches can run, and finds its place in each.
func (x *explainer) queue() {
	d := &protos.QueueDetails{Total: 1}
	x.w.Queue = d
	levels := map[*account]Priority{}
	x.eachRival(func(l *lane) {
		p, ok := x.levelAmong(levels, l)
		if !ok {
			return
		}
		all := l.queue.Len()
		ahead := 0
		switch {
		case p < x.level:
			ahead = all
		case p == x.level:
			ahead = l.queue.Rank(func(o *request) bool { return !o.Before(x.r) })
		}
		if l == x.r.lane && !x.r.blocked {
			all-- // it is counted already
		}
		d.Total += int64(all)
		d.Ahead += int64(ahead)
		if l.account == x.a && x.a.id != "" {
			d.AheadOwn += int64(ahead)
		}
	})
	x.ahead = d.Ahead
	switch {
	case len(x.kinds) == 0: // nobody wants workers that are not there
	case d.Ahead == 0 && x.idle > 0 && !x.starts && len(x.failed) == 0:
		x.add(protos.Finding_OwnFirst, false)
	case d.Ahead == 0:
		x.add(protos.Finding_First, true)
	default:
		x.add(protos.Finding_OthersFirst, false)
	}
}

// levelAmong is levelOf, with what accounts may start kept in levels.
func (x *explainer) levelAmong(levels map[*account]Priority, l *lane) (Priority, bool) {
	a := l.account
	if a.exists() && !l.isFull() {
		p, known := levels[a]
		if !known {
			for p < FreeBucket && !a.mayStart(p, x.s.burstCover) {
				p++
			}
			levels[a] = p
		}
		if p < FreeBucket {
			return p, true
		}
	}
	return FreeBucket, !a.neverFree()
}

// eachRival calls f with each lane with a queue that a kind which the request matches can run.
func (x *explainer) eachRival(f func(*lane)) {
	lanes := func(n *need) {
		for _, l := range n.lanes {
			if l.queue.Len() > 0 {
				f(l)
			}
		}
	}
	cost := 0
	for _, k := range x.kinds {
		cost += x.s.index.needCost(k)
	}
	if cost > rivalNeeds*len(x.s.index.needs) {
		x.eachSharing(lanes)
		return
	}
	seen := map[*need]bool{}
	for _, k := range x.kinds {
		x.s.index.eachNeed(k, func(n *need) {
			if !seen[n] {
				seen[n] = true
				lanes(n)
			}
		})
	}
}

// rivalNeeds is for how many looks at a need it pays to ask each need for its kinds instead.
const rivalNeeds = 4

// eachSharing calls f with each need that shares a kind with the request's.
func (x *explainer) eachSharing(f func(*need)) {
	base := x.n.base
	for _, n := range x.s.index.needs { // the order is free: it serves for counting
		shares := false
		if n.wide {
			x.s.index.eachKind(n, nil, func(k *kind) bool {
				shares = base.within(k.set)
				return !shares
			})
		}
		for _, k := range n.kinds {
			shares = shares || base.within(k.set)
		}
		if shares {
			f(n)
		}
	}
}
