package simulator_test

import (
	"context"
	"math"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/quotasched/quotasched/scheduler"
	"github.com/quotasched/quotasched/simulator"
)

// monday is when the hand-made workloads begin.
var monday = time.Date(2026, time.January, 5, 0, 0, 0, 0, time.UTC)

// crisp is a timing in which times can be computed by hand: a tick each second, polls at multiples
// of ten seconds, no delays.
func crisp() simulator.Timing {
	t := simulator.DefaultTiming()
	t.Tick, t.CancelPoll = time.Second, time.Second
	t.StartDelay, t.Provision, t.PollJitter = 0, 0, 0
	return t
}

// sub is a submission of one request; seconds from the start.
func sub(id, account string, submitSeconds, runSeconds int) simulator.Submission {
	return simulator.Submission{
		ID:       id,
		Account:  scheduler.AccountID(account),
		Submit:   time.Duration(submitSeconds) * time.Second,
		Run:      time.Duration(runSeconds) * time.Second,
		Size:     1,
		RealWait: simulator.Unknown,
	}
}

// handMade is a setup of these submissions, with n workers, no accounts and a crisp timing.
func handMade(n int, submissions ...simulator.Submission) *simulator.Setup {
	return &simulator.Setup{
		Workload: &simulator.Workload{Name: "hand-made", Start: monday, Submissions: submissions},
		Workers:  simulator.Machines(n),
		Timing:   crisp(),
	}
}

// run runs the setup, which must break no promise.
func run(t *testing.T, setup *simulator.Setup) *simulator.Figures {
	t.Helper()
	f, err := simulator.Run(context.Background(), setup)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range f.Broken {
		t.Error("broken: ", text)
	}
	return f
}

// account returns the figures of one account.
func account(t *testing.T, f *simulator.Figures, id scheduler.AccountID) simulator.AccountFigures {
	t.Helper()
	for _, a := range f.Accounts {
		if a.Account == id {
			return a
		}
	}
	t.Fatalf("no account %q", id)
	return simulator.AccountFigures{}
}

// sixDigits is how figures are rounded that are parts of a whole.
func sixDigits(x float64) float64 { return math.Round(x*1e6) / 1e6 }

func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// One worker, two requests at 0: a runs 1–11 s, as the worker starts a second after it is given a
// task; b is given out at 11 and runs 12–17.
func TestTwoRequestsOneWorker(t *testing.T) {
	setup := handMade(1, sub("a", "", 0, 10), sub("b", "", 0, 5))
	setup.Timing.StartDelay = time.Second
	f := run(t, setup)
	equal(t, "completed", f.All.Completed, 2)
	equal(t, "mean wait", f.All.Wait.MeanSeconds, 6.5)
	equal(t, "p50", f.All.Wait.P50Seconds, 1.0)
	equal(t, "p95", f.All.Wait.P95Seconds, 12.0)
	equal(t, "span", f.Pool.SpanSeconds, 17.0)
	equal(t, "utilisation", f.Pool.Utilisation, sixDigits(15.0/17))
	equal(t, "useful", f.Pool.UtilisationUseful, sixDigits(15.0/17))
	equal(t, "queue", f.Pool.QueueMean, sixDigits(11.0/17)) // b waits from 0 to 11
	equal(t, "queue at most", f.Pool.QueueMax, int64(2))
	equal(t, "free", f.All.FreeSeconds, 15.0)
	equal(t, "paid", f.All.PaidSeconds, 0.0)
	equal(t, "starts", f.Pool.Starts, 2)
	equal(t, "end", f.End, monday.Add(17*time.Second))
}

// The worker is idle from 1 s on, and polls at 10, 20, 30: what arrives at 13 starts at 20.
func TestAnIdleWorkerFetchesItsTaskAtItsNextPoll(t *testing.T) {
	f := run(t, handMade(1, sub("a", "", 0, 1), sub("b", "", 13, 1)))
	equal(t, "longest wait", f.All.Wait.MaxSeconds, 7.0)
}

// Two workers poll at multiples of 10 s, the second one shifted by half of that: at 15, 25.
func TestPollsAreSpread(t *testing.T) {
	f := run(t, handMade(2, sub("a", "", 0, 1), sub("b", "", 0, 1), sub("c", "", 11, 100),
		sub("d", "", 11, 100)))
	equal(t, "waits end at 15 and 20", f.All.Wait.MeanSeconds, (0+0+4+9)/4.0)
}

// Each poll is late by a time of its own, of at most the jitter: what arrives at 16 s starts between
// 20 s and 25 s, and when exactly is up to the seed.
func TestPollsAreLateByChance(t *testing.T) {
	starts := map[float64]bool{}
	for seed := range uint64(20) {
		setup := handMade(1, sub("a", "", 0, 1), sub("b", "", 16, 1))
		setup.Timing.PollJitter = 5 * time.Second
		setup.Seed = seed
		wait := run(t, setup).All.Wait.MaxSeconds
		starts[wait] = true
		if wait < 4 || wait > 9 {
			t.Errorf("seed %d: waited %v s", seed, wait)
		}
	}
	if len(starts) < 4 {
		t.Errorf("only these waits: %v", starts)
	}
}

// The dispatcher has its turn every 5 s: what arrives at 6 is told at 10, when the worker that
// became idle at 7 gets its answer.
func TestTheDispatcherGathersForATick(t *testing.T) {
	setup := handMade(1, sub("a", "", 0, 7), sub("b", "", 6, 1))
	setup.Timing.Tick = 5 * time.Second
	f := run(t, setup)
	equal(t, "longest wait", f.All.Wait.MaxSeconds, 4.0)
}

// A submission of three becomes three requests, which start one by one.
func TestSizes(t *testing.T) {
	s := sub("a", "", 0, 10)
	s.Size = 3
	s.RealWait = 5 * time.Second
	setup := handMade(3, s, sub("b", "", 0, 10))
	f := run(t, setup)
	equal(t, "requests", f.All.Requests, 4)
	equal(t, "longest wait", f.All.Wait.MaxSeconds, 10.0)
	want := &simulator.SubmissionFigures{
		RealWait: simulator.Distribution{Count: 1, MeanSeconds: 5, P50Seconds: 5, P90Seconds: 5,
			P95Seconds: 5, P99Seconds: 5, MaxSeconds: 5},
		RealWaitPercentilesSeconds: slices.Repeat([]float64{5}, 101),

		FirstWait:       simulator.Distribution{Count: 1},
		LastWait:        simulator.Distribution{Count: 1},
		RealUtilisation: sixDigits(30.0 / 45), // 3 workers for 15 s
		RealSpanSeconds: 15,
	}
	equal(t, "submissions", f.Submissions, want)
}

// A submission that is wider than the workers that have its labels is impossible.
func TestImpossibleSubmissionsAreCounted(t *testing.T) {
	wide, gpu, two := sub("wide", "", 0, 10), sub("gpu", "team", 1, 10), sub("two", "", 2, 10)
	wide.Size = 3
	gpu.BaseLabels = []string{"gpu"}
	two.Size = 2
	f := run(t, handMade(2, wide, gpu, two))
	equal(t, "impossible", f.Impossible, []simulator.Impossible{
		{Submission: "wide", Size: 3, Workers: 2},
		{Submission: "gpu", Account: "team", Size: 1, Workers: 0},
	})
	equal(t, "impossible requests", f.All.Impossible, 4)
	equal(t, "completed", f.All.Completed, 2)
	equal(t, "unfinished", f.All.Unfinished, 0)
}

// quota gives an account one worker at p0, with a full balance of an hour.
func quota(setup *simulator.Setup, ids ...scheduler.AccountID) {
	setup.Policy.Accounts = simulator.Shares{Level: 0, Rate: scheduler.Workers(1),
		MaxCharge: time.Hour}.Accounts(ids)
}

// A free task runs from 0. At 10 a paid request preempts it: the worker stops at 10, asks, and has
// the paid task at 11, for 20 s. The free one waits again and runs from its beginning, 31–131.
func TestPreemptionLosesWork(t *testing.T) {
	setup := handMade(1, sub("free", "", 0, 100), sub("paid", "team", 10, 20))
	quota(setup, "team")
	f := run(t, setup)
	team, rest := account(t, f, "team"), account(t, f, "")
	equal(t, "paid wait", team.Wait.MaxSeconds, 1.0)
	equal(t, "paid", team.LevelSeconds[0], 20.0)
	equal(t, "caused", team.Caused, 1)
	equal(t, "free wait", rest.Wait.MaxSeconds, 31.0)
	equal(t, "free wait to the first run", rest.FirstWait.MaxSeconds, 0.0)
	equal(t, "free used", rest.FreeSeconds, 110.0)
	equal(t, "lost work", rest.LostSeconds, 10.0)
	equal(t, "preempted", []int{rest.Preempted, rest.Stopped, f.Pool.Preemptions}, []int{1, 1, 1})
	equal(t, "span", f.Pool.SpanSeconds, 131.0)
	equal(t, "utilisation", f.Pool.Utilisation, sixDigits(130.0/131))
	equal(t, "useful", f.Pool.UtilisationUseful, sixDigits(120.0/131))
}

// Without a retry, the preempted task ends there.
func TestPreemptionWithoutRetry(t *testing.T) {
	setup := handMade(1, sub("free", "", 0, 100), sub("paid", "team", 10, 20))
	quota(setup, "team")
	setup.Policy.NoRetry = true
	f := run(t, setup)
	equal(t, "dropped", f.All.Dropped, 1)
	equal(t, "completed", f.All.Completed, 1)
	equal(t, "unfinished", f.All.Unfinished, 0)
	equal(t, "lost work", f.All.LostSeconds, 10.0)
	equal(t, "span", f.Pool.SpanSeconds, 31.0)
}

// The dispatcher asks for cancellations every 10 s, and did so at 10: what is preempted at 11 would
// be stopped at 20, but comes to its end by itself at 15.
func TestATaskThatEndsBeforeItIsStopped(t *testing.T) {
	setup := handMade(2, sub("f1", "", 0, 100), sub("f2", "", 0, 15), sub("p1", "team", 10, 50),
		sub("p2", "team", 11, 50))
	quota(setup, "team")
	setup.Policy.Scheduler.BurstCover = -1
	setup.Timing.CancelPoll = 10 * time.Second
	f := run(t, setup)
	rest := account(t, f, "")
	equal(t, "preempted", rest.Preempted, 2)
	equal(t, "stopped", rest.Stopped, 1)
	equal(t, "completed", f.All.Completed, 4)
}

// Both requests want the build b, which the worker lacks: the first one provisions it.
func TestProvisioning(t *testing.T) {
	a, b := sub("a", "", 0, 10), sub("b", "", 0, 10)
	a.ProvisionableLabels, b.ProvisionableLabels = []string{"os:b"}, []string{"os:b"}
	c := sub("c", "", 1, 10)
	c.ProvisionableLabels = []string{"os:a"} // taken off the worker by then
	setup := handMade(1, a, b, c)
	setup.Workers[0].Labels = []string{"os:a", "model:x"}
	setup.Timing.Provision = time.Minute
	setup.Policy.Scheduler.ProvisionPatience = time.Second // so that c does not go first
	f := run(t, setup)
	equal(t, "provisioning", f.All.ProvisionSeconds, 120.0)
	equal(t, "used", f.All.UsedSeconds, 150.0)
	equal(t, "useful", f.Pool.UtilisationUseful, 30.0/150)
}

// A request that waits for longer than the pool allows expires, and is not reported as lost.
func TestExpiry(t *testing.T) {
	setup := handMade(1, sub("a", "", 0, 1000), sub("b", "", 5, 1000))
	setup.Policy.Scheduler.RequestExpiration = 61 * time.Second
	f := run(t, setup)
	equal(t, "expired", f.All.Expired, 1)
	equal(t, "completed", f.All.Completed, 1)
	equal(t, "requests at most", f.Pool.QueueMax, int64(1))
}

// A request that can never start does not keep the run from ending.
func TestGivingUp(t *testing.T) {
	setup := handMade(1, sub("a", "", 0, 10), sub("b", "poor", 5, 10))
	quota(setup)
	poor := simulator.Account{}
	poor.Config.DisableFreeTasks = true
	setup.Policy.Accounts["poor"] = poor
	f := run(t, setup)
	equal(t, "unfinished", f.All.Unfinished, 1)
	equal(t, "completed", f.All.Completed, 1)
	equal(t, "gave up", f.Pool.SpanSeconds > 7*24*3600, true)
}

// A run that is stopped has figures up to then, and says so.
func TestInterruption(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	setup := labDays(t, 1, 7)
	setup.Progress = func(p simulator.Progress) {
		if p.Ended > 1000 {
			cancel()
		}
	}
	f, err := simulator.Run(ctx, setup)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "partial", f.Partial, true)
	equal(t, "some completed", f.All.Completed > 1000, true)
	equal(t, "some not", f.All.Unfinished > 0, true)
	equal(t, "broken", f.BrokenCount, 0)
}
