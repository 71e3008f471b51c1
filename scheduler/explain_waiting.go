package scheduler

import (
	"fmt"

	"github.com/quotasched/quotasched/protos"
)

// An explainer explains one request that waits.
type explainer struct {
	s *Scheduler
	r *request
	a *account
	n *need
	w *protos.WaitingDetails
	findings

	starts bool    // in the next pass
	never  bool    // in any pass
	kinds  []*kind // those that can run it
	idle   int     // the idle workers that it could take
	usable int     // the workers on which no label limit is reached
	ahead  int64   // the requests that go first
	level  Priority
}

func (s *Scheduler) explainWaiting(e *protos.Explanation, r *request) {
	first := &probe{}
	t := s.newTrial(r, noBudget)
	t.run(first)
	x := &explainer{s: s, r: r, a: r.lane.account, n: r.lane.need, starts: t.start != nil,
		w: &protos.WaitingDetails{Start: s.startDetails(t.start)}}
	s.index.eachKind(x.n, nil, func(k *kind) bool {
		x.kinds = append(x.kinds, k)
		return true
	})
	x.never = !x.starts && (len(x.kinds) == 0 || x.a.neverPays())
	x.blocked()
	x.labels()
	x.accountLevel()
	x.fanout()
	x.free()
	x.labelLimits()
	x.fleet()
	x.queue()
	x.preemption()
	e.Waiting, e.Findings = x.w, x.all()
	switch {
	case x.starts:
		e.Verdict = protos.Explanation_VERDICT_STARTS
		return
	case x.never:
		e.Verdict = protos.Explanation_VERDICT_NEVER
	default:
		e.Verdict = protos.Explanation_VERDICT_WAITS
	}
	f := s.suggest(r, first)
	x.w.Suggestions, x.w.SearchEnded = f.found, f.ended
}

// add adds a finding. Nothing keeps a request from starting that starts: in the course of a pass,
// even what takes part nowhere at its beginning may come to start, by a refund to its account.
func (x *explainer) add(code string, passed bool, message string, args ...any) {
	x.findings.add(code, passed || x.starts, message, args...)
}

func (x *explainer) blocked() {
	if x.r.blocked {
		x.add(FindingBlocked, false, "it has an error, and is blocked until that is cleared")
	} else {
		x.add(FindingNotBlocked, true, "it has no error")
	}
}

// accountLevel finds the level at which the request takes part, and what decides that.
func (x *explainer) accountLevel() {
	s, a := x.s, x.a
	var may bool
	x.level, may = s.levelOf(x.r.lane)
	x.w.Level, x.w.TakesPart = int32(x.level), may && !x.r.blocked
	x.w.Levels = s.levelDetails(a)
	switch {
	case a.id == "":
		x.add(FindingNoAccount, x.freeIsFine(may), "it has no account, so it is free")
	case !a.exists():
		x.add(FindingNoAccount, x.freeIsFine(may), "account %q does not exist, so it is free", a.id)
	case x.paidLevel() < FreeBucket:
		p := x.paidLevel()
		x.add(FindingPaid, true, "the balance of %s at %v is above %s; %s", a.balance[p].words(), p,
			x.neededAt(p), a.pays(p))
	case a.neverPays():
		x.add(FindingNeverPays, false, "account %q has nothing, earns nothing, runs nothing, and "+
			"may not run free", a.id)
	default:
		x.add(FindingBalanceTooLow, x.freeIsFine(may), "%s", x.tooLow())
	}
}

// neededAt says above which balance the account may start one more task at a level.
func (x *explainer) neededAt(p Priority) string {
	above := Quota(x.a.startsAbove(p, x.s.burstCover))
	return "the " + grouped(above.String()) + " that one more task needs"
}

// tooLow says what the account lacks to start a task at a paid level.
func (x *explainer) tooLow() string {
	a := x.a
	if a.balance == (Balance{}) && a.caps == (Balance{}) {
		return fmt.Sprintf("account %q has no worker-seconds at any level, and earns none", a.id)
	}
	p := x.closestLevel()
	return fmt.Sprintf("the balance of %s at %v is not above %s; %s", a.balance[p].words(), p,
		x.neededAt(p), a.pays(p))
}

// paidLevel is the best level at which the account may start a run, whatever the fanout.
func (x *explainer) paidLevel() Priority {
	p := Priority(0)
	for p < FreeBucket && !x.a.mayStart(p, x.s.burstCover) {
		p++
	}
	return p
}

// closestLevel is the level at which the account lacks least, of those at which it earns if there
// are any.
func (x *explainer) closestLevel() Priority {
	best, lack := Priority(-1), int64(0)
	for _, earns := range []bool{true, false} {
		for p := range Priority(NumPriorities) {
			if earns && x.a.caps[p] == 0 {
				continue
			}
			more := x.a.startsAbove(p, x.s.burstCover) - int64(x.a.balance[p])
			if best < 0 || more < lack {
				best, lack = p, more
			}
		}
		if best >= 0 {
			break
		}
	}
	return best
}

// freeIsFine reports whether it does not matter that the request is free: it could take no worker
// at a better level either.
func (x *explainer) freeIsFine(may bool) bool {
	return may && (x.usableWorkers() == 0 || x.s.config.DisablePreemption)
}

// usableWorkers counts the workers that could run it, but for those that a label limit keeps out.
func (x *explainer) usableWorkers() int {
	n := 0
	for _, k := range x.kinds {
		if x.s.admits(x.a, k) {
			n += k.workers
		}
	}
	return n
}

func (x *explainer) fanout() {
	g := x.r.lane.group
	if g == nil {
		return
	}
	limit := x.a.config.MaxFanout
	x.w.Fanout = &protos.FanoutDetails{Limit: int64(limit), Running: int64(g.paid)}
	if x.a.isFull(g) {
		x.add(FindingFanoutReached, x.freeIsFine(!x.a.neverFree()),
			"of its account's tasks with these labels %s at paid levels, and the limit is %d, so it "+
				"is free", manyRun(g.paid), limit)
		return
	}
	x.add(FindingWithinFanout, true, "of its account's tasks with these labels %s at paid levels, "+
		"and the limit is %d", manyRun(g.paid), limit)
}

// free says whether a request that is free may run so.
func (x *explainer) free() {
	switch {
	case x.level < FreeBucket:
	case x.a.neverFree():
		x.add(FindingFreeDisabled, false, "account %q has free tasks disabled", x.a.id)
	default:
		x.add(FindingFreeAllowed, true, "it may run free, on what is left over")
	}
}
