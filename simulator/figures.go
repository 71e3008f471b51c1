package simulator

import (
	"encoding/hex"
	"time"

	"github.com/quotasched/quotasched/scheduler"
)

// FiguresVersion is the version of the JSON form of Figures. It grows when a field changes its
// meaning or goes away; new fields do not change it.
const FiguresVersion = 2

// Figures are what a run comes to.
type Figures struct {
	// Version is FiguresVersion.
	Version int `json:"version"`
	// Workload is the workload's name.
	Workload string `json:"workload"`
	// Partial is true if the run was stopped before its end.
	Partial bool `json:"partial"`
	// Start is the first submission, or the end of the warm-up; everything counts from then on, as
	// Setup.WarmUp says. End is when a request last ran or waited, or when the run was stopped or
	// gave up.
	Start time.Time `json:"start_time"`
	End   time.Time `json:"end_time"`
	// Pool has the figures of the whole pool.
	Pool PoolFigures `json:"pool"`
	// All has the sums over all accounts, and Accounts each of them, in order of id. Requests
	// without an account count for the account with the empty id.
	All      AccountFigures   `json:"all"`
	Accounts []AccountFigures `json:"accounts"`
	// Impossible describes the submissions that this fleet can never run, and ImpossibleReasons says
	// why, for those with the same base labels together, the most requests first.
	Impossible        []Impossible       `json:"impossible"`
	ImpossibleReasons []ImpossibleReason `json:"impossible_reasons"`
	// Submissions compares with what really happened; nil if the workload does not know.
	Submissions *SubmissionFigures `json:"submissions,omitempty"`
	// Importances has the figures by importance, in order of it; empty if no submission has one.
	Importances []ImportanceFigures `json:"importances,omitempty"`
	// Groupings has the figures by the labels of Setup.GroupBy, in their order, and then by size, if
	// any submission has more than one request.
	Groupings []Grouping `json:"groupings"`
	// LongestWaits and MostPreempted are the requests that waited for longest, and that were
	// preempted most often, ten of each at most.
	LongestWaits  []NotableRequest `json:"longest_waits"`
	MostPreempted []NotableRequest `json:"most_preempted"`
	// Fairness compares what accounts were granted with what they used.
	Fairness Fairness `json:"fairness"`
	// Preemptions says who preempted whom, in order of both.
	Preemptions []PreemptionFlow `json:"preemptions"`
	// Series follows the run over time; nil if that was not asked for.
	Series *Series `json:"series,omitempty"`
	// Faults counts what went wrong on purpose; nil if nothing was to.
	Faults *FaultFigures `json:"faults,omitempty"`
	// BrokenCount counts the promises that were broken, and Broken describes the first of them:
	// requests that were lost, or run twice. There must be none.
	BrokenCount int      `json:"broken_count"`
	Broken      []string `json:"broken"`
	// StateHash is the digest of the scheduler at the end, in hexadecimal.
	StateHash string `json:"state_hash"`
	// Wall is what the run cost in the real world, and the only part that differs between two
	// runs of one setup; nil if that was not measured.
	Wall *WallFigures `json:"wall,omitempty"`
}

// PoolFigures are those of the whole pool.
type PoolFigures struct {
	// Workers is the size of the fleet.
	Workers int `json:"workers"`
	// SpanSeconds is the time from Figures.Start to Figures.End.
	SpanSeconds float64 `json:"span_seconds"`
	// Utilisation is the part of the workers' time in which they ran tasks, dead workers' included;
	// UtilisationUseful leaves out provisioning and work that was lost.
	Utilisation       float64 `json:"utilisation"`
	UtilisationUseful float64 `json:"utilisation_useful"`
	// QueueMean and QueueMax count waiting requests, over time. A request waits until its worker
	// has it.
	QueueMean float64 `json:"queue_mean"`
	QueueMax  int64   `json:"queue_max"`
	// Passes counts the scheduler's passes, and Operations what the pool was told.
	Passes     int `json:"passes"`
	Operations int `json:"operations"`
	// Assignments and Starts count requests that got a worker, and tasks that began to run.
	Assignments int `json:"assignments"`
	Starts      int `json:"starts"`
	// Preemptions and Reprioritizations count decisions of the scheduler about running tasks.
	Preemptions       int `json:"preemptions"`
	Reprioritizations int `json:"reprioritizations"`
	// Timeouts, IgnoredNews and ExpiredWorkers are 0 as long as nothing goes wrong.
	Timeouts       int `json:"timeouts"`
	IgnoredNews    int `json:"ignored_news"`
	ExpiredWorkers int `json:"expired_workers"`
}

// AccountFigures are those of one account. Counts are of requests.
type AccountFigures struct {
	// Account is its id; it is empty for requests without one.
	Account scheduler.AccountID `json:"account"`
	// Known is true if the policy has the account.
	Known bool `json:"known"`
	// Requests = Completed + Impossible + Expired + Dropped + Lost + Unfinished.
	Requests   int `json:"requests"`
	Completed  int `json:"completed"`
	Impossible int `json:"impossible"`
	Expired    int `json:"expired"`
	Dropped    int `json:"dropped"` // lost their worker, under a policy that does not retry
	Lost       int `json:"lost"`
	Unfinished int `json:"unfinished"` // when the run ended
	// Wait is the time from a request's submission to the start of the run that completed; work
	// that was lost to preemption thereby counts as waiting. FirstWait ends at the first run.
	Wait      Distribution `json:"wait"`
	FirstWait Distribution `json:"first_wait"`
	// WaitPercentilesSeconds are the percentiles 0 to 100 of Wait, the first being the smallest
	// wait and the last the largest; empty if nothing completed.
	WaitPercentilesSeconds []float64 `json:"wait_percentiles_seconds"`
	// UsedSeconds is the time that workers ran its tasks, PaidSeconds and FreeSeconds that at a
	// level and in the free bucket, and LevelSeconds that at each level p0 to p4.
	UsedSeconds  float64                          `json:"used_worker_seconds"`
	PaidSeconds  float64                          `json:"paid_worker_seconds"`
	FreeSeconds  float64                          `json:"free_worker_seconds"`
	LevelSeconds [scheduler.NumPriorities]float64 `json:"level_worker_seconds"`
	// LostSeconds is the part of UsedSeconds that went into runs that were preempted, or whose
	// worker died, and
	// ProvisionSeconds what the other runs spent on provisioning.
	ProvisionSeconds float64 `json:"provision_worker_seconds"`
	LostSeconds      float64 `json:"lost_worker_seconds"`
	// Preempted counts the preemptions that its requests suffered, and Caused those that were for
	// its requests. Stopped counts the runs that were ended by a preemption: some come to their
	// end before the dispatcher stops them, or were never begun.
	Preempted int `json:"preempted"`
	Stopped   int `json:"stopped"`
	Caused    int `json:"caused"`
}

// Impossible is a submission that the fleet can never run.
type Impossible struct {
	// Submission is its id, and Account the one that it is of.
	Submission string              `json:"submission"`
	Account    scheduler.AccountID `json:"account"`
	// Size is how many workers it needs at once, and Workers how many have its base labels.
	Size    int `json:"size"`
	Workers int `json:"workers"`
}

// SubmissionFigures compare submissions, as the jobs of a log, with what really happened. All
// distributions are over the same submissions: those that completed and whose real wait is known.
type SubmissionFigures struct {
	// RealWait is what the log says, and RealWaitPercentilesSeconds are its percentiles 0 to 100.
	RealWait                   Distribution `json:"real_wait"`
	RealWaitPercentilesSeconds []float64    `json:"real_wait_percentiles_seconds"`
	// FirstWait and LastWait end when the first and the last of a submission's tasks start; a real
	// job starts on all its processors at once.
	FirstWait Distribution `json:"first_wait"`
	LastWait  Distribution `json:"last_wait"`
	// RealUtilisation is the part of the workers' time that the log's jobs used, from the first
	// submission to the last end; RealSpanSeconds is that time. The workers are those of the real
	// machine, or of the fleet if the log does not say.
	RealUtilisation float64 `json:"real_utilisation"`
	RealSpanSeconds float64 `json:"real_span_seconds"`
}

// WallFigures are times of the real world.
type WallFigures struct {
	// TotalSeconds is the whole run.
	TotalSeconds float64 `json:"total_seconds"`
	// PassMeanSeconds and the others are of single passes.
	PassMeanSeconds float64 `json:"pass_mean_seconds"`
	PassP50Seconds  float64 `json:"pass_p50_seconds"`
	PassP99Seconds  float64 `json:"pass_p99_seconds"`
	PassMaxSeconds  float64 `json:"pass_max_seconds"`
}

// figures sums the tally up.
func (e *engine) figures(partial bool) *Figures {
	t := &e.tally
	if !t.counting { // stopped in the warm-up
		t.startedAt = e.now
		t.count(e.dispatcher.operations)
	}
	end := t.lastActive
	if partial || e.requests.len() > 0 {
		end = e.now
	}
	t.queue.advance(millis(end))
	for p := range t.busy {
		t.busy[p].advance(millis(end))
	}
	for r := range e.requests.each() {
		e.settleLevel(r)
		t.note(r, "unfinished")
		if r.state == requestRunning {
			r.account.provisionMillis += t.between(r.started, min(e.now, r.provisioned))
		}
	}
	hash := e.pool.Hash()
	f := &Figures{
		Version:           FiguresVersion,
		Workload:          e.setup.Workload.Name,
		Partial:           partial,
		Start:             e.setup.Workload.Start.Add(t.startedAt).UTC(),
		End:               e.setup.Workload.Start.Add(end).UTC(),
		Impossible:        e.impossible(),
		ImpossibleReasons: e.impossibleReasons(),
		Submissions:       e.submissions(),
		Preemptions:       t.preemptionFlows(),
		Importances:       t.importanceFigures(e.arrived),
		Series:            e.seriesFigures(end),
		LongestWaits:      t.longestWaits.figures(t.workload),
		MostPreempted:     t.mostPreempted.figures(t.workload),
		Faults:            e.mishaps.figures(),
		BrokenCount:       t.broken,
		Broken:            append([]string{}, t.brokenText...),
		StateHash:         hex.EncodeToString(hash[:]),
	}
	e.accountFigures(f)
	f.Pool = e.poolFigures(seconds(millis(end)-millis(t.startedAt)), &f.All)
	f.Groupings = e.groupingFigures(millis(end), f.Pool.SpanSeconds)
	f.Fairness = t.fairness(end)
	if e.setup.Stopwatch != nil {
		f.Wall = t.wall()
	}
	return f
}

// poolFigures sums up the whole pool over a span.
func (e *engine) poolFigures(spanSeconds float64, all *AccountFigures) PoolFigures {
	t := &e.tally
	p := PoolFigures{
		Workers:           len(e.fleet.workers),
		SpanSeconds:       spanSeconds,
		QueueMax:          t.queue.max,
		Passes:            t.passes,
		Operations:        e.dispatcher.operations - t.operationsBefore,
		Assignments:       t.assignments,
		Starts:            t.starts,
		Preemptions:       t.preemptions,
		Reprioritizations: t.reprioritized,
		Timeouts:          t.timeouts,
		IgnoredNews:       t.ignoredNews,
		ExpiredWorkers:    t.expiredWorkers,
	}
	busy := int64(0)
	for level := range t.busy {
		busy += t.busy[level].sum
	}
	available := spanSeconds * float64(p.Workers)
	p.Utilisation = ratio(seconds(busy), available)
	p.UtilisationUseful = ratio(seconds(busy)-all.ProvisionSeconds-all.LostSeconds, available)
	p.QueueMean = ratio(seconds(t.queue.sum), spanSeconds)
	return p
}

// accountFigures sums up each account, and all of them.
func (e *engine) accountFigures(f *Figures) {
	all := &accountTally{known: true}
	f.Accounts = []AccountFigures{}
	for _, a := range e.tally.sorted() {
		all.add(a)
		f.Accounts = append(f.Accounts, a.figures())
	}
	f.All = all.figures()
}

// figures sums up one account.
func (a *accountTally) figures() AccountFigures {
	waits := a.waits.list()
	f := AccountFigures{
		Account:          a.id,
		Known:            a.known,
		Requests:         a.requests,
		Completed:        a.completed,
		Impossible:       a.impossible,
		Expired:          a.expired,
		Dropped:          a.dropped,
		Lost:             a.lost,
		Wait:             distribution(waits),
		FirstWait:        distribution(a.firstWaits.list()),
		FreeSeconds:      seconds(a.usedMillis[scheduler.FreeBucket]),
		ProvisionSeconds: seconds(a.provisionMillis),
		LostSeconds:      seconds(a.lostMillis),
		Preempted:        a.preempted,
		Stopped:          a.stopped,
		Caused:           a.caused,
	}
	f.WaitPercentilesSeconds = percentilesSeconds(waits) // distribution sorted them
	f.Unfinished = a.requests - a.completed - a.impossible - a.expired - a.dropped - a.lost
	paid := int64(0)
	for p := range f.LevelSeconds {
		paid += a.usedMillis[p]
		f.LevelSeconds[p] = seconds(a.usedMillis[p])
	}
	f.PaidSeconds = seconds(paid)
	f.UsedSeconds = seconds(paid + a.usedMillis[scheduler.FreeBucket])
	return f
}

// add adds b's counts to a.
func (a *accountTally) add(b *accountTally) {
	a.requests += b.requests
	a.impossible += b.impossible
	a.completed += b.completed
	a.expired += b.expired
	a.dropped += b.dropped
	a.lost += b.lost
	a.waits.join(&b.waits)
	a.firstWaits.join(&b.firstWaits)
	for p := range a.usedMillis {
		a.usedMillis[p] += b.usedMillis[p]
	}
	a.provisionMillis += b.provisionMillis
	a.lostMillis += b.lostMillis
	a.preempted += b.preempted
	a.stopped += b.stopped
	a.caused += b.caused
}
