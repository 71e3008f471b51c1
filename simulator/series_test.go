package simulator_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/quotasched/quotasched/scheduler"
	"github.com/quotasched/quotasched/simulator"
)

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
// has 120 s at p1, a rate of 1 there, and two runs from 0, which take a second from it each second.
// Another run must then be payable for twice the burst cover, as the rate covers one of the three:
// 120 s for a cover of a minute, which it has no more at 5. The third request waits.
func TestTheLevelOfWhatWaits(t *testing.T) {
	setup := handMade(2, sub("1", "a", 0, 30), sub("2", "a", 0, 30), sub("3", "a", 0, 30),
		sub("4", "", 0, 30))
	aboveItsRate(setup)
	setup.SeriesPoints = 100
	s := run(t, setup).Series
	equal(t, "2 runs: 120 s are needed, and 115 are left", levels(s.Queue, 5),
		[]float64{0, 0, 0, 0, 0, 2})
	setup.Policy.Scheduler.BurstCover = 10 * time.Second
	s = run(t, setup).Series
	equal(t, "2 runs: 20 s are needed", levels(s.Queue, 5), []float64{0, 1, 0, 0, 0, 1})
}

// A run that is preempted is a run less at its level: of the account's two runs at p1, as above, the
// team stops one at 20. With one run left, another needs a minute, which the account has.
func TestTheLevelAfterAPreemption(t *testing.T) {
	setup := handMade(2, sub("1", "a", 0, 90), sub("2", "a", 0, 90), sub("3", "a", 0, 90),
		sub("paid", "team", 20, 50))
	quota(setup, "team")
	aboveItsRate(setup)
	setup.SeriesPoints = 1000
	s := run(t, setup).Series
	equal(t, "before", levels(s.Queue, 15), []float64{0, 0, 0, 0, 0, 1})
	equal(t, "after", levels(s.Queue, 25), []float64{0, 2, 0, 0, 0, 0})
}

// aboveItsRate gives account a 120 s at p1 and a rate of 1 there, and the pool a burst cover of a
// minute.
func aboveItsRate(setup *simulator.Setup) {
	a := simulator.Account{Balance: scheduler.Balance{1: scheduler.WorkerSeconds(120)}}
	a.Config.ChargeRate[1] = scheduler.Workers(1)
	a.Config.MaxCharge = 2 * time.Minute
	if setup.Policy.Accounts == nil {
		setup.Policy.Accounts = map[scheduler.AccountID]simulator.Account{}
	}
	setup.Policy.Accounts["a"] = a
	setup.Policy.Scheduler.BurstCover = time.Minute
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
