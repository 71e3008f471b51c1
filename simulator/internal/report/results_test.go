package report_test

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/quotasched/quotasched/scheduler"
	"github.com/quotasched/quotasched/simulator"
	"github.com/quotasched/quotasched/simulator/experiment"
)

// madeUp says how large results are.
type madeUp struct {
	variants, seeds, accounts, points int
	fromLog                           bool
}

// usual is what most tests look at.
var usual = madeUp{variants: 3, seeds: 3, accounts: 8, points: 200, fromLog: true}

var accountNames = []string{"cq", "nightly", "fuzz", "release", "perf", "bringup", "infra", "triage"}

// results makes up an experiment: the same arguments, the same results. Under "quota" small
// accounts wait less than under "fifo", and fuzz more; "no-preemption" loses no work.
func results(m madeUp) *experiment.Results {
	r := &experiment.Results{
		Version:     experiment.ResultsVersion,
		Name:        "Quotas for the device lab",
		Description: "What three policies would have done with last week's requests.",
		Workload: experiment.WorkloadSummary{
			Name: "lab-week.swf", Start: time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC),
			Submissions: 9000, Requests: 36_000, Accounts: m.accounts, Workers: 120,
			FromLog: m.fromLog,
			Notes: []string{"9,012 jobs, of which 12 never ran; 0 malformed lines skipped",
				"a job of n processors is n requests, which are scheduled one by one"},
		},
		WallSeconds: 83.2,
	}
	for v := range m.variants {
		r.Variants = append(r.Variants, variant(m, v))
	}
	r.Differences = differences(r)
	return r
}

// variantName is fifo, quota, no-preemption, and then those of a sweep.
func variantName(v int) string {
	if names := []string{"fifo", "quota", "no-preemption"}; v < len(names) {
		return names[v]
	}
	return fmt.Sprintf("quota, cq.rates.p0 = %d", 10*v)
}

func accountName(i int) string {
	if i < len(accountNames) {
		return accountNames[i]
	}
	return fmt.Sprintf("group-%d", i)
}

func variant(m madeUp, v int) experiment.Variant {
	x := experiment.Variant{Name: variantName(v), Policy: variantName(v), Description: "a policy"}
	if v > 0 {
		for i := range m.accounts {
			x.Accounts = append(x.Accounts, experiment.AccountQuota{
				Account: scheduler.AccountID(accountName(i)), MaxChargeSeconds: 7200,
				Rates: [scheduler.NumPriorities]float64{40 / float64(i+1), 2.5}, FreeTasks: true})
		}
	}
	for seed := range m.seeds {
		x.Runs = append(x.Runs, experiment.Run{Seed: uint64(seed + 1), Figures: run(m, v, seed)})
	}
	return x
}

// run makes up the figures of a run. The numbers hang together where people would look.
func run(m madeUp, v, seed int) *simulator.Figures {
	rng := rand.New(rand.NewPCG(uint64(v), uint64(seed)))
	start := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
	f := &simulator.Figures{
		Version: simulator.FiguresVersion, Workload: "lab-week.swf",
		Start: start, End: start.Add(7 * 24 * time.Hour),
		Pool: simulator.PoolFigures{Workers: 120, SpanSeconds: 604_800,
			Utilisation: 0.8 + 0.01*rng.Float64(), UtilisationUseful: 0.7 - 0.02*float64(v),
			QueueMean: 290 + 20*rng.Float64(), QueueMax: 1336, Passes: 60_000,
			Operations: 200_000, Starts: 47_000, Preemptions: 13_000 * (v % 2)},
		All: account("", -1, v, rng),
		Fairness: simulator.Fairness{Jain: min(1, 0.6+0.1*float64(v)),
			JainServed: 0.95 - 0.01*float64(v), JainWaits: min(1, 0.3+0.2*float64(v))},
		StateHash: fmt.Sprintf("%064x", 1000*v+seed),
	}
	if v == 0 {
		f.Fairness.Jain, f.Fairness.JainServed = 0, 0
	}
	for i := range m.accounts {
		a := account(accountName(i), i, v, rng)
		f.Accounts = append(f.Accounts, a)
		if v > 0 {
			granted := 604_800 * (40/float64(i+1) + 2.5)
			f.Fairness.Shares = append(f.Fairness.Shares, simulator.Share{
				Account: a.Account, GrantedSeconds: granted, DemandedSeconds: 0.8 * a.UsedSeconds,
				UsedSeconds: 0.75 * a.UsedSeconds, Satisfaction: 0.75 * a.UsedSeconds / granted,
				OwedSeconds: granted, ServedSeconds: granted * (0.9 - 0.05*float64(i%8))})
		}
	}
	slices.SortFunc(f.Accounts, func(a, b simulator.AccountFigures) int {
		return cmp.Compare(a.Account, b.Account)
	})
	if v == 1 {
		f.Preemptions = flows(m, rng)
	}
	if m.points > 0 {
		f.Series = series(m, v, start, rng)
	}
	addGroups(f, m, v, rng)
	if m.fromLog {
		f.Submissions = &simulator.SubmissionFigures{RealUtilisation: 0.7, RealSpanSeconds: 604_000,
			RealWaitPercentilesSeconds: f.All.WaitPercentilesSeconds,
			RealWait: simulator.Distribution{Count: 9000, MeanSeconds: 15_291, P50Seconds: 300,
				P90Seconds: 36_300, P95Seconds: 84_540, P99Seconds: 200_000, MaxSeconds: 980_040}}
		f.Importances = importances(v)
		f.Faults = &simulator.FaultFigures{WorkerDeaths: 12 + seed, NewsLost: 1}
	}
	return f
}

// account makes up an account's figures; its waits are log-normal.
func account(id string, i, v int, rng *rand.Rand) simulator.AccountFigures {
	median := 40 * math.Pow(2.2, float64(max(i, 0)%6)) * (0.9 + 0.2*rng.Float64())
	switch {
	case v == 0:
		median = 900 * (0.9 + 0.2*rng.Float64())
	case id == "fuzz":
		median = 9000
	}
	a := simulator.AccountFigures{
		Account: scheduler.AccountID(id), Known: v > 0, Requests: 4000 / (max(i, 0) + 1),
		UsedSeconds: 22_000_000 / float64(max(i, 0)+1), ProvisionSeconds: 120_000,
	}
	if i < 0 {
		a.Requests, a.UsedSeconds = 11_000, 58_000_000
	}
	a.Completed = a.Requests
	a.PaidSeconds = float64(min(v, 1)) * 0.7 * a.UsedSeconds
	a.FreeSeconds = a.UsedSeconds - a.PaidSeconds
	if v == 1 {
		a.LostSeconds, a.Preempted, a.Caused = 0.05*a.UsedSeconds, 2400/(max(i, 0)+1), 900
	}
	percentiles := make([]float64, 101)
	for p := range percentiles {
		z := math.Sqrt2 * math.Erfinv(2*(float64(p)+0.5)/101.5-1)
		percentiles[p] = math.Round(1000*median*math.Exp(1.3*z)) / 1000
	}
	if id == "release" {
		percentiles[0] = 0
	}
	a.WaitPercentilesSeconds = percentiles
	a.Wait = simulator.Distribution{Count: a.Completed, MeanSeconds: 2.3 * median,
		P50Seconds: percentiles[50], P90Seconds: percentiles[90], P95Seconds: percentiles[95],
		P99Seconds: percentiles[99], MaxSeconds: percentiles[100]}
	a.FirstWait = a.Wait
	return a
}

func flows(m madeUp, rng *rand.Rand) []simulator.PreemptionFlow {
	var list []simulator.PreemptionFlow
	for by := range m.accounts {
		for of := range m.accounts {
			if of <= by && rng.IntN(4) > 0 {
				continue
			}
			n := rng.IntN(900)
			list = append(list, simulator.PreemptionFlow{By: scheduler.AccountID(accountName(by)),
				Of: scheduler.AccountID(accountName(of)), Count: n, LostSeconds: 400 * float64(n)})
		}
	}
	return list
}

// series makes up days with mornings and nights.
func series(m madeUp, v int, start time.Time, rng *rand.Rand) *simulator.Series {
	s := &simulator.Series{Start: start, StepSeconds: 604_800 / float64(m.points)}
	curve := func(scale, shift float64) []float64 {
		values := make([]float64, m.points)
		for i := range values {
			day := 14 * math.Pi * (float64(i)/float64(m.points) + shift)
			values[i] = scale * (0.6 + 0.35*math.Sin(day) + 0.05*rng.Float64())
		}
		return values
	}
	scales := [...]float64{40, 25, 0, 0, 8, 40}
	if v == 0 {
		scales = [...]float64{0, 0, 0, 0, 0, 118}
	}
	for level, scale := range scales {
		s.Busy[level] = curve(scale, 0.01*float64(level))
		s.Queue[level] = curve(scale*4*rng.Float64(), 0.03)
	}
	s.Provisioning = curve(9, 0)
	s.Alive = slices.Repeat([]float64{120}, m.points)
	for i := range min(m.accounts, 20) {
		id := scheduler.AccountID(accountName(i))
		for level := range min(v, 1) * 2 {
			values := curve(100_000, 0.07*float64(i))
			for k := range values {
				values[k] -= 40_000
			}
			s.Balances = append(s.Balances, simulator.BalanceSeries{Account: id,
				Level: scheduler.Priority(level), Seconds: values})
		}
		s.AccountQueue = append(s.AccountQueue, simulator.AccountSeries{Account: id,
			Values: curve(50, 0)})
		s.AccountBusy = append(s.AccountBusy, simulator.AccountSeries{Account: id,
			Values: curve(20, 0)})
	}
	return s
}

func importances(v int) []simulator.ImportanceFigures {
	var list []simulator.ImportanceFigures
	for i, name := range []string{"express", "high", "normal", ""} {
		evicted := 1000 * i
		wait := simulator.Distribution{Count: 900, MeanSeconds: 100 * float64(i*i+v+1),
			P50Seconds: 20 * float64(i+1), P95Seconds: 900 * float64(i+1)}
		list = append(list, simulator.ImportanceFigures{Importance: name, Submissions: 900,
			Requests: 9000, Completed: 9000, Wait: wait, FirstWait: wait, RealWait: wait,
			Preempted: 700 * i * (v % 2), RealPreempted: &evicted, LostSeconds: 80_000})
	}
	return list
}

// differences compares the made-up runs as the experiment does, but with intervals that are made
// up: a tenth of the difference either way, so that it is never unclear, but for the account perf.
func differences(r *experiment.Results) []experiment.Difference {
	var list []experiment.Difference
	if len(r.Variants) == 0 {
		return nil
	}
	base := &r.Variants[0]
	for v := 1; v < len(r.Variants); v++ {
		x := &r.Variants[v]
		if len(x.Runs) == 0 || len(base.Runs) == 0 {
			continue
		}
		add := func(m experiment.Metric, id scheduler.AccountID, all bool,
			of func(*simulator.AccountFigures) float64) {
			d := experiment.Difference{Variant: x.Name, Baseline: base.Name, Account: id,
				AllAccounts: all, Metric: m, From: meanOver(base, id, all, of),
				To: meanOver(x, id, all, of), Seeds: len(x.Runs)}
			d.Delta = d.To - d.From
			half := 0.1 * math.Abs(d.Delta)
			if id == "perf" {
				half = 2 * math.Abs(d.Delta)
			}
			if d.Seeds == 1 {
				half = 0
			}
			d.Low, d.High = d.Delta-half, d.Delta+half
			d.Verdict = verdictOf(&d)
			list = append(list, d)
		}
		both := func(id scheduler.AccountID, all bool) {
			add(experiment.MetricWaitMean, id, all,
				func(a *simulator.AccountFigures) float64 { return a.Wait.MeanSeconds })
			add(experiment.MetricWaitP50, id, all,
				func(a *simulator.AccountFigures) float64 { return a.Wait.P50Seconds })
			add(experiment.MetricWaitP95, id, all,
				func(a *simulator.AccountFigures) float64 { return a.Wait.P95Seconds })
			add(experiment.MetricLost, id, all,
				func(a *simulator.AccountFigures) float64 { return a.LostSeconds })
			add(experiment.MetricPreempted, id, all,
				func(a *simulator.AccountFigures) float64 { return float64(a.Preempted) })
		}
		both("", true)
		for i := range base.Runs[0].Figures.Accounts {
			both(base.Runs[0].Figures.Accounts[i].Account, false)
		}
	}
	return list
}

func verdictOf(d *experiment.Difference) string {
	switch {
	case d.Delta == 0:
		return "same"
	case d.Low <= 0 && d.High >= 0:
		return "unclear"
	case d.Delta < 0:
		return "better"
	}
	return "worse"
}

func meanOver(v *experiment.Variant, id scheduler.AccountID, all bool,
	of func(*simulator.AccountFigures) float64) float64 {
	sum := 0.0
	for _, run := range v.Runs {
		if all {
			sum += of(&run.Figures.All)
			continue
		}
		for i := range run.Figures.Accounts {
			if run.Figures.Accounts[i].Account == id {
				sum += of(&run.Figures.Accounts[i])
			}
		}
	}
	return sum / float64(len(v.Runs))
}
