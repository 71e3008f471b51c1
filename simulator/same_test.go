package simulator_test

import (
	"encoding/json"
	"fmt"
	"runtime"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/quotasched/quotasched/examples/experiments"
	"github.com/quotasched/quotasched/scheduler"
	"github.com/quotasched/quotasched/simulator"
	"github.com/quotasched/quotasched/simulator/experiment"
)

// labDays returns the first days of the device lab under its policy quota.
func labDays(t *testing.T, seed uint64, days int) *simulator.Setup {
	t.Helper()
	const name = "device-lab.yaml"
	text, err := experiments.Files.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	e, err := experiment.Parse(name, text, fmt.Sprintf("workload.length=%dd", days))
	if err != nil {
		t.Fatal(err)
	}
	quota, err := experiment.ParsePolicy(name, text, "quota")
	if err != nil {
		t.Fatal(err)
	}
	w, err := e.File.Workload.Workload(e.File.Name, seed)
	if err != nil {
		t.Fatal(err)
	}
	setup := &simulator.Setup{Workload: w, Workers: e.File.Fleet.Workers(), Timing: e.File.Timing,
		Seed: seed}
	config, balances := quota.Settings(w.AccountIDs(), len(setup.Workers))
	setup.Policy.Accounts = map[scheduler.AccountID]simulator.Account{}
	for id, a := range config.Accounts {
		setup.Policy.Accounts[id] = simulator.Account{Config: *a, Balance: balances[id]}
	}
	config.Accounts = nil
	setup.Policy.Scheduler = *config
	return setup
}

// The same seed gives the same bytes, also on another number of processors; another seed does not.
func TestSameSeedSameBytes(t *testing.T) {
	bytes := func(seed uint64, processors int) string {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(processors))
		setup := labDays(t, seed, 2)
		setup.WarmUp, setup.SeriesPoints = time.Hour, 100
		b, err := json.Marshal(run(t, setup))
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

// randomSetup is a small world with accounts, preemption and provisioning.
func randomSetup(t *rapid.T) *simulator.Setup {
	builds := []string{"os:a", "os:b", "os:c"}
	setup := handMade(rapid.IntRange(1, 5).Draw(t, "workers"))
	for i := range setup.Workers {
		setup.Workers[i].Labels = []string{rapid.SampledFrom(builds).Draw(t, "os")}
		if rapid.Bool().Draw(t, "in a pool") {
			setup.Workers[i].Labels = append(setup.Workers[i].Labels, "pool:big")
		}
	}
	setup.GroupBy = []string{"pool", "os"}
	at := 0
	setup.Workload.RealPreemptionsKnown = true
	for i := range rapid.IntRange(1, 30).Draw(t, "submissions") {
		at += rapid.IntRange(0, 300).Draw(t, "gap")
		account := rapid.SampledFrom([]string{"", "x", "y", "z"}).Draw(t, "account")
		s := sub(fmt.Sprint("s", i), account, at, rapid.IntRange(1, 900).Draw(t, "run"))
		s.Size = rapid.IntRange(1, 3).Draw(t, "size")
		s.Importance = rapid.SampledFrom([]string{"", "low", "high"}).Draw(t, "importance")
		s.RealPreemptions = rapid.IntRange(0, 2).Draw(t, "real preemptions")
		if rapid.IntRange(0, 3).Draw(t, "pool") == 0 {
			s.BaseLabels = []string{"pool:big"}
		}
		if rapid.Bool().Draw(t, "provisions") {
			s.ProvisionableLabels = []string{rapid.SampledFrom(builds).Draw(t, "os")}
		}
		setup.Workload.Submissions = append(setup.Workload.Submissions, s)
	}
	setup.Timing.Tick = time.Duration(rapid.IntRange(1, 5000).Draw(t, "tick")) * time.Millisecond
	setup.Timing.Provision = time.Second * time.Duration(rapid.IntRange(0, 99).Draw(t, "provision"))
	setup.Timing.StartDelay = time.Second * time.Duration(rapid.IntRange(0, 9).Draw(t, "delay"))
	setup.SeriesPoints = rapid.IntRange(2, 50).Draw(t, "points")
	if rapid.Bool().Draw(t, "warm up") {
		first := setup.Workload.Submissions[0].Submit
		most := (time.Duration(at)*time.Second - first).Milliseconds() - 1
		warmUp := rapid.Int64Range(0, max(0, most)).Draw(t, "warm-up")
		setup.WarmUp = time.Duration(warmUp) * time.Millisecond
	}
	setup.Policy.NoRetry = rapid.Bool().Draw(t, "no retry")
	setup.Policy.Accounts = map[scheduler.AccountID]simulator.Account{}
	for _, id := range []scheduler.AccountID{"x", "y"} {
		shares := simulator.Shares{
			Level:     scheduler.Priority(rapid.IntRange(0, 4).Draw(t, "level")),
			Rate:      scheduler.Rate(rapid.IntRange(0, 3000).Draw(t, "rate")),
			MaxCharge: time.Duration(rapid.IntRange(1, 3600).Draw(t, "cap")) * time.Second,
		}
		setup.Policy.Accounts[id] = shares.Accounts([]scheduler.AccountID{id})[id]
	}
	return setup
}
