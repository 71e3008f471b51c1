package simulator_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

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

// Under any mix of faults in a small world, with expiry and without retries too, every request ends
// once, and what was used is what workers were busy.
func TestFaultsInSmallWorlds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		setup := randomSetup(t)
		setup.Seed = rapid.Uint64().Draw(t, "seed")
		setup.Timing.PollJitter = time.Second * time.Duration(rapid.IntRange(0, 9).Draw(t, "jitter"))
		setup.Timing.GiveUp = 12 * time.Hour
		fanout, limit := rapid.IntRange(0, 2).Draw(t, "fanout"), rapid.IntRange(0, 2).Draw(t, "limit")
		if rapid.Bool().Draw(t, "expiry") {
			setup.Policy.Scheduler.RequestExpiration = time.Hour
		}
		for id, a := range setup.Policy.Accounts { // in any order: nothing is drawn
			a.Config.MaxFanout = fanout
			a.Config.PerLabelTaskLimits = map[string]int{"os": limit}
			setup.Policy.Accounts[id] = a
		}
		part := func(name string) float64 { return float64(rapid.IntRange(0, 9).Draw(t, name)) / 10 }
		minutes := func(name string) time.Duration {
			return time.Minute * time.Duration(1+rapid.IntRange(0, 60).Draw(t, name))
		}
		setup.Faults = simulator.Faults{
			WorkerDeaths: 100 * part("deaths"), WorkerAbsence: minutes("absence"),
			PollLost: part("poll"), NewsLost: part("lost"), NewsRepeated: part("repeated"),
			NewsShuffled: part("shuffled"), NewsDelayed: part("delayed"),
			NewsDelay: minutes("delay"), ClockSkew: minutes("skew"), Restarts: 100 * part("restarts"),
			SnapshotPeriod: minutes("snapshots"), Until: minutes("until"),
		}
		f, err := simulator.Run(t.Context(), setup)
		if err != nil {
			t.Fatal(err)
		}
		if f.BrokenCount > 0 {
			t.Fatalf("broken: %q", f.Broken)
		}
		all := &f.All
		if all.Unfinished != 0 || all.Lost != 0 {
			t.Fatalf("requests: %+v", all)
		}
		busy := f.Pool.Utilisation * f.Pool.SpanSeconds * float64(f.Pool.Workers)
		within(t, "used and busy", 1e-6*f.Pool.SpanSeconds*float64(f.Pool.Workers)+1e-3,
			all.UsedSeconds, busy)
	})
}

// The same seed gives the same bytes with faults too, on any number of processors, and one fault
// happens when it does whatever the others do.
func TestFaultsDependOnTheSeedAlone(t *testing.T) {
	run := func(seed uint64, processors int, faults simulator.Faults) *simulator.Figures {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(processors))
		setup := ward(1, 1000)
		setup.Seed, setup.Faults = seed, faults
		return ends(t, setup)
	}
	bytes := func(f *simulator.Figures) string {
		b, err := json.Marshal(f)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	one := run(1, 1, allFaults())
	equal(t, "two processors", bytes(run(1, 2, allFaults())), bytes(one))
	if bytes(run(2, 2, allFaults())) == bytes(one) {
		t.Error("seeds 1 and 2 give the same figures")
	}
	all := allFaults()
	alone := run(1, 1, simulator.Faults{WorkerDeaths: all.WorkerDeaths,
		WorkerAbsence: all.WorkerAbsence})
	equal(t, "deaths alone", alone.Faults.WorkerDeaths, one.Faults.WorkerDeaths)
	alone = run(1, 1, simulator.Faults{Restarts: all.Restarts, SnapshotPeriod: all.SnapshotPeriod})
	equal(t, "restarts alone", alone.Faults.Restarts, one.Faults.Restarts)
}

// What is set for faults that are off changes nothing, and neither do the checks.
func TestNoFaults(t *testing.T) {
	plain := run(t, ward(1, 1000))
	if plain.Faults != nil {
		t.Errorf("faults are counted: %+v", plain.Faults)
	}
	setup := ward(1, 1000)
	setup.SkipChecks = true
	setup.Timing.DeadAfter, setup.Timing.Resync = time.Second, time.Second
	setup.Faults = simulator.Faults{WorkerAbsence: time.Hour, NewsDelay: time.Hour,
		SnapshotPeriod: time.Hour, Until: time.Hour}
	equal(t, "figures", run(t, setup), plain)
}

// Faults out of range are refused, by the name of their field.
func TestBadFaults(t *testing.T) {
	for _, c := range []struct {
		faults simulator.Faults
		want   string
	}{
		{simulator.Faults{WorkerDeaths: -1}, "faults.worker_deaths: "},
		{simulator.Faults{WorkerDeaths: math.Inf(1)}, "faults.worker_deaths: "},
		{simulator.Faults{PollLost: math.NaN()}, "faults.poll_lost: "},
		{simulator.Faults{NewsLost: 1.1}, "faults.news_lost: "},
		{simulator.Faults{NewsRepeated: 2}, "faults.news_repeated: "},
		{simulator.Faults{NewsShuffled: -0.1}, "faults.news_shuffled: "},
		{simulator.Faults{NewsDelayed: 3}, "faults.news_delayed: "},
		{simulator.Faults{NewsDelayed: 0.1}, "faults.news_delay: "},
		{simulator.Faults{WorkerAbsence: -1}, "faults.worker_absence: "},
		{simulator.Faults{ClockSkew: 25 * time.Hour}, "faults.clock_skew: "},
		{simulator.Faults{Restarts: 1}, "faults.snapshot_period: "},
		{simulator.Faults{Until: -1}, "faults.until: "},
	} {
		setup := handMade(1, sub("a", "", 0, 1))
		setup.Faults = c.faults
		_, err := simulator.Run(t.Context(), setup)
		if !errors.Is(err, simulator.ErrSetup) || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
	setup := handMade(1, sub("a", "", 0, 1))
	setup.Workload.Start = time.Unix(60, 0)
	setup.Faults.ClockSkew = time.Hour
	if _, err := simulator.Run(t.Context(), setup); !errors.Is(err, simulator.ErrSetup) {
		t.Errorf("clocks before 1970: %v", err)
	}
}
