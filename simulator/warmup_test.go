package simulator_test

import (
	"context"
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"github.com/quotasched/quotasched/scheduler"
	"github.com/quotasched/quotasched/simulator"
)

// As in preemption, the free task runs 0–10 and 31–131 and waits 10–31; the paid one waits 10–11
// and runs 11–31. From 5 s on, those are 126 s in which the worker is busy for 125.
func TestWarmUp(t *testing.T) {
	setup := preemption()
	setup.WarmUp = 5 * time.Second
	setup.SeriesPoints = 1000
	setup.Workload.Submissions[0].RealWait = 3 * time.Second
	var recorded []scheduler.RequestID
	setup.Record = func(r *simulator.TaskRecord) error {
		recorded = append(recorded, r.Request)
		return nil
	}
	f := run(t, setup)
	equal(t, "start and end", []time.Time{f.Start, f.End},
		[]time.Time{monday.Add(5 * time.Second), monday.Add(131 * time.Second)})
	equal(t, "span", f.Pool.SpanSeconds, 126.0)
	equal(t, "utilisation", f.Pool.Utilisation, sixDigits(125.0/126))
	equal(t, "useful", f.Pool.UtilisationUseful, sixDigits(120.0/126))
	equal(t, "queue", f.Pool.QueueMean, sixDigits(22.0/126))
	equal(t, "starts and preemptions", []int{f.Pool.Assignments, f.Pool.Starts,
		f.Pool.Preemptions}, []int{2, 2, 1})

	free, team := account(t, f, ""), account(t, f, "team")
	equal(t, "requests from the warm-up", []int{free.Requests, free.Completed, free.Unfinished},
		[]int{0, 0, 0})
	equal(t, "their waits", free.Wait, simulator.Distribution{})
	equal(t, "their time", []float64{free.FreeSeconds, free.LostSeconds}, []float64{105, 5})
	equal(t, "their preemptions", []int{free.Preempted, free.Stopped}, []int{1, 1})
	equal(t, "other requests", []int{team.Requests, team.Completed, team.Caused}, []int{1, 1, 1})
	equal(t, "their waits", team.Wait, constant(1, 1))
	equal(t, "all", []int{f.All.Requests, f.All.Completed}, []int{1, 1})

	equal(t, "flows", f.Preemptions,
		[]simulator.PreemptionFlow{{By: "team", Of: "", Count: 1, LostSeconds: 5}})
	equal(t, "importances", len(f.Importances), 1)
	equal(t, "real waits", f.Submissions.RealWait, constant(1, 7))
	equal(t, "share", f.Fairness.Shares, []simulator.Share{{Account: "team", GrantedSeconds: 126,
		DemandedSeconds: 20, UsedSeconds: 20, Satisfaction: 1, OwedSeconds: 21,
		ServedSeconds: 20}})
	equal(t, "records", recorded, []scheduler.RequestID{"paid"})
	equal(t, "series", []any{f.Series.Start, len(f.Series.Alive), f.Series.AccountBusy[0].Values[0]},
		[]any{monday.Add(5 * time.Second), 126, 1.0})
}

// What happens at the very end of the warm-up counts, also what is submitted then; a millisecond
// later it is too late. The last submission is there to be waited for.
func TestTheEndOfTheWarmUp(t *testing.T) {
	setup := preemption()
	setup.Workload.Submissions = append(setup.Workload.Submissions, sub("last", "", 200, 10))
	setup.WarmUp = 10 * time.Second
	f := run(t, setup)
	equal(t, "requests", f.All.Requests, 2)
	equal(t, "flows", f.Preemptions, []simulator.PreemptionFlow{{By: "team", Of: "", Count: 1}})
	equal(t, "used", f.All.UsedSeconds, 130.0)
	setup.WarmUp += time.Millisecond
	f = run(t, setup)
	equal(t, "requests", f.All.Requests, 1)
	equal(t, "flows", f.Preemptions, []simulator.PreemptionFlow{})
	equal(t, "used", f.All.UsedSeconds, 130.0)
	equal(t, "queue at most", f.Pool.QueueMax, int64(2))
}

// Without a warm-up, the pool does the same; with one, the first part is not counted.
func TestTheWarmUpChangesNothing(t *testing.T) {
	setup := labDays(t, 1, 1)
	whole := run(t, setup)
	setup.WarmUp = 12 * time.Hour
	part := run(t, setup)
	equal(t, "state", part.StateHash, whole.StateHash)
	equal(t, "end", part.End, whole.End)
	equal(t, "start", part.Start, whole.Start.Add(setup.WarmUp))
	if part.Pool.Operations >= whole.Pool.Operations || part.Pool.Passes >= whole.Pool.Passes ||
		part.All.Requests >= whole.All.Requests || part.All.UsedSeconds >= whole.All.UsedSeconds {
		t.Errorf("part: %+v\nwhole: %+v", part.Pool, whole.Pool)
	}
}

// Of two preemptions, the one at 11 stops its run at 20, as the dispatcher looked at 10 and looks
// every 10 s. From 15 on, the preemption is past, and 5 s are lost.
func TestARunPreemptedInTheWarmUpAndStoppedAfterIt(t *testing.T) {
	setup := handMade(2, sub("f1", "f", 0, 100), sub("f2", "f", 0, 100), sub("p1", "team", 10, 50),
		sub("p2", "team", 11, 50), sub("last", "f", 300, 10))
	quota(setup, "team")
	setup.Policy.Scheduler.BurstCover = -1
	setup.Timing.CancelPoll = 10 * time.Second
	setup.WarmUp = 15 * time.Second
	f := run(t, setup)
	equal(t, "flows", f.Preemptions,
		[]simulator.PreemptionFlow{{By: "team", Of: "f", Count: 0, LostSeconds: 5}})
	equal(t, "preempted and stopped", []int{f.All.Preempted, f.All.Stopped}, []int{0, 1})
}

// A minute of provisioning from 0 on, of which half is in the warm-up.
func TestProvisioningInTheWarmUp(t *testing.T) {
	a := sub("a", "", 0, 10)
	a.ProvisionableLabels = []string{"os:b"}
	setup := handMade(1, a, sub("b", "", 101, 10)) // which starts at 110
	setup.Timing.Provision = time.Minute
	setup.WarmUp = 30 * time.Second
	setup.SeriesPoints = 1000
	f := run(t, setup)
	equal(t, "provisioning", f.All.ProvisionSeconds, 30.0)
	equal(t, "used", f.All.UsedSeconds, 50.0)
	equal(t, "useful", f.Pool.UtilisationUseful, sixDigits(20.0/90))
	equal(t, "over time", f.Series.Provisioning[29:31], []float64{1, 0})
}

// What is impossible in the warm-up is not listed.
func TestImpossibleInTheWarmUp(t *testing.T) {
	setup := handMade(1, sub("a", "", 0, 10), sub("b", "", 100, 10), sub("c", "", 101, 10))
	setup.Workload.Submissions[0].Size = 2
	setup.Workload.Submissions[1].Size = 3
	setup.WarmUp = 50 * time.Second
	f := run(t, setup)
	equal(t, "impossible", f.Impossible,
		[]simulator.Impossible{{Submission: "b", Size: 3, Workers: 1}})
	equal(t, "requests", []int{f.All.Impossible, f.All.Requests}, []int{3, 4})
}

// A run that is stopped in its warm-up has nothing to tell.
func TestInterruptionInTheWarmUp(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	setup := preemption()
	setup.WarmUp, setup.SeriesPoints = 5*time.Second, 10
	f, err := simulator.Run(ctx, setup)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "partial", f.Partial, true)
	equal(t, "span", []any{f.Pool.SpanSeconds, f.Start, f.End}, []any{0.0, monday, monday})
	equal(t, "requests", f.All.Requests, 0)
	checkNumbers(t, "figures", reflect.ValueOf(f))
	if _, err := json.Marshal(f); err != nil {
		t.Error(err)
	}
}
