package simulator_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/quotasched/quotasched/scheduler"
	"github.com/quotasched/quotasched/simulator"
)

// allFaults has every fault, often enough that each happens many times in some hours.
func allFaults() simulator.Faults {
	return simulator.Faults{
		WorkerDeaths: 4, WorkerAbsence: 20 * time.Minute,
		PollLost: 0.05,
		NewsLost: 0.05, NewsRepeated: 0.05, NewsShuffled: 0.2,
		NewsDelayed: 0.05, NewsDelay: 3 * time.Minute,
		ClockSkew: 2 * time.Minute,
		Restarts:  48, SnapshotPeriod: 20 * time.Minute,
	}
}

// ward is a made-up workload of n requests on 60 workers of three kinds, with accounts that preempt
// each other and builds to provision, which keep the workers busy for about n/600 hours.
func ward(seed uint64, n int) *simulator.Setup {
	r := rand.New(rand.NewPCG(seed, 1))
	setup := &simulator.Setup{
		Workload: &simulator.Workload{Name: "ward", Start: monday},
		Timing:   simulator.DefaultTiming(),
		Seed:     seed,
	}
	setup.Timing.Provision = 2 * time.Minute
	setup.Timing.GiveUp = 12 * time.Hour
	for i := range 60 {
		setup.Workers = append(setup.Workers, simulator.Worker{
			ID:     scheduler.WorkerID(fmt.Sprintf("worker-%d", i)),
			Labels: []string{fmt.Sprintf("kind:%d", i%3), "build:0"},
		})
	}
	at := time.Duration(0)
	for i := 0; n > 0; i++ {
		at += time.Duration(r.ExpFloat64() * float64(9*time.Second))
		s := simulator.Submission{
			ID:       fmt.Sprintf("r%d", i),
			Account:  []scheduler.AccountID{"", "gold", "silver", "bronze"}[r.IntN(4)],
			Submit:   at,
			Run:      time.Duration((10 + 300*r.ExpFloat64()) * float64(time.Second)),
			Size:     min(1+r.IntN(2), n),
			RealWait: simulator.Unknown,
		}
		if r.IntN(2) == 0 {
			s.BaseLabels = []string{fmt.Sprintf("kind:%d", r.IntN(3))}
		}
		if r.IntN(3) == 0 {
			s.ProvisionableLabels = []string{fmt.Sprintf("build:%d", r.IntN(3))}
		}
		n -= s.Size
		setup.Workload.Submissions = append(setup.Workload.Submissions, s)
	}
	setup.Policy.Accounts = map[scheduler.AccountID]simulator.Account{}
	for p, id := range []scheduler.AccountID{"gold", "silver", "bronze"} {
		setup.Policy.Accounts[id] = simulator.Shares{Level: scheduler.Priority(p),
			Rate: scheduler.Workers(10), MaxCharge: time.Hour,
		}.Accounts([]scheduler.AccountID{id})[id]
	}
	return setup
}

// ends runs the setup, in which every request must run to its end.
func ends(t *testing.T, setup *simulator.Setup) *simulator.Figures {
	t.Helper()
	f, err := simulator.Run(t.Context(), setup)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range f.Broken {
		t.Errorf("seed %d: broken: %s", setup.Seed, text)
	}
	if f.All.Completed != f.All.Requests {
		t.Errorf("seed %d: of %d requests, %d completed, and %d have not ended", setup.Seed,
			f.All.Requests, f.All.Completed, f.All.Unfinished)
	}
	return f
}

// Each fault alone happens, and every request ends all the same.
func TestEachFault(t *testing.T) {
	all := allFaults()
	for _, c := range []struct {
		name   string
		faults simulator.Faults
		count  func(*simulator.FaultFigures) int
	}{
		{"worker deaths", simulator.Faults{WorkerDeaths: 20, WorkerAbsence: all.WorkerAbsence},
			func(f *simulator.FaultFigures) int { return f.WorkerDeaths }},
		{"worker deaths without absence", simulator.Faults{WorkerDeaths: 20},
			func(f *simulator.FaultFigures) int { return f.WorkerDeaths }},
		{"polls lost", simulator.Faults{PollLost: 0.5},
			func(f *simulator.FaultFigures) int { return f.PollsLost }},
		{"news lost", simulator.Faults{NewsLost: 0.5},
			func(f *simulator.FaultFigures) int { return f.NewsLost }},
		{"all news lost", simulator.Faults{NewsLost: 1, Until: time.Hour},
			func(f *simulator.FaultFigures) int { return f.NewsLost }},
		{"news repeated", simulator.Faults{NewsRepeated: 0.5},
			func(f *simulator.FaultFigures) int { return f.NewsRepeated }},
		{"news shuffled", simulator.Faults{NewsShuffled: 1},
			func(f *simulator.FaultFigures) int { return f.NewsShuffled }},
		{"news delayed", simulator.Faults{NewsDelayed: 0.5, NewsDelay: 20 * time.Minute},
			func(f *simulator.FaultFigures) int { return f.NewsDelayed }},
		{"clock skew", simulator.Faults{ClockSkew: 30 * time.Minute},
			func(*simulator.FaultFigures) int { return 1 }},
		{"restarts", simulator.Faults{Restarts: 100, SnapshotPeriod: 5 * time.Minute},
			func(f *simulator.FaultFigures) int { return f.Restarts }},
	} {
		t.Run(c.name, func(t *testing.T) {
			setup := ward(1, 2000)
			setup.Faults = c.faults
			f := ends(t, setup)
			if f.Faults == nil || c.count(f.Faults) == 0 {
				t.Errorf("it never happened: %+v", f.Faults)
			}
		})
	}
}

// Fifty seeds with every fault: no invariant breaks, and every request ends. QSIM_LONG_FAULTS is how
// many requests each has, such as 20000; QSIM_FAULT_SEED runs one seed alone.
func TestAllFaults(t *testing.T) {
	requests, seeds := 400, uint64(50)
	if text := os.Getenv("QSIM_LONG_FAULTS"); text != "" {
		var err error
		if requests, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	first := uint64(1)
	if text := os.Getenv("QSIM_FAULT_SEED"); text != "" {
		var err error
		if first, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatal(err)
		}
		seeds = 1
	}
	var sum simulator.FaultFigures
	for seed := first; seed < first+seeds; seed++ {
		setup := ward(seed, requests)
		setup.Faults = allFaults()
		f := ends(t, setup)
		if t.Failed() {
			t.Fatalf("to repeat it: QSIM_FAULT_SEED=%d QSIM_LONG_FAULTS=%d go test "+
				"-run=TestAllFaults ./simulator", seed, requests)
		}
		sum.WorkerDeaths += f.Faults.WorkerDeaths
		sum.PollsLost += f.Faults.PollsLost
		sum.NewsLost += f.Faults.NewsLost
		sum.NewsRepeated += f.Faults.NewsRepeated
		sum.NewsShuffled += f.Faults.NewsShuffled
		sum.NewsDelayed += f.Faults.NewsDelayed
		sum.Restarts += f.Faults.Restarts
	}
	t.Logf("%d seeds of %d requests: %+v", seeds, requests, sum)
}

// A worker that takes longer to start than the pool waits for it is passed over: the pool lets
// another one have the request. The first one that begins claims it, and the other is turned away.
func TestOneWorkerClaimsARequest(t *testing.T) {
	setup := ward(1, 200)
	setup.Timing.StartDelay = 11 * time.Minute
	setup.Faults = simulator.Faults{NewsLost: 0.01, Until: 100 * time.Hour}
	f := ends(t, setup)
	if f.Pool.Timeouts == 0 {
		t.Error("no assignment timed out")
	}
	equal(t, "starts, but for those of stopped runs", f.Pool.Starts-f.All.Stopped, f.All.Requests)
}

// What a worker ran that died for good waits again when the dispatcher misses the worker: long
// before it would come back.
func TestADeadWorkerIsMissed(t *testing.T) {
	setup := ward(1, 2000)
	setup.Faults = simulator.Faults{WorkerDeaths: 4, WorkerAbsence: 1e4 * time.Hour,
		Until: 1e5 * time.Hour}
	f := ends(t, setup)
	if f.Faults.WorkerDeaths < 10 || f.All.LostSeconds == 0 || f.Pool.SpanSeconds > 8*3600 {
		t.Errorf("deaths: %d, lost: %v s, span %v s", f.Faults.WorkerDeaths, f.All.LostSeconds,
			f.Pool.SpanSeconds)
	}
}
