package simulator

import (
	"context"
	"time"

	"github.com/quotasched/quotasched/pool"
)

// engine is a run.
type engine struct {
	setup      *Setup
	pool       Pool
	newPool    PoolMaker
	now        time.Duration // from the workload's start
	agenda     agenda
	fleet      fleet
	requests   outstanding
	arrived    int // submissions
	dispatcher dispatcher
	tally      tally
	checks     *checks  // nil if they are left out
	mishaps    *mishaps // nil if nothing is to go wrong
	// advanced is when something last arrived or came to an end.
	advanced   time.Duration
	audits     auditPlan
	longestRun time.Duration
	recordErr  error // of Setup.Record
}

// checkPeriod is how many events pass between looks at the context and reports of progress.
const checkPeriod = 4096

// Run simulates a setup from its first submission until every request has ended. If ctx ends
// before, the figures so far are returned, marked as partial, without an error. An error that wraps
// ErrSetup says what is wrong with the setup; any other one is an operation that the pool refused,
// which means a defect. Promises that the pool broke are no error, but are in Figures.Broken.
//
// A run costs O(log n) per event, a pass of the pool per tick in which something happened, and
// memory for the requests that have not ended, and two numbers per request for its waits, three
// times over when the figures are summed up.
func Run(ctx context.Context, setup *Setup) (*Figures, error) {
	e, err := newEngine(setup)
	if err != nil {
		return nil, err
	}
	if err := e.openAccounts(ctx); err != nil {
		return nil, err
	}
	begin := e.stopwatch()
	partial, err := e.run(ctx)
	if err != nil {
		return nil, err
	}
	e.tally.wallTotal = e.stopwatch() - begin
	if err := e.recordUnfinished(); err != nil {
		return nil, err
	}
	return e.figures(partial), nil
}

func newEngine(setup *Setup) (*engine, error) {
	if err := setup.validate(); err != nil {
		return nil, err
	}
	names, err := newNames(setup.Workload.Submissions)
	if err != nil {
		return nil, err
	}
	e := &engine{
		setup:      setup,
		requests:   newOutstanding(names),
		dispatcher: newDispatcher(),
		audits:     auditPlan{next: auditPeriod},
	}
	if e.fleet, err = newFleet(setup.Workers, setup.Timing.Poll); err != nil {
		return nil, err
	}
	if e.newPool = setup.NewPool; e.newPool == nil {
		e.newPool = NewPool
	}
	settings := setup.Policy.Scheduler
	if e.pool, err = e.newPool(setup.Workload.Start, &settings); err != nil {
		return nil, err
	}
	if !setup.SkipChecks {
		if e.checks, err = newChecks(e.pool, e.newPool); err != nil {
			return nil, err
		}
	}
	e.mishaps = newMishaps(setup, &e.fleet)
	e.tally, err = newTally(setup, &capacity{workers: setup.Workers, known: map[string]int{}})
	if err != nil {
		return nil, err
	}
	for i := range setup.Workload.Submissions {
		e.longestRun = max(e.longestRun, setup.Workload.Submissions[i].Run)
	}
	return e, nil
}

// openAccounts makes the policy's accounts, in order, and puts the first events on the agenda.
func (e *engine) openAccounts(ctx context.Context) error {
	e.now = e.setup.Workload.Submissions[0].Submit
	for _, id := range e.setup.Policy.accountIDs() {
		account := e.setup.Policy.Accounts[id]
		_, err := e.apply(ctx, pool.AddAccount(e.poolTime(),
			pool.Account{ID: id, Config: &account.Config, Balance: account.Balance}))
		if err != nil {
			return err
		}
	}
	e.advanced = e.now
	e.tally.begin(e.now, e.setup.WarmUp)
	e.planArrival()
	e.wake(e.now)
	e.planMishaps()
	return nil
}

// run takes events until nothing is left to happen, or nothing more will.
func (e *engine) run(ctx context.Context) (partial bool, err error) {
	for count := 0; !e.done(); count++ {
		if count%checkPeriod == 0 {
			e.reportProgress()
			if ctx.Err() != nil {
				return true, nil
			}
		}
		next := e.agenda.take()
		e.advance(next.at)
		e.now = next.at
		if err := e.happen(ctx, &next); err != nil {
			return false, err
		}
		if e.recordErr != nil {
			return false, e.recordErr
		}
		if e.mishaps == nil {
			e.maybeAudit()
		}
	}
	if e.mishaps == nil {
		e.audit()
	} else {
		e.explainHangs()
	}
	e.reportProgress()
	if e.checks != nil {
		if err := e.checks.whole(e.pool); err != nil {
			return false, e.brokenAt("the end of the run", err)
		}
	}
	return false, nil
}

// done says whether everything has ended and the pool has been told, or it is in vain to go on:
// nothing arrived or ended for so long that what waits will go on waiting.
func (e *engine) done() bool {
	if e.arrived < len(e.setup.Workload.Submissions) {
		return false
	}
	if e.requests.len() == 0 {
		return len(e.dispatcher.news) == 0 && len(e.dispatcher.late) == 0
	}
	since := e.advanced
	if e.mishaps != nil {
		since = max(since, e.mishaps.until)
	}
	return e.now-since > e.setup.Timing.GiveUp+2*e.longestRun
}

// happen carries out an event.
func (e *engine) happen(ctx context.Context, next *event) error {
	switch next.kind {
	case eventArrival:
		e.arrive()
		return nil
	case eventTick:
		if next.at != e.dispatcher.next {
			return nil // void: an earlier turn took its place
		}
		return e.tick(ctx)
	case eventNews:
		e.arriveLate(next.turn)
		return nil
	case eventRestart:
		return e.restart(ctx)
	}
	w := e.fleet.workers[next.worker]
	if next.kind == eventDeath {
		e.die(w)
		return nil
	}
	if w.turn != next.turn {
		return nil
	}
	switch next.kind {
	case eventReturn:
		e.comeBack(w)
	case eventSilence:
		e.forgo(w)
	case eventPoll:
		e.poll(w)
	case eventStart:
		e.start(w)
	case eventEnd:
		e.finish(w)
	}
	return nil
}

// planArrival puts the next submission on the agenda.
func (e *engine) planArrival() {
	if e.arrived < len(e.setup.Workload.Submissions) {
		at := e.setup.Workload.Submissions[e.arrived].Submit
		e.agenda.add(event{at: at, kind: eventArrival})
	}
}

// arrive reports the requests of the next submission as waiting, unless no fleet of this size can
// run them together.
func (e *engine) arrive() {
	index := e.arrived
	e.arrived++
	e.planArrival()
	e.advanced = e.now
	s := &e.setup.Workload.Submissions[index]
	account := e.tally.arrives(index)
	if e.tally.impossible(index) {
		e.recordImpossible(index)
		return
	}
	for i := range s.Size {
		r := &request{id: s.requestID(i), submission: int32(index), account: account,
			first: Unknown}
		e.requests.arrives(r, i)
		e.tally.enqueue(r)
		e.reportWaiting(r, nil)
	}
}

func (e *engine) reportProgress() {
	if e.setup.Progress != nil {
		e.setup.Progress(Progress{
			Ended:    e.tally.ended,
			Requests: e.tally.requests,
			Now:      e.poolTime(),
		})
	}
}

// stopwatch reads the clock of the real world, or 0 if there is none.
func (e *engine) stopwatch() time.Duration {
	if e.setup.Stopwatch == nil {
		return 0
	}
	return e.setup.Stopwatch()
}
