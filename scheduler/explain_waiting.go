package scheduler

import "github.com/quotasched/quotasched/protos"

// An explainer explains one request that waits.
type explainer struct {
	s *Scheduler
	r *request
	a *account
	n *demand
	w *protos.WaitingDetails
	findings

	starts  bool           // in the next pass
	never   bool           // in any pass
	classes []*workerClass // those that can run it
	idle    int            // the idle workers that it could take
	usable  int            // the workers on which no label limit is reached
	ahead   int64          // the requests that go first
	level   Priority
}

func (s *Scheduler) explainWaiting(e *protos.Explanation, r *request) {
	first := &probe{}
	t := s.newTrial(r, noBudget)
	t.run(first)
	x := &explainer{s: s, r: r, a: r.lane.account, n: r.lane.demand, starts: t.start != nil,
		w: &protos.WaitingDetails{Start: s.startDetails(t.start)}}
	s.index.eachClass(x.n, &s.index.all, func(class *workerClass) bool {
		x.classes = append(x.classes, class)
		return true
	})
	x.never = !x.starts && (len(x.classes) == 0 || x.a.neverPays())
	x.blocked()
	x.suspended()
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
func (x *explainer) add(code protos.Finding_Code, passed bool) {
	x.findings.add(code, passed || x.starts)
}

func (x *explainer) blocked() {
	if x.r.blocked() {
		x.add(protos.Finding_Blocked, false)
	} else {
		x.add(protos.Finding_NotBlocked, true)
	}
}

// suspended says whether an operator keeps the account's requests out of passes.
func (x *explainer) suspended() {
	switch {
	case x.a.suspended:
		x.add(protos.Finding_AccountSuspended, false)
	case x.a.exists():
		x.add(protos.Finding_NotSuspended, true)
	}
}

// accountLevel finds the level at which the request takes part, and what decides that.
func (x *explainer) accountLevel() {
	s, a := x.s, x.a
	var may bool
	x.level, may = s.levelOf(x.r.lane)
	x.w.Level, x.w.TakesPart = int32(x.level), may && !x.r.blocked() && !x.a.suspended
	x.w.Levels = s.levelDetails(a)
	switch {
	case !a.exists():
		x.add(protos.Finding_NoAccount, x.freeIsFine(may))
	case a.bestLevel(s.burstCover) < FreeBucket: // whatever the fanout
		x.add(protos.Finding_Paid, true)
	case a.neverPays():
		x.add(protos.Finding_NeverPays, false)
	default:
		x.add(protos.Finding_BalanceTooLow, x.freeIsFine(may))
	}
}

// freeIsFine reports whether it does not matter that the request is free: it could take no worker
// at a better level either.
func (x *explainer) freeIsFine(may bool) bool {
	return may && (x.usableWorkers() == 0 || x.s.config.DisablePreemption)
}

// usableWorkers counts the workers that could run it, but for those that a label limit keeps out.
func (x *explainer) usableWorkers() int {
	n := 0
	for _, class := range x.classes {
		if x.s.admits(x.a, class) {
			n += class.workers
		}
	}
	return n
}

func (x *explainer) fanout() {
	g := x.r.lane.group
	if g == nil {
		return
	}
	x.w.Fanout = &protos.FanoutDetails{
		Limit: int64(x.a.config.MaxFanout), Running: int64(g.paid)}
	if x.r.lane.isFull() {
		x.add(protos.Finding_FanoutReached, x.freeIsFine(!x.a.neverFree()))
	} else {
		x.add(protos.Finding_WithinFanout, true)
	}
}

// free says whether a request that is free may run so.
func (x *explainer) free() {
	switch {
	case x.level < FreeBucket:
	case x.a.neverFree():
		x.add(protos.Finding_FreeDisabled, false)
	default:
		x.add(protos.Finding_FreeAllowed, true)
	}
}
