package scheduler

import (
	"slices"
	"strings"
)

// An account is an account that exists, or one that does not and is named by a request all the
// same: then config is nil, and everything it has is free.
type account struct {
	id      AccountID
	config  *AccountConfig // nil if the account does not exist
	balance Balance
	pass    accountPass    // here, as passes look at this and its neighbours
	running [numLevels]int // its runs by level
	caps    Balance        // what each balance earns up to

	suspended bool
	reason    string     // of the suspension, for people
	ended     []endedRun // its paid runs that ended by news since the last update

	runs   [numLevels]*runLists // the same, cheapest first
	lanes  []*lane              // all its lanes
	active []*lane              // those with a queue
	dirty  []*lane              // lanes with dirty set, and some without
	// allDirty is true if every active lane counts as dirty; then dirty is not complete.
	allDirty      bool
	crowded       map[*demand]*lane              // its lanes of crowded demands
	groups        map[*labelSet]*fanoutGroup     // nil without a fanout limit
	limits        map[*label]*labelLimit         // nil without label limits
	limitsOnClass map[*workerClass][]*labelLimit // cache: the limits that count on a worker class

	// recent has the lanes that became active, or whose first request became another, older one.
	// attempts says, for each level, what the last preemption step has looked at; see
	// pass_preempt_attempt.go.
	recent   recent[*lane]
	attempts [NumPriorities]attempt
	// roomGeneration counts how often its label limits came to have room for a run.
	roomGeneration uint64
}

// An accountPass is what a pass knows of an account.
type accountPass struct {
	id         uint64 // the pass that the rest belongs to
	settled    bool   // its lanes took part at a level that it did not use up
	contends   bool   // it is in pass.contenders
	takesPart  bool   // at the level of the moment
	retryLater bool   // what it did not preempt at this level it may preempt another time
	tried      bool   // its dirty lanes were gone through
	unscanned  bool   // most of its lanes were left, and are dirty

	// What follows serves a preemption step.
	attempted bool // it has looked at the account's lanes
	owed      bool // workers of free tasks may be owed to it
}

// exists reports whether there is such an account, rather than only its name.
func (a *account) exists() bool { return a.config != nil }

// neverFree reports whether its requests stay out of the free bucket.
func (a *account) neverFree() bool { return a.exists() && a.config.DisableFreeTasks }

// staysOut reports whether its requests do not take part in the free step.
func (a *account) staysOut() bool { return a.suspended || a.neverFree() }

// hasRuns reports whether the account has any run, at whatever level.
func (a *account) hasRuns() bool {
	all := 0
	for _, n := range a.running {
		all |= n
	}
	return all > 0
}

// runsBelow counts the account's runs at levels worse than p.
func (a *account) runsBelow(p Priority) int {
	n := 0
	for q := p + 1; q < numLevels; q++ {
		n += a.running[q]
	}
	return n
}

// A labelLimit counts the runs of an account on workers with one label.
type labelLimit struct {
	limit int
	runs  int
}

// limitsOn returns the limits that count on a worker class.
func (s *Scheduler) limitsOn(a *account, class *workerClass) []*labelLimit {
	if a.limits == nil {
		return nil
	}
	if l, ok := a.limitsOnClass[class]; ok {
		return l
	}
	var on []*labelLimit
	for _, id := range class.set.ids {
		label := s.labels.byID[id]
		l := a.limits[label]
		if l == nil {
			n := a.config.limitFor(label.name)
			if n == 0 {
				continue
			}
			l = &labelLimit{limit: n}
			a.limits[label] = l
			label.limitedBy = append(label.limitedBy, a)
		}
		on = append(on, l)
	}
	a.limitsOnClass[class] = on
	class.limitedBy = append(class.limitedBy, a)
	return on
}

// limitFor returns the least limit that a label falls under, or 0.
func (c *AccountConfig) limitFor(label string) int {
	least := 0
	c.eachLimit(label, func(_ string, n int) {
		if least == 0 || n < least {
			least = n
		}
	})
	return least
}

// eachLimit calls f with each limit that a label falls under, in no order that means anything. It
// looks up the label's beginnings up to each colon, or goes through the limits if they are fewer.
func (c *AccountConfig) eachLimit(label string, f func(key string, n int)) {
	limits := c.PerLabelTaskLimits
	if len(limits) <= strings.Count(label, ":") {
		for key, n := range limits { // the order is free, as the contract says
			if n > 0 && keyHas(key, label) {
				f(key, n)
			}
		}
		return
	}
	for i := 0; i <= len(label); i++ {
		if i < len(label) && label[i] != ':' {
			continue
		}
		if n := limits[label[:i]]; n > 0 {
			f(label[:i], n)
		}
	}
}

// keyHas reports whether a label falls under a limit's key: it is the key, or "key:value".
func keyHas(key, label string) bool {
	rest, ok := strings.CutPrefix(label, key)
	return ok && (rest == "" || rest[0] == ':')
}

// admits reports whether the account's label limits let it run one more task on a worker class.
func (s *Scheduler) admits(a *account, class *workerClass) bool {
	for _, l := range s.limitsOn(a, class) {
		if l.runs >= l.limit {
			return false
		}
	}
	return true
}

// forgetClass drops what accounts keep about a class that goes.
func forgetClass(class *workerClass) {
	for _, a := range class.limitedBy {
		delete(a.limitsOnClass, class)
	}
}

// forgetLabel drops what accounts keep about a label that goes.
func forgetLabel(l *label) {
	for _, a := range l.limitedBy {
		delete(a.limits, l)
	}
}

// configure gives the account its settings, and counts anew what they limit.
func (s *Scheduler) configure(a *account, c *AccountConfig) {
	for _, l := range a.lanes {
		s.leaveGroup(l)
	}
	a.config = c
	a.limits, a.limitsOnClass, a.groups, a.caps = nil, nil, nil, Balance{}
	a.roomGeneration++
	if c != nil {
		a.caps = c.caps()
	}
	if c != nil && hasLimit(c) {
		a.limits, a.limitsOnClass = map[*label]*labelLimit{}, map[*workerClass][]*labelLimit{}
	}
	if c != nil && c.MaxFanout > 0 {
		a.groups = map[*labelSet]*fanoutGroup{}
	}
	for _, l := range a.lanes {
		s.joinGroup(l)
	}
	for p := range a.runs {
		for _, r := range slices.Collect(a.runs[p].all()) {
			s.refile(r, func() {})
			s.countLimits(r, +1)
			if g := r.req.lane.group; g != nil && p < NumPriorities {
				g.paid++
			}
		}
	}
}

func hasLimit(c *AccountConfig) bool {
	for _, n := range c.PerLabelTaskLimits {
		if n > 0 {
			return true
		}
	}
	return false
}

// countLimits counts a run that begins (+1) or ends (-1) on its worker.
func (s *Scheduler) countLimits(r *run, by int) {
	a := r.account()
	for _, l := range s.limitsOn(a, r.worker.class) {
		if by < 0 && l.runs == l.limit {
			a.roomGeneration++
		}
		l.runs += by
	}
}

// account returns the account of that id, made as a mere name if there is none.
func (s *Scheduler) account(id AccountID) *account {
	a := s.accounts[id]
	if a == nil {
		a = &account{id: id}
		s.accounts[id] = a
	}
	return a
}

// dropIfUnused forgets an account that does not exist and that nothing names.
func (s *Scheduler) dropIfUnused(a *account) {
	if !a.exists() && len(a.lanes) == 0 {
		delete(s.accounts, a.id)
	}
}

// Before orders accounts by id.
func (a *account) Before(b *account) bool { return a.id < b.id }
