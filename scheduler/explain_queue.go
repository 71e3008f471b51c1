package scheduler

import (
	"github.com/quotasched/quotasched/internal/slotset"
	"github.com/quotasched/quotasched/protos"
)

// queue counts who goes first among those who want the same workers. It looks at the lanes that a
// worker class which the request matches can run, and finds its place in each.
func (x *explainer) queue() {
	d := &protos.QueueDetails{Total: 1}
	x.w.Queue = d
	levels := map[*account]Priority{}
	x.eachRival(func(l *lane) {
		p, ok := x.levelAmong(levels, l)
		if !ok || l.account.suspended && l.account != x.a {
			return
		}
		all := l.len()
		ahead := 0
		switch {
		case p < x.level:
			ahead = all
		case p == x.level:
			ahead = l.countBefore(x.r)
		}
		if l == x.r.lane && !x.r.blocked() {
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
	case len(x.classes) == 0: // nobody wants workers that are not there
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

// eachRival calls f with each lane with a queue that a class which the request matches can run.
func (x *explainer) eachRival(f func(*lane)) {
	lanes := func(demand *demand) {
		for _, e := range demand.lanes {
			if l := e.lane; l.head != nil {
				f(l)
			}
		}
	}
	cost := 0
	for _, class := range x.classes {
		cost += x.s.index.demandCost(class)
	}
	if cost > rivalDemandsMax*x.s.index.demands {
		x.eachSharing(lanes)
		return
	}
	seen := map[*demand]bool{}
	for _, class := range x.classes {
		x.s.index.eachDemand(class, func(demand *demand) {
			if !seen[demand] {
				seen[demand] = true
				lanes(demand)
			}
		})
	}
}

// rivalDemandsMax is for how many looks at a demand it pays to ask each demand for its classes
// instead.
const rivalDemandsMax = 4

// eachSharing calls f with each demand that shares a class with the request's.
func (x *explainer) eachSharing(f func(*demand)) {
	var classes slotset.Set
	for _, class := range x.classes {
		classes.Add(class.slot, len(x.s.index.slots))
	}
	for demand := range x.s.index.allDemands() { // the order is free: it serves for counting
		x.s.index.eachClass(demand, &classes, func(*workerClass) bool {
			f(demand)
			return false
		})
	}
}
