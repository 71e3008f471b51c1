package simulator_test

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/quotasched/quotasched/scheduler"
	"github.com/quotasched/quotasched/simulator"
)

// In any small world, with a warm-up or without one, the figures add up: every request ends once,
// what was used is what workers were busy, and what was useful is what was asked for.
func TestFiguresAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		setup := randomSetup(t)
		var records []simulator.TaskRecord
		setup.Record = func(r *simulator.TaskRecord) error {
			records = append(records, *r)
			return nil
		}
		f, err := simulator.Run(t.Context(), setup)
		if err != nil {
			t.Fatal(err)
		}
		if f.BrokenCount > 0 {
			t.Fatalf("broken: %q", f.Broken)
		}
		if trouble := f.Pool.Timeouts + f.Pool.ExpiredWorkers; trouble != 0 {
			t.Fatalf("trouble: %+v", f.Pool)
		}
		if _, err := json.Marshal(f); err != nil {
			t.Fatal(err)
		}
		checkRequests(t, setup, f)
		checkTimes(t, setup, f)
		checkFlows(t, f)
		checkImportances(t, setup, f)
		checkGroupings(t, setup, f)
		checkNotables(t, f, records)
		checkShares(t, setup, f)
		checkSeries(t, setup, f)
		checkRecords(t, setup, f, records)
	})
}

func near(t *rapid.T, what string, a, b float64) { within(t, what, 1e-3, a, b) }

func within(t *rapid.T, what string, tolerance, a, b float64) {
	if math.Abs(a-b) > tolerance {
		t.Fatalf("%s: %v and %v", what, a, b)
	}
}

func same(t *rapid.T, what string, a, b int) {
	if a != b {
		t.Fatalf("%s: %v and %v", what, a, b)
	}
}

// checkRequests: each request that counts ended once, and waits are those of the completed ones.
func checkRequests(t *rapid.T, setup *simulator.Setup, f *simulator.Figures) {
	submitted := 0
	for _, s := range setup.Workload.Submissions {
		if s.Submit-setup.Workload.Submissions[0].Submit >= setup.WarmUp {
			submitted += s.Size
		}
	}
	same(t, "submitted", f.All.Requests, submitted)
	same(t, "unfinished and lost", f.All.Unfinished+f.All.Lost, 0)
	for _, a := range append(f.Accounts, f.All) {
		ended := a.Completed + a.Impossible + a.Expired + a.Dropped + a.Lost
		same(t, "ended", ended, a.Requests)
		same(t, "waits", a.Wait.Count, a.Completed)
		if a.Completed == 0 {
			same(t, "percentiles of nothing", len(a.WaitPercentilesSeconds), 0)
			continue
		}
		p, d := a.WaitPercentilesSeconds, a.Wait
		same(t, "percentiles", len(p), 101)
		if p[50] != d.P50Seconds || p[90] != d.P90Seconds || p[95] != d.P95Seconds ||
			p[99] != d.P99Seconds || p[100] != d.MaxSeconds {
			t.Fatalf("percentiles %v of %+v", p, d)
		}
	}
}

// checkTimes: workers' time is what accounts used, paid or free, for something or in vain.
func checkTimes(t *rapid.T, setup *simulator.Setup, f *simulator.Figures) {
	all := &f.All
	available := f.Pool.SpanSeconds * float64(f.Pool.Workers)
	within(t, "used and busy", 1e-6*available+1e-3, all.UsedSeconds, f.Pool.Utilisation*available)
	near(t, "paid and free", all.PaidSeconds+all.FreeSeconds, all.UsedSeconds)
	used := 0.0
	for _, a := range f.Accounts {
		used += a.UsedSeconds
	}
	near(t, "accounts", used, all.UsedSeconds)
	var runSeconds float64
	for _, s := range setup.Workload.Submissions {
		runSeconds += s.Run.Seconds() * float64(s.Size)
	}
	if setup.WarmUp == 0 && all.Completed == all.Requests {
		near(t, "useful", all.UsedSeconds-all.LostSeconds-all.ProvisionSeconds, runSeconds)
	}
}

// checkFlows: who preempted whom sums up to what each account caused and suffered.
func checkFlows(t *rapid.T, f *simulator.Figures) {
	same(t, "preempted", f.All.Preempted, f.Pool.Preemptions)
	same(t, "caused", f.All.Caused, f.Pool.Preemptions)
	preempted, caused := map[scheduler.AccountID]int{}, map[scheduler.AccountID]int{}
	lost := map[scheduler.AccountID]float64{}
	for _, flow := range f.Preemptions {
		caused[flow.By] += flow.Count
		preempted[flow.Of] += flow.Count
		lost[flow.Of] += flow.LostSeconds
	}
	for _, a := range f.Accounts {
		same(t, "flows of "+string(a.Account), preempted[a.Account], a.Preempted)
		same(t, "flows by "+string(a.Account), caused[a.Account], a.Caused)
		near(t, "lost by "+string(a.Account), lost[a.Account], a.LostSeconds)
	}
}

// checkImportances: they sum up to all. Preemptions and lost work of requests from the warm-up are
// left out.
func checkImportances(t *rapid.T, setup *simulator.Setup, f *simulator.Figures) {
	if len(f.Importances) == 0 {
		for _, s := range setup.Workload.Submissions {
			same(t, "an importance", len(s.Importance), 0)
		}
		return
	}
	var sum simulator.ImportanceFigures
	waits, realPreempted, wantReal := 0.0, 0, 0
	for _, i := range f.Importances {
		sum.Requests += i.Requests
		sum.Completed += i.Completed
		sum.Submissions += i.Submissions
		sum.Preempted += i.Preempted
		sum.LostSeconds += i.LostSeconds
		waits += i.Wait.MeanSeconds * float64(i.Wait.Count)
		realPreempted += *i.RealPreempted
	}
	for _, s := range setup.Workload.Submissions {
		if s.Submit-setup.Workload.Submissions[0].Submit >= setup.WarmUp {
			wantReal += s.RealPreemptions
		}
	}
	same(t, "requests by importance", sum.Requests, f.All.Requests)
	same(t, "completed by importance", sum.Completed, f.All.Completed)
	same(t, "real preemptions", realPreempted, wantReal)
	within(t, "waits by importance", 0.1, waits, f.All.Wait.MeanSeconds*float64(f.All.Completed))
	if setup.WarmUp == 0 {
		same(t, "preempted by importance", sum.Preempted, f.All.Preempted)
		near(t, "lost by importance", sum.LostSeconds, f.All.LostSeconds)
	} else if sum.Preempted > f.All.Preempted || sum.LostSeconds > f.All.LostSeconds+1e-3 {
		t.Fatalf("importances %+v, all %+v", sum, f.All)
	}
}

// checkShares: each account of the policy was granted its rates, and used at most what it demanded.
func checkShares(t *rapid.T, setup *simulator.Setup, f *simulator.Figures) {
	same(t, "shares", len(f.Fairness.Shares), len(setup.Policy.Accounts))
	used := map[scheduler.AccountID]float64{}
	for _, a := range f.Accounts {
		used[a.Account] = a.UsedSeconds - a.LostSeconds - a.ProvisionSeconds
	}
	for _, s := range f.Fairness.Shares {
		rate := scheduler.Rate(0)
		for _, r := range setup.Policy.Accounts[s.Account].Config.ChargeRate {
			rate += r
		}
		near(t, "granted", s.GrantedSeconds, float64(rate)/1000*f.Pool.SpanSeconds)
		if s.UsedSeconds > s.DemandedSeconds || s.OwedSeconds > s.GrantedSeconds+1e-3 ||
			s.ServedSeconds > s.OwedSeconds {
			t.Fatalf("share %+v", s)
		}
		if setup.WarmUp == 0 {
			near(t, "used by "+string(s.Account), s.UsedSeconds, used[s.Account])
		}
	}
	for _, jain := range []float64{f.Fairness.Jain, f.Fairness.JainServed, f.Fairness.JainWaits} {
		if jain < 0 || jain > 1 {
			t.Fatalf("Jain's index: %+v", f.Fairness)
		}
	}
}

// integral is what the means of a series sum up to over its span. Each is rounded by half a
// thousandth at most.
func integral(f *simulator.Figures, means []float64) float64 {
	sum := 0.0
	for i, m := range means {
		from := float64(i) * f.Series.StepSeconds
		sum += m * (min(from+f.Series.StepSeconds, f.Pool.SpanSeconds) - from)
	}
	return sum
}

// checkSeries: integrals over all steps are the figures of the whole run.
func checkSeries(t *rapid.T, setup *simulator.Setup, f *simulator.Figures) {
	s, span := f.Series, f.Pool.SpanSeconds
	points := int(math.Ceil(span / s.StepSeconds))
	all := setup.Workload.Submissions
	long := span >= (all[len(all)-1].Submit - all[0].Submit - setup.WarmUp).Seconds()
	if points > setup.SeriesPoints ||
		(long && s.StepSeconds > 1 && points < setup.SeriesPoints/3) {
		t.Fatalf("%d points of %v s, %d asked for", points, s.StepSeconds, setup.SeriesPoints)
	}
	tolerance := 0.001*span + 1e-3
	sum := func(lists ...[]float64) float64 {
		total := 0.0
		for _, list := range lists {
			same(t, "points", len(list), points)
			total += integral(f, list)
		}
		return total
	}
	for p := range scheduler.FreeBucket {
		within(t, p.String(), tolerance, sum(s.Busy[p]), f.All.LevelSeconds[p])
	}
	within(t, "free", tolerance, sum(s.Busy[scheduler.FreeBucket]), f.All.FreeSeconds)
	within(t, "alive", tolerance, sum(s.Alive), span*float64(f.Pool.Workers))
	within(t, "queue", 6*tolerance, sum(s.Queue[:]...), f.Pool.QueueMean*span)
	if provisioning := sum(s.Provisioning); provisioning < f.All.ProvisionSeconds-tolerance ||
		(f.All.LostSeconds == 0 && provisioning > f.All.ProvisionSeconds+tolerance) {
		t.Fatalf("provisioning: %v and %v", provisioning, f.All.ProvisionSeconds)
	}
	queue := 0.0
	same(t, "accounts", len(s.AccountBusy), len(f.Accounts))
	for i, a := range s.AccountBusy {
		for _, b := range f.Accounts {
			if a.Account == b.Account {
				within(t, "busy", tolerance, sum(a.Values), b.UsedSeconds)
			}
		}
		queue += sum(s.AccountQueue[i].Values)
	}
	within(t, "queues", 6*tolerance, queue, f.Pool.QueueMean*span)
	for _, b := range s.Balances {
		same(t, "balances", len(b.Seconds), points)
	}
}

// checkRecords: there is one for each request that counts, and they say what the figures say.
func checkRecords(t *rapid.T, setup *simulator.Setup, f *simulator.Figures,
	records []simulator.TaskRecord) {
	seen := map[scheduler.RequestID]bool{}
	outcomes := map[string]int{}
	var lost, waits float64
	for _, r := range records {
		if seen[r.Request] {
			t.Fatalf("two records: %+v", r)
		}
		seen[r.Request] = true
		outcomes[r.Outcome]++
		lost += r.Lost.Seconds()
		if r.Outcome == "completed" {
			waits += math.Floor(float64(r.Start-r.Submit)/float64(time.Millisecond)) / 1000
			if r.FirstStart > r.Start || r.End <= r.Start || r.Runs == 0 || r.Worker == "" {
				t.Fatalf("%+v", r)
			}
		}
	}
	same(t, "records", len(records), f.All.Requests)
	same(t, "completed records", outcomes["completed"], f.All.Completed)
	same(t, "impossible records", outcomes["impossible"], f.All.Impossible)
	same(t, "dropped records", outcomes["dropped"], f.All.Dropped)
	n := float64(f.All.Completed)
	within(t, "recorded waits", 0.001*n+1e-3, waits, f.All.Wait.MeanSeconds*n)
	if setup.WarmUp == 0 {
		within(t, "recorded lost work", 0.001*float64(len(records))+1e-3, lost, f.All.LostSeconds)
	}
}
