package simulator

import (
	"sort"
	"time"

	"github.com/quotasched/quotasched/scheduler"
)

// numLevels counts the paid levels and the free bucket.
const numLevels = scheduler.NumPriorities + 1

// maxBrokenText is how many broken promises are described.
const maxBrokenText = 20

// accountTally counts what happens to the requests of one account. All counts are of requests
// unless they say otherwise.
type accountTally struct {
	id                              scheduler.AccountID
	known                           bool // the policy has it
	config                          scheduler.AccountConfig
	requests, impossible, completed int
	expired, dropped, lost          int
	// waits are those of the requests that completed, in milliseconds, from the submission to the
	// start of the run that completed; firstWaits, to the start of the first run.
	waits, firstWaits samples
	// demandedMillis is the run time of the requests that can run, usefulMillis of those that
	// completed.
	demandedMillis, usefulMillis int64
	// usedMillis is what its tasks ran at each level, provisioning and lost work included.
	usedMillis [numLevels]int64
	// lostMillis is the part of it that was thrown away when tasks were stopped, provisionMillis
	// what the other runs spent on provisioning.
	provisionMillis, lostMillis int64
	// preempted, stopped and caused count preemptions, as in AccountFigures.
	preempted, stopped, caused int

	// waiting counts its requests that wait, busy the workers that run its tasks.
	waiting, busy meter
	// owed is the smaller one of its rates together and the workers that it could use, served of
	// those and the workers that it has.
	owed, served capped
	// runs counts its runs at each level as the pool sees them, so those that are held too.
	runs [numLevels]int
	// history is nil unless series follow the account.
	history *accountHistory
}

// tally is everything that a run counts.
type tally struct {
	accounts map[scheduler.AccountID]*accountTally
	// list has the same accounts, in the order in which they appeared.
	list        []*accountTally
	importances map[string]*importanceTally // nil if the workload has none
	groupings   []*grouping
	flows       map[flowKey]*flow
	policy      *Policy
	workload    *Workload
	burstCover  time.Duration
	progress    []progress // of each submission
	tooLarge    map[int]int
	requests    int // in the whole workload
	ended       int // of them, the impossible included

	// queue counts the requests that wait, busy the workers that run tasks at each level,
	// provisioning those of them that do not run their task yet, and alive those that have not
	// died.
	queue               meter
	busy                [numLevels]meter
	provisioning, alive meter
	provisionEnds       []provisionEnd
	series              *series // nil if they were not asked for

	// counting is true from startedAt on, which is the end of the warm-up; firstCounted is the
	// first submission from then on.
	counting     bool
	startedAt    time.Duration
	firstCounted int
	now          time.Duration
	// lastActive is when a request last waited or ran.
	lastActive time.Duration

	longestWaits, mostPreempted notables

	assignments, starts, preemptions, reprioritized int
	timeouts, ignoredNews, expiredWorkers           int
	operationsBefore                                int // that startedAt

	broken     int
	brokenText []string

	passes    int
	passWall  []time.Duration
	wallTotal time.Duration
}

// newTally counts nothing yet, but which submissions are larger than the part of the fleet that
// could run them.
func newTally(setup *Setup, c *capacity) (tally, error) {
	groupings, err := newGroupings(setup)
	t := tally{
		accounts:    map[scheduler.AccountID]*accountTally{},
		importances: newImportances(setup.Workload),
		groupings:   groupings,
		flows:       map[flowKey]*flow{},
		policy:      &setup.Policy,
		workload:    setup.Workload,
		burstCover:  burstCover(&setup.Policy.Scheduler),
		progress:    make([]progress, len(setup.Workload.Submissions)),
		tooLarge:    map[int]int{},
		requests:    setup.Workload.Requests(),
		alive:       meter{value: int64(len(setup.Workers))},
		series:      newSeries(setup, groupings),

		longestWaits: newLongestWaits(), mostPreempted: newMostPreempted(),
	}
	for _, id := range setup.Policy.accountIDs() {
		t.account(id)
	}
	for i := range setup.Workload.Submissions {
		s := &setup.Workload.Submissions[i]
		if n := c.of(s.BaseLabels); s.Size > n {
			t.tooLarge[i] = n
		}
	}
	return t, err
}

// account returns the tally of an account.
func (t *tally) account(id scheduler.AccountID) *accountTally {
	a := t.accounts[id]
	if a == nil {
		p, known := t.policy.Accounts[id]
		a = &accountTally{id: id, known: known, config: p.Config}
		if t.series != nil {
			a.history = t.series.histories[id]
		}
		t.accounts[id] = a
		t.list = append(t.list, a)
	}
	return a
}

// impossible says whether a submission is larger than the part of the fleet that could run it.
func (t *tally) impossible(submission int) bool {
	_, ok := t.tooLarge[submission]
	return ok
}

// begin sets the instant of the first submission, after which the warm-up passes before anything
// counts.
func (t *tally) begin(now, warmUp time.Duration) {
	t.now, t.startedAt = now, now+warmUp
	all := t.workload.Submissions
	t.firstCounted = sort.Search(len(all), func(i int) bool { return all[i].Submit >= t.startedAt })
	if warmUp == 0 {
		t.count(0)
	}
}

// count lets everything count from startedAt on, and forgets what was counted before. What waits
// and runs then goes on; the pool has been told that many operations.
func (t *tally) count(operations int) {
	at := millis(t.startedAt)
	t.endProvisioning(at)
	t.counting, t.lastActive = true, t.startedAt
	t.queue.restart(at)
	t.provisioning.restart(at)
	t.alive.restart(at)
	for p := range t.busy {
		t.busy[p].restart(at)
	}
	for _, a := range t.list {
		a.restart(at)
	}
	for _, g := range t.groupings {
		g.restart(at)
	}
	clear(t.flows)
	t.passes, t.assignments, t.starts, t.preemptions, t.reprioritized = 0, 0, 0, 0, 0
	t.timeouts, t.ignoredNews, t.expiredWorkers = 0, 0, 0
	t.operationsBefore = operations
	if t.series != nil {
		t.series.start = at
	}
}

// restart forgets what was before an instant, in milliseconds. What waits and runs goes on.
func (a *accountTally) restart(at int64) {
	*a = accountTally{id: a.id, known: a.known, config: a.config, waiting: a.waiting, busy: a.busy,
		owed: a.owed, served: a.served, runs: a.runs, history: a.history}
	a.waiting.restart(at)
	a.busy.restart(at)
	a.owed.restart(at)
	a.served.restart(at)
}

// counts says whether a submission counts: whether it is from after the warm-up.
func (t *tally) counts(submission int) bool { return submission >= t.firstCounted }

// between is the part of the time between two instants that counts, in milliseconds.
func (t *tally) between(from, to time.Duration) int64 {
	if t.counting {
		from = max(from, t.startedAt)
	}
	return max(0, millis(to)-millis(from))
}

// advance moves on to an instant.
func (t *tally) advance(now time.Duration) {
	if t.queue.value > 0 || t.busyWorkers() > 0 {
		t.lastActive = now
	}
	t.now = now
	t.endProvisioning(millis(now))
}

// busyWorkers is how many workers run tasks.
func (t *tally) busyWorkers() int64 {
	n := int64(0)
	for p := range t.busy {
		n += t.busy[p].value
	}
	return n
}

// arrives counts a submission, and returns the tally of its account.
func (t *tally) arrives(index int) *accountTally {
	s := &t.workload.Submissions[index]
	a := t.account(s.Account)
	impossible := t.impossible(index)
	if impossible {
		t.ended += s.Size
	} else {
		t.progress[index].left = s.Size
	}
	if !t.counts(index) {
		return a
	}
	a.requests += s.Size
	t.inGroups(int32(index), func(g *groupTally) {
		g.requests += s.Size
		if impossible {
			g.impossible += s.Size
		}
	})
	if impossible {
		a.impossible += s.Size
	} else {
		a.demandedMillis += millis(s.Run) * int64(s.Size)
	}
	return a
}

// ends counts how a request ended, at this moment.
func (t *tally) ends(r *request, how outcome) {
	t.dequeue(r)
	t.unplace(r)
	t.ended++
	p := &t.progress[r.submission]
	p.left--
	if how == outcomeCompleted {
		if p.completed == 0 {
			p.first, p.last = r.started, r.started
		}
		p.completed++
		p.first, p.last = min(p.first, r.started), max(p.last, r.started)
	}
	t.note(r, how.String())
	if !t.counts(int(r.submission)) {
		return
	}
	switch how {
	case outcomeCompleted:
		t.completes(r)
	case outcomeExpired:
		r.account.expired++
	case outcomePreempted:
		r.account.dropped++
	case outcomeLost:
		r.account.lost++
	}
}

// completes counts a request that ran to its end, and how long it had waited.
func (t *tally) completes(r *request) {
	s := &t.workload.Submissions[r.submission]
	wait, first := millis(r.started-s.Submit), millis(r.first-s.Submit)
	a := r.account
	a.completed++
	a.usefulMillis += millis(s.Run)
	a.waits.add(wait)
	a.firstWaits.add(first)
	t.inGroups(r.submission, func(g *groupTally) {
		g.completed++
		g.waits.add(wait)
	})
	if i := t.importance(r); i != nil {
		i.completed++
		i.waits.add(wait)
		i.firstWaits.add(first)
	}
}

// pass counts a pass and what it cost in the real world.
func (t *tally) pass(wall time.Duration) {
	t.passes++
	if wall > 0 {
		t.passWall = append(t.passWall, wall)
	}
}
