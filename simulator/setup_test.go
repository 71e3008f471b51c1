package simulator_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/quotasched/quotasched/scheduler"
	"github.com/quotasched/quotasched/simulator"
)

// Every setup that no run can begin with is refused, with an error that says why.
func TestBadSetups(t *testing.T) {
	for _, c := range []struct {
		spoil func(*simulator.Setup)
		want  string
	}{
		{func(s *simulator.Setup) { s.Workload = nil }, "the workload is empty"},
		{func(s *simulator.Setup) { s.Workload.Submissions = nil }, "the workload is empty"},
		{func(s *simulator.Setup) { s.Workload.Submissions[1].ID = "" }, "submission 1 has no id"},
		{func(s *simulator.Setup) { s.Workload.Submissions[1].ID = "a" },
			`submission "a" appears twice`},
		{func(s *simulator.Setup) { s.Workload.Submissions[1].ID = "a.1" },
			`submission "a.1" is called like a request of "a"`},
		{func(s *simulator.Setup) { s.Workload.Submissions[0].Submit = time.Hour },
			`submission "b" is out of order`},
		{func(s *simulator.Setup) { s.Workload.Submissions[0].Submit = -1 },
			`submission "a" at -1ns`},
		{func(s *simulator.Setup) { s.Workload.Submissions[0].Run = 0 },
			`submission "a" runs for 0s`},
		{func(s *simulator.Setup) { s.Workload.Submissions[0].Size = 0 },
			`submission "a" has size 0`},
		{func(s *simulator.Setup) { s.Workers = nil }, "the fleet has no workers"},
		{func(s *simulator.Setup) { s.Workers[1].ID = s.Workers[0].ID },
			"worker 1 has an empty or repeated"},
		{func(s *simulator.Setup) { s.Workers[0].ID = "" }, "worker 0 has an empty or repeated"},
		{func(s *simulator.Setup) { s.Timing = simulator.Timing{} }, "a tick time of 0s"},
		{func(s *simulator.Setup) { s.Timing.Provision = -1 }, "a provisioning time of -1ns"},
		{func(s *simulator.Setup) { s.Timing.Poll = 5 * time.Minute }, "would expire after 5m0s"},
		{func(s *simulator.Setup) { s.Policy.Scheduler.WorkerExpiration = time.Minute },
			"would expire after 1m0s"},
		{func(s *simulator.Setup) { s.WarmUp = -1 }, "a warm-up of -1ns"},
		{func(s *simulator.Setup) { s.WarmUp = time.Second }, "a warm-up of 1s leaves nothing"},
		{func(s *simulator.Setup) { s.SeriesPoints = -1 }, "series of -1 points"},
		{func(s *simulator.Setup) { s.SeriesPoints = 1 }, "series of 1 points"},
		{func(s *simulator.Setup) { s.SeriesPoints = 1e9 }, "series of 1,000,000,000 points"},
		{func(s *simulator.Setup) { s.Policy.Scheduler.RequestExpiration = -1 },
			"RequestExpiration"},
		{func(s *simulator.Setup) {
			s.Policy.Scheduler.Accounts = map[scheduler.AccountID]*scheduler.AccountConfig{"x": {}}
		}, "accounts belong in Policy.Accounts"},
		{func(s *simulator.Setup) {
			s.Policy.Accounts = simulator.Shares{Rate: -1}.Accounts([]scheduler.AccountID{"x"})
		}, `account "x"`},
	} {
		setup := handMade(2, sub("a", "", 0, 1), sub("b", "", 1, 1))
		setup.Workload.Submissions[0].Size = 2
		c.spoil(setup)
		_, err := simulator.Run(context.Background(), setup)
		if !errors.Is(err, simulator.ErrSetup) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
}

func TestEqualShares(t *testing.T) {
	equal(t, "100 workers, 252 accounts", simulator.EqualRate(100, 252), scheduler.Rate(396))
	equal(t, "1 worker, 5000 accounts", simulator.EqualRate(1, 5000), scheduler.Rate(1))
	equal(t, "no accounts", simulator.EqualRate(7, 0), scheduler.Rate(7000))
	accounts := simulator.Shares{Level: 2, Rate: 396, MaxCharge: 24 * time.Hour}.Accounts(
		[]scheduler.AccountID{"a", "b"})
	a := accounts["a"]
	equal(t, "accounts", len(accounts), 2)
	equal(t, "rate", a.Config.ChargeRate, [scheduler.NumPriorities]scheduler.Rate{2: 396})
	equal(t, "balance", a.Balance, scheduler.Balance{2: scheduler.WorkerSeconds(0.396 * 86400)})
}
