package simulator_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"testing"
	"time"

	"github.com/quotasched/quotasched/scheduler"
	"github.com/quotasched/quotasched/simulator"
)

// There are 60 waits of 0 s and 40 of 100 s: percentile 60 is the last one of 0 s.
func TestPercentiles(t *testing.T) {
	setup := handMade(60)
	for i := range 100 {
		setup.Workload.Submissions = append(setup.Workload.Submissions,
			sub(fmt.Sprint("s", i), "", 0, 100))
	}
	p := run(t, setup).All.WaitPercentilesSeconds
	equal(t, "percentiles", len(p), 101)
	equal(t, "0, 60, 61, 100", []float64{p[0], p[60], p[61], p[100]}, []float64{0, 0, 100, 100})
}

// As in TestPreemptionLosesWork: the team's request comes at 10 and stops a run of 10 s. Its run is
// 11–31, the free one's 31–131.
func preemption() *simulator.Setup {
	setup := handMade(1, sub("free", "", 0, 100), sub("paid", "team", 10, 20))
	setup.Workload.Submissions[0].Importance = "low"
	setup.Workload.Submissions[1].Importance = "high"
	setup.Workload.Submissions[1].RealWait = 7 * time.Second
	quota(setup, "team")
	return setup
}

func TestWhoPreemptedWhom(t *testing.T) {
	equal(t, "flows", run(t, preemption()).Preemptions,
		[]simulator.PreemptionFlow{{By: "team", Of: "", Count: 1, LostSeconds: 10}})
}

// A run that comes to its end before it is stopped has lost nothing: see
// TestATaskThatEndsBeforeItIsStopped. The other one has run from 0 to 10.
func TestAPreemptionThatLosesNothing(t *testing.T) {
	setup := handMade(2, sub("f1", "f", 0, 100), sub("f2", "f", 0, 15), sub("p1", "team", 10, 50),
		sub("p2", "team", 11, 50))
	quota(setup, "team")
	setup.Policy.Scheduler.BurstCover = -1
	setup.Timing.CancelPoll = 10 * time.Second
	equal(t, "flows", run(t, setup).Preemptions,
		[]simulator.PreemptionFlow{{By: "team", Of: "f", Count: 2, LostSeconds: 10}})
}

// constant is a distribution of n equal values.
func constant(n int, seconds float64) simulator.Distribution {
	return simulator.Distribution{Count: n, MeanSeconds: seconds, P50Seconds: seconds,
		P90Seconds: seconds, P95Seconds: seconds, P99Seconds: seconds, MaxSeconds: seconds}
}

func TestImportances(t *testing.T) {
	setup := preemption()
	low := simulator.ImportanceFigures{Importance: "low", Submissions: 1, Requests: 1,
		Completed: 1, Wait: constant(1, 31), FirstWait: constant(1, 0), Preempted: 1,
		LostSeconds: 10}
	high := simulator.ImportanceFigures{Importance: "high", Submissions: 1, Requests: 1,
		Completed: 1, Wait: constant(1, 1), FirstWait: constant(1, 1), RealWait: constant(1, 7)}
	equal(t, "importances", run(t, setup).Importances, []simulator.ImportanceFigures{high, low})

	setup.Workload.RealPreemptionsKnown = true
	setup.Workload.Submissions[0].RealPreemptions = 3
	f := run(t, setup)
	equal(t, "real preemptions", []int{*f.Importances[0].RealPreempted,
		*f.Importances[1].RealPreempted}, []int{0, 3})

	setup.Workload.Submissions[0].Importance = ""
	equal(t, "without one", run(t, setup).Importances[0].Importance, "")
	setup.Workload.Submissions[1].Importance = ""
	equal(t, "none has one", len(run(t, setup).Importances), 0)
}

// One worker; a and b earn half a worker each, and each submits 60 s of work at 0. Of the 120 s, a
// runs in the first 60 and b in the second. Both are granted 60, and use 60 in the end. a is owed
// half a worker until it ends, and served all the time; b is owed it for 120 s, and served for 60.
func TestShares(t *testing.T) {
	setup := handMade(1, sub("1", "a", 0, 60), sub("2", "b", 0, 60))
	setup.Policy.Accounts = simulator.Shares{Level: 1, Rate: 500}.Accounts(
		[]scheduler.AccountID{"a", "b", "idle"})
	setup.Policy.Scheduler.DisablePreemption = true
	f := run(t, setup)
	equal(t, "span", f.Pool.SpanSeconds, 120.0)
	equal(t, "fairness", f.Fairness, simulator.Fairness{
		Shares: []simulator.Share{
			{Account: "a", GrantedSeconds: 60, DemandedSeconds: 60, UsedSeconds: 60,
				Satisfaction: 1, OwedSeconds: 30, ServedSeconds: 30},
			{Account: "b", GrantedSeconds: 60, DemandedSeconds: 60, UsedSeconds: 60,
				Satisfaction: 1, OwedSeconds: 60, ServedSeconds: 30},
			{Account: "idle", GrantedSeconds: 60},
		},
		Jain:       1,
		JainServed: sixDigits(1.5 * 1.5 / (2 * 1.25)), // of 1 and 1/2
		JainWaits:  sixDigits(1.5 * 1.5 / (2 * 1.25)), // of 1 and 1/(1 + 1)
	})
}

// Without a retry, b is preempted for good after 30 of its 40 s, and has nothing to show for it:
// a alone got everything.
func TestJainsIndex(t *testing.T) {
	setup := handMade(1, sub("1", "b", 0, 40), sub("2", "a", 30, 10))
	setup.Policy.Accounts = simulator.Shares{Level: 0, Rate: 1000,
		MaxCharge: time.Hour}.Accounts([]scheduler.AccountID{"a"})
	setup.Policy.Accounts["b"] = simulator.Shares{Level: 1, Rate: 1000}.Accounts(
		[]scheduler.AccountID{"b"})["b"]
	setup.Policy.NoRetry = true
	f := run(t, setup)
	equal(t, "a and b", []float64{f.Fairness.Shares[0].Satisfaction,
		f.Fairness.Shares[1].Satisfaction}, []float64{1, 0})
	equal(t, "Jain's index", f.Fairness.Jain, 0.5)
}

// Both use more than they were granted, as nobody else wants the worker: that counts as all that they
// were due.
func TestJainsIndexOfFreeTime(t *testing.T) {
	setup := handMade(1, sub("1", "a", 0, 60), sub("2", "b", 0, 30))
	setup.Policy.Accounts = simulator.Shares{Level: 1, Rate: 250}.Accounts(
		[]scheduler.AccountID{"a", "b"})
	f := run(t, setup)
	equal(t, "60 and 30 of 22.5 s", []float64{f.Fairness.Shares[0].Satisfaction,
		f.Fairness.Shares[1].Satisfaction}, []float64{2.666667, 1.333333})
	equal(t, "Jain's index", f.Fairness.Jain, 1.0)
}

// levels returns the values of one point at all levels.
func levels(lists [scheduler.NumPriorities + 1][]float64, point int) []float64 {
	var values []float64
	for _, list := range lists {
		values = append(values, list[point])
	}
	return values
}

// As in preemption: in its 131 s, the free task runs 0–10 and 31–131, the paid one 11–31. In the
// step 10–11 nobody runs, and both wait.
func TestSeries(t *testing.T) {
	setup := preemption()
	setup.SeriesPoints = 1000
	s := run(t, setup).Series
	equal(t, "start and step", []any{s.Start, s.StepSeconds}, []any{monday, 1.0})
	equal(t, "points", len(s.Alive), 131)
	at := func(point int) []float64 {
		busy, queue := levels(s.Busy, point), levels(s.Queue, point)
		return append(append(busy, queue...), s.Alive[point])
	}
	equal(t, "0–1", at(0), []float64{0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1})
	equal(t, "9–10", at(9), []float64{0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1})
	equal(t, "10–11", at(10), []float64{0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 1})
	equal(t, "11–12", at(11), []float64{1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1})
	equal(t, "130–131", at(130), []float64{0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1})
	equal(t, "accounts", []any{s.AccountBusy[0].Account, s.AccountBusy[1].Account},
		[]any{scheduler.AccountID(""), scheduler.AccountID("team")})
	equal(t, "waiting at 10–12", []float64{s.AccountQueue[0].Values[10],
		s.AccountQueue[0].Values[11], s.AccountQueue[1].Values[10], s.AccountQueue[1].Values[11]},
		[]float64{1, 1, 1, 0})
	equal(t, "team busy at 10–12", s.AccountBusy[1].Values[10:12], []float64{0, 1})
	equal(t, "balances", len(s.Balances), 1)
	equal(t, "balance", []any{s.Balances[0].Account, s.Balances[0].Level, s.Balances[0].Seconds[0]},
		[]any{scheduler.AccountID("team"), scheduler.Priority(0), 3600.0})
	for i, balance := range s.Balances[0].Seconds {
		if balance > 3600 || balance < 3600-30 {
			t.Errorf("balance at %d s: %v", i+1, balance)
		}
	}
}

// All means stay exact when steps are joined. 131 s are 33 steps of 4 s, the last one of 3, if there
// may be up to 40 of them, as all submissions are in the first 11 s. The team earns half of what it
// pays, so its balance changes from second to second.
func TestSeriesJoinSteps(t *testing.T) {
	setup := preemption()
	team := setup.Policy.Accounts["team"]
	team.Config.ChargeRate[0] = 500
	setup.Policy.Accounts["team"] = team
	setup.SeriesPoints = 200
	fine := run(t, setup).Series
	setup.SeriesPoints = 40
	s := run(t, setup).Series
	equal(t, "step", s.StepSeconds, 4.0)
	equal(t, "points", []int{len(s.Alive), len(s.Queue[0]), len(s.Balances[0].Seconds),
		len(s.AccountBusy[1].Values)}, []int{33, 33, 33, 33})
	equal(t, "8–12 and 12–16, free", s.Busy[scheduler.FreeBucket][2:4], []float64{0.5, 0})
	equal(t, "8–12 and 12–16, paid", s.Busy[0][2:4], []float64{0.25, 1})
	equal(t, "8–12 and 12–16, waiting paid", s.Queue[0][2:4], []float64{0.25, 0})
	equal(t, "8–12 and 12–16, waiting free", s.Queue[scheduler.FreeBucket][2:4], []float64{0.5, 1})
	equal(t, "28–32, paid", s.Busy[0][7], 0.75)
	equal(t, "128–131, free", s.Busy[scheduler.FreeBucket][32], 1.0)
	equal(t, "alive", s.Alive[32], 1.0)
	for i := range 32 {
		equal(t, "balance", s.Balances[0].Seconds[i], fine.Balances[0].Seconds[4*i+3])
	}

	setup.SeriesPoints = 2
	s = run(t, setup).Series
	equal(t, "5 s, doubled until two are enough", []any{s.StepSeconds, len(s.Alive)},
		[]any{80.0, 2})
	equal(t, "paid", s.Busy[0], []float64{0.25, 0})                     // 20 of 80 s
	equal(t, "free", s.Busy[scheduler.FreeBucket], []float64{0.738, 1}) // 59 of 80 s

	setup.SeriesPoints = 0
	equal(t, "not asked for", run(t, setup).Series, (*simulator.Series)(nil))
}

// The level of what waits is the best one at which its account may start another run. The account
// has 60 s at p1 and a rate of 1 there, so that two of its requests start there at 0. From then on,
// another run must be payable for the burst cover, a minute by default. The third request waits.
func TestTheLevelOfWhatWaits(t *testing.T) {
	setup := handMade(2, sub("1", "a", 0, 30), sub("2", "a", 0, 30), sub("3", "a", 0, 30),
		sub("4", "", 0, 30))
	a := simulator.Account{Balance: scheduler.Balance{1: scheduler.WorkerSeconds(60)}}
	a.Config.ChargeRate[1] = scheduler.Workers(1)
	a.Config.MaxCharge = time.Minute
	setup.Policy.Accounts = map[scheduler.AccountID]simulator.Account{"a": a}
	setup.SeriesPoints = 100
	s := run(t, setup).Series
	equal(t, "2 runs: 60 s are needed, and 59 are left", levels(s.Queue, 5),
		[]float64{0, 0, 0, 0, 0, 2})
	setup.Policy.Scheduler.BurstCover = 10 * time.Second
	s = run(t, setup).Series
	equal(t, "2 runs: 10 s are needed", levels(s.Queue, 5), []float64{0, 1, 0, 0, 0, 1})
}

// A run that is preempted is a run less at its level: of the account's two runs at p1, as above, the
// team stops one at 20. With one run left, at a rate of one, the account may start another one there.
func TestTheLevelAfterAPreemption(t *testing.T) {
	setup := handMade(2, sub("1", "a", 0, 90), sub("2", "a", 0, 90), sub("3", "a", 0, 90),
		sub("paid", "team", 20, 50))
	quota(setup, "team")
	a := simulator.Account{Balance: scheduler.Balance{1: scheduler.WorkerSeconds(60)}}
	a.Config.ChargeRate[1] = scheduler.Workers(1)
	a.Config.MaxCharge = time.Minute
	setup.Policy.Accounts["a"] = a
	setup.SeriesPoints = 1000
	s := run(t, setup).Series
	equal(t, "before", levels(s.Queue, 15), []float64{0, 0, 0, 0, 0, 1})
	equal(t, "after", levels(s.Queue, 25), []float64{0, 2, 0, 0, 0, 0})
}

// The free task provisions from 0, is stopped at 10, and begins anew when the paid one has run from
// 11 to 16: for a minute again, whatever the end of the first minute.
func TestProvisioningThatIsStopped(t *testing.T) {
	setup := handMade(1, sub("free", "", 0, 10), sub("paid", "team", 10, 5))
	setup.Workload.Submissions[0].ProvisionableLabels = []string{"os:b"}
	quota(setup, "team")
	setup.Timing.Provision = time.Minute
	setup.SeriesPoints = 1000
	s := run(t, setup).Series
	equal(t, "9 to 17", s.Provisioning[9:17], []float64{1, 0, 0, 0, 0, 0, 0, 1})
	equal(t, "59 to 61", s.Provisioning[59:61], []float64{1, 1})
	equal(t, "75 to 77", s.Provisioning[75:77], []float64{1, 0})
}

// Two workers provision for 2.5 s from 0; nothing is sampled, so half of a step counts.
func TestProvisioningOverTime(t *testing.T) {
	a, b := sub("a", "", 0, 10), sub("b", "", 0, 10)
	a.ProvisionableLabels, b.ProvisionableLabels = []string{"os:b"}, []string{"os:b"}
	setup := handMade(2, a, b)
	setup.Timing.Provision = 2500 * time.Millisecond
	setup.SeriesPoints = 100
	s := run(t, setup).Series
	equal(t, "provisioning", s.Provisioning[:6], []float64{2, 2, 1, 0, 0, 0})
}

// Only the twenty accounts that used most are shown.
func TestSeriesOfManyAccounts(t *testing.T) {
	setup := handMade(1)
	for i := range 30 {
		setup.Workload.Submissions = append(setup.Workload.Submissions,
			sub(fmt.Sprint("s", i), fmt.Sprintf("a%02d", i), 0, 10+i))
	}
	setup.SeriesPoints = 10
	s := run(t, setup).Series
	equal(t, "shown", len(s.AccountBusy), 20)
	equal(t, "first and last", []scheduler.AccountID{s.AccountBusy[0].Account,
		s.AccountBusy[19].Account}, []scheduler.AccountID{"a29", "a10"})
	equal(t, "balances", len(s.Balances), 0)
}

// Each request has its record when it ends; the impossible one when it arrives.
func TestRecords(t *testing.T) {
	setup := preemption()
	setup.Workload.Submissions = append(setup.Workload.Submissions, sub("wide", "x", 12, 1))
	setup.Workload.Submissions[2].Size = 2
	var got []simulator.TaskRecord
	setup.Record = func(r *simulator.TaskRecord) error {
		got = append(got, *r)
		return nil
	}
	run(t, setup)
	const unknown, second = simulator.Unknown, time.Second
	impossible := simulator.TaskRecord{Request: "wide.0", Submission: "wide", Account: "x",
		Outcome: "impossible", Submit: 12 * second, FirstStart: unknown, Start: unknown,
		End: unknown, Level: scheduler.FreeBucket, RealWait: unknown}
	second2 := impossible
	second2.Request = "wide.1"
	equal(t, "records", got, []simulator.TaskRecord{
		impossible, second2,
		{Request: "paid", Submission: "paid", Account: "team", Importance: "high",
			Outcome: "completed", Submit: 10 * second, FirstStart: 11 * second,
			Start: 11 * second, End: 31 * second, Worker: "worker-0", Level: 0, Runs: 1,
			RealWait: 7 * second},
		{Request: "free", Submission: "free", Importance: "low", Outcome: "completed",
			FirstStart: 0, Start: 31 * second, End: 131 * second, Worker: "worker-0",
			Level: scheduler.FreeBucket, Runs: 2, Preemptions: 1, Lost: 10 * second,
			RealWait: unknown},
	})
}

// What has not ended when the run does comes last, in order of id: d provisions and runs, c waits.
func TestRecordsOfAnInterruptedRun(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	d := sub("d", "", 0, 1_000_000)
	d.ProvisionableLabels = []string{"os:b"}
	setup := handMade(1, d, sub("e", "", 0, 10), sub("c", "", 11, 10), sub("a", "", 500_000, 10))
	setup.Timing.Provision = time.Hour
	setup.Progress = func(p simulator.Progress) {
		if p.Now.Sub(monday) > time.Hour {
			cancel()
		}
	}
	var got []string
	setup.Record = func(r *simulator.TaskRecord) error {
		got = append(got, fmt.Sprint(r.Request, " ", r.Outcome, " ", r.Start, " ", r.End, " ",
			r.Provision, " ", r.Worker, " ", r.Level))
		return nil
	}
	f, err := simulator.Run(ctx, setup)
	if err != nil || !f.Partial {
		t.Fatal(f, err)
	}
	equal(t, "records", got, []string{"e completed 0s 10s 0s worker-0 free",
		"c unfinished -1ns -1ns 0s  free", "d unfinished 10s -1ns 1h0m0s worker-0 free"})
	equal(t, "provisioning", f.All.ProvisionSeconds, 3600.0)
}

// An error of Record ends the run, also at the last request.
func TestRecordsThatCannotBeWritten(t *testing.T) {
	full := errors.New("no space left")
	for n := range 2 {
		setup := preemption()
		setup.Record = func(r *simulator.TaskRecord) error {
			if n--; n < 0 {
				return full
			}
			return nil
		}
		_, err := simulator.Run(context.Background(), setup)
		if !errors.Is(err, full) || errors.Is(err, simulator.ErrSetup) {
			t.Errorf("got %v", err)
		}
	}
}

// checkNumbers fails on a number that JSON cannot hold, or that is longer than it should be.
func checkNumbers(t *testing.T, path string, v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			checkNumbers(t, path, v.Elem())
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return
		}
		for i := range v.NumField() {
			checkNumbers(t, path+"."+v.Type().Field(i).Name, v.Field(i))
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			checkNumbers(t, path+"[]", v.Index(i))
		}
	case reflect.Float64:
		x := v.Float()
		if math.IsNaN(x) || math.IsInf(x, 0) || x != math.Round(x*1e6)/1e6 {
			t.Errorf("%s is %v", path, x)
		}
	}
}

// Odd worlds have figures too: an account without requests, requests of no account or of one that
// the policy lacks, nothing that completes, no time at all. JSON can hold all of them, and lists are
// never null.
func TestFiguresOfOddWorlds(t *testing.T) {
	for name, setup := range map[string]*simulator.Setup{
		"all impossible": handMade(1, sub("a", "x", 0, 10), sub("b", "", 0, 10)),
		"names":          handMade(2, sub("a", "x\x00", 0, 10), sub("b", "x", 0, 10)),
		"nothing runs":   handMade(1, sub("a", "poor", 0, 10)),
	} {
		setup.SeriesPoints = 10
		quota(setup, "x", "no requests")
		if name == "all impossible" {
			for i := range setup.Workload.Submissions {
				setup.Workload.Submissions[i].Size = 2
			}
		}
		poor := simulator.Account{}
		poor.Config.DisableFreeTasks = true
		setup.Policy.Accounts["poor"] = poor
		f := run(t, setup)
		checkNumbers(t, name, reflect.ValueOf(f))
		b, err := json.Marshal(f)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		var lists struct {
			Preemptions, Accounts []any
			Series                struct{ Balances []any }
		}
		if err := json.Unmarshal(b, &lists); err != nil || lists.Preemptions == nil ||
			lists.Accounts == nil || lists.Series.Balances == nil {
			t.Errorf("%s: %v in %s", name, err, b)
		}
		switch name {
		case "all impossible":
			equal(t, "no time", []any{f.Pool.SpanSeconds, len(f.Series.Alive)}, []any{0.0, 0})
		case "names":
			equal(t, "two accounts", []int{account(t, f, "x").Completed,
				account(t, f, "x\x00").Completed}, []int{1, 1})
			equal(t, "granted", len(f.Fairness.Shares), 3)
		case "nothing runs":
			equal(t, "queue", f.Pool.QueueMean, 1.0)
			equal(t, "waits", account(t, f, "poor").WaitPercentilesSeconds, []float64{})
		}
	}
}
