package scheduler

// An observer is told what a pass looks at, compares and decides. Only the pass of a trial has one:
// the methods that a pass calls do nothing on a nil observer, so that decisions read the same with
// and without a trial, and cost the same without.
//
// It finds out how the target fares, and ends the pass once that is known or the budget is spent.
// Its probe, if there is one, notes what the pass compares on the target's account.
type observer struct {
	pass   *pass
	target *request // the pass ends when it starts; it goes on to the end if it is on a worker
	probe  *probe
	budget int              // how much the pass may look at
	idle   map[*worker]bool // the workers that the trial made idle

	spent int
	outOf bool      // the budget is spent, so what is missing below is not known
	start *begun    // how the target starts; nil if it does not
	taker RequestID // the request that takes the target's worker
	taken int       // how many of the workers that the trial made idle were given a task
}

// A begun says how a request starts.
type begun struct {
	worker    WorkerID
	level     Priority
	preempted RequestID // the task that loses the worker; empty if it is idle
}

// What the parts of a trial cost, about, where a look at a lane costs 1.
const (
	trialCost    = 50 // at least
	decisionCost = 20 // with its undoing
	workerCost   = 10 // to add one, and to remove it
)

// end ends the pass at its next decision.
func (o *observer) end() { o.pass.ended = true }

// looks: the pass looks at n things.
func (o *observer) looks(n int) {
	if o != nil {
		o.spend(n)
	}
}

// spend ends the pass if it looks at more than it may.
func (o *observer) spend(n int) {
	if o.spent += n; o.spent > o.budget {
		o.outOf = true
		o.end()
	}
}

// starts: the pass has started a run, on an idle worker or on that of a victim.
func (o *observer) starts(r *run, v *victim) {
	if o != nil {
		o.noteStart(r, v)
	}
}

func (o *observer) noteStart(r *run, v *victim) {
	o.spend(decisionCost)
	if v == nil && o.idle[r.worker] {
		o.taken++
	}
	if v != nil && v.request == o.target.id {
		o.taker = r.req.id
	}
	if r.req != o.target {
		return
	}
	o.end()
	o.start = &begun{worker: r.worker.id, level: r.level}
	if v != nil {
		o.start.preempted = v.request
	}
}

// moves: the pass moves a run to another level.
func (o *observer) moves() {
	if o != nil {
		o.spend(decisionCost)
	}
}

// watches reports whether comparisons on an account are noted.
func (o *observer) watches(a *account) bool {
	return o != nil && o.probe != nil && o.target.lane.account == a
}

// comparesAbove: the pass compares whether an account's balance at a level is above an amount.
func (o *observer) comparesAbove(a *account, p Priority, amount int64) {
	if o.watches(a) {
		o.probe.above(p, a.balance[p], amount)
	}
}

// comparesBelow: the pass compares whether an account's balance at a level is below an amount.
func (o *observer) comparesBelow(a *account, p Priority, amount Quota) {
	if o.watches(a) {
		o.probe.note(p, amount-a.balance[p])
	}
}

// comparesFanout: the pass compares a lane's fanout with its account's limit, which is reached or
// not.
func (o *observer) comparesFanout(l *lane, reached bool) {
	if reached && o.watches(l.account) {
		o.probe.fullFanout(l.group)
	}
}

// comparesLimits: the pass compares whether the label limits of an account admit one more run on a
// worker class, which they do or not.
func (o *observer) comparesLimits(a *account, class *workerClass, admitted bool) {
	if !admitted && o.watches(a) {
		o.probe.overLimit(o.pass.s, a, class)
	}
}
