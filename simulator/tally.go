package simulator

import (
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
	requests, impossible, completed int
	expired, dropped, lost          int
	// waits are those of the requests that completed, in milliseconds, from the submission to the
	// start of the run that completed; firstWaits, to the start of the first run.
	waits, firstWaits []int64
	// usedMillis is what its tasks ran at each level, provisioning and lost work included.
	usedMillis [numLevels]int64
	// lostMillis is the part of it that was thrown away when tasks were stopped, provisionMillis
	// what the other runs spent on provisioning.
	provisionMillis, lostMillis int64
	// preempted, stopped and caused count preemptions, as in AccountFigures.
	preempted, stopped, caused int
}

// tally is everything that a run counts.
type tally struct {
	accounts  map[scheduler.AccountID]*accountTally
	policy    *Policy
	progress  []progress // of each submission
	tooLarge  map[int]int
	requests  int // in the whole workload
	ended     int // of them, the impossible included
	queue     meter
	busy      meter
	startedAt time.Duration
	now       time.Duration
	lastEnd   time.Duration

	assignments, starts, preemptions, reprioritized int
	timeouts, ignoredNews, expiredWorkers           int

	broken     int
	brokenText []string

	passes    int
	passWall  []time.Duration
	wallTotal time.Duration
}

// newTally counts nothing yet, but which submissions are larger than the part of the fleet that
// could run them.
func newTally(setup *Setup, c *capacity) tally {
	t := tally{
		accounts: map[scheduler.AccountID]*accountTally{},
		policy:   &setup.Policy,
		progress: make([]progress, len(setup.Workload.Submissions)),
		tooLarge: map[int]int{},
		requests: setup.Workload.Requests(),
	}
	for id := range setup.Policy.Accounts { // in any order: it only fills a map
		t.account(id)
	}
	for i := range setup.Workload.Submissions {
		s := &setup.Workload.Submissions[i]
		if n := c.of(s.BaseLabels); s.Size > n {
			t.tooLarge[i] = n
		}
	}
	return t
}

// account returns the tally of an account.
func (t *tally) account(id scheduler.AccountID) *accountTally {
	a := t.accounts[id]
	if a == nil {
		_, known := t.policy.Accounts[id]
		a = &accountTally{id: id, known: known}
		t.accounts[id] = a
	}
	return a
}

// impossible says whether a submission is larger than the part of the fleet that could run it.
func (t *tally) impossible(submission int) bool {
	_, ok := t.tooLarge[submission]
	return ok
}

// begin sets the instant from which everything counts.
func (t *tally) begin(now time.Duration) {
	t.startedAt, t.now, t.lastEnd = now, now, now
	t.queue.since, t.busy.since = millis(now), millis(now)
}

// advance moves the meters on to an instant.
func (t *tally) advance(now time.Duration) {
	t.now = now
	t.queue.advance(now)
	t.busy.advance(now)
}

// pass counts a pass and what it cost in the real world.
func (t *tally) pass(wall time.Duration) {
	t.passes++
	if wall > 0 {
		t.passWall = append(t.passWall, wall)
	}
}
