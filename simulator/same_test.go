package simulator_test

import (
	"encoding/json"
	"fmt"
	"runtime"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/quotasched/quotasched/scheduler"
	"github.com/quotasched/quotasched/simulator"
	"github.com/quotasched/quotasched/simulator/generate"
)

// The built-in week, cut to its first days to keep the test short.
func labDays(t *testing.T, seed uint64, days int) *simulator.Setup {
	t.Helper()
	setup, err := generate.DeviceLabSetup(seed, 0)
	if err != nil {
		t.Fatal(err)
	}
	w := setup.Workload
	for i := range w.Submissions {
		if w.Submissions[i].Submit > time.Duration(days)*24*time.Hour {
			w.Submissions = w.Submissions[:i]
			break
		}
	}
	return setup
}

// The same seed gives the same bytes, also on another number of processors; another seed does not.
func TestSameSeedSameBytes(t *testing.T) {
	bytes := func(seed uint64, processors int) string {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(processors))
		b, err := json.Marshal(run(t, labDays(t, seed, 2)))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	one := bytes(1, 1)
	if two := bytes(1, 2); one != two {
		t.Errorf("one processor:  %s\ntwo processors: %s", one, two)
	}
	if other := bytes(2, 2); one == other {
		t.Error("seeds 1 and 2 give the same figures")
	}
}

// In any small world, the figures add up: every request ends once, what was used is what workers
// were busy, and what was useful is what was asked for.
func TestFiguresAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		setup := randomSetup(t)
		var runSeconds float64
		for _, s := range setup.Workload.Submissions {
			runSeconds += s.Run.Seconds() * float64(s.Size)
		}
		f, err := simulator.Run(t.Context(), setup)
		if err != nil {
			t.Fatal(err)
		}
		if f.BrokenCount > 0 {
			t.Fatalf("broken: %q", f.Broken)
		}
		all := &f.All
		ended := all.Completed + all.Impossible + all.Expired + all.Dropped + all.Lost
		if all.Unfinished != 0 || ended != all.Requests || all.Lost != 0 {
			t.Fatalf("requests: %+v", all)
		}
		busy := f.Pool.Utilisation * f.Pool.SpanSeconds * float64(f.Pool.Workers)
		near(t, "used and busy", all.UsedSeconds, busy)
		near(t, "paid and free", all.PaidSeconds+all.FreeSeconds, all.UsedSeconds)
		if all.Completed == all.Requests {
			near(t, "useful", all.UsedSeconds-all.LostSeconds-all.ProvisionSeconds, runSeconds)
		}
		if all.Preempted != f.Pool.Preemptions || all.Caused != f.Pool.Preemptions {
			t.Fatalf("%d preempted, %d caused, %d decided", all.Preempted, all.Caused,
				f.Pool.Preemptions)
		}
		if trouble := f.Pool.Timeouts + f.Pool.ExpiredWorkers; trouble != 0 {
			t.Fatalf("trouble: %+v", f.Pool)
		}
	})
}

func near(t *rapid.T, what string, a, b float64) {
	if a-b > 1e-3 || b-a > 1e-3 {
		t.Fatalf("%s: %v and %v", what, a, b)
	}
}

// randomSetup is a small world with accounts, preemption and provisioning.
func randomSetup(t *rapid.T) *simulator.Setup {
	builds := []string{"os:a", "os:b", "os:c"}
	setup := handMade(rapid.IntRange(1, 5).Draw(t, "workers"))
	for i := range setup.Workers {
		setup.Workers[i].Labels = []string{rapid.SampledFrom(builds).Draw(t, "os")}
	}
	at := 0
	for i := range rapid.IntRange(1, 30).Draw(t, "submissions") {
		at += rapid.IntRange(0, 300).Draw(t, "gap")
		account := rapid.SampledFrom([]string{"", "x", "y", "z"}).Draw(t, "account")
		s := sub(fmt.Sprint("s", i), account, at, rapid.IntRange(1, 900).Draw(t, "run"))
		s.Size = rapid.IntRange(1, 3).Draw(t, "size")
		if rapid.Bool().Draw(t, "provisions") {
			s.ProvisionableLabels = []string{rapid.SampledFrom(builds).Draw(t, "os")}
		}
		setup.Workload.Submissions = append(setup.Workload.Submissions, s)
	}
	setup.Timing.Tick = time.Duration(rapid.IntRange(1, 5000).Draw(t, "tick")) * time.Millisecond
	setup.Timing.Provision = time.Second * time.Duration(rapid.IntRange(0, 99).Draw(t, "provision"))
	setup.Timing.StartDelay = time.Second * time.Duration(rapid.IntRange(0, 9).Draw(t, "delay"))
	setup.Policy.NoRetry = rapid.Bool().Draw(t, "no retry")
	setup.Policy.Accounts = map[scheduler.AccountID]simulator.Account{}
	for _, id := range []scheduler.AccountID{"x", "y"} {
		shares := simulator.Shares{
			Level:     scheduler.Priority(rapid.IntRange(0, 4).Draw(t, "level")),
			Rate:      scheduler.Rate(rapid.IntRange(0, 3000).Draw(t, "rate")),
			MaxCharge: time.Duration(rapid.IntRange(0, 3600).Draw(t, "cap")) * time.Second,
		}
		setup.Policy.Accounts[id] = shares.Accounts([]scheduler.AccountID{id})[id]
	}
	return setup
}
