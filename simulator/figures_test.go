package simulator_test

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"testing"
	"time"

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
