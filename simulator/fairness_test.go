package simulator_test

import (
	"testing"
	"time"

	"github.com/quotasched/quotasched/scheduler"
	"github.com/quotasched/quotasched/simulator"
)

// One worker; a and b earn half a worker each, and each submits 60 s of work at 0. Of the 120 s, a
// runs in the first 60 and b in the second. Both are granted 60, and use 60 in the end. a is owed
// half a worker until it ends, and served all the time; b is owed it for 120 s, and served for 60.
func TestShares(t *testing.T) {
	setup := handMade(1, sub("1", "a", 0, 60), sub("2", "b", 0, 60))
	setup.Policy.Accounts = simulator.Shares{Level: 1, Rate: 500, MaxCharge: time.Millisecond}.Accounts(
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
	setup.Policy.Accounts["b"] = simulator.Shares{Level: 1, Rate: 1000,
		MaxCharge: time.Millisecond}.Accounts([]scheduler.AccountID{"b"})["b"]
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
	setup.Policy.Accounts = simulator.Shares{Level: 1, Rate: 250, MaxCharge: time.Millisecond}.Accounts(
		[]scheduler.AccountID{"a", "b"})
	f := run(t, setup)
	equal(t, "60 and 30 of 22.5 s", []float64{f.Fairness.Shares[0].Satisfaction,
		f.Fairness.Shares[1].Satisfaction}, []float64{2.666667, 1.333333})
	equal(t, "Jain's index", f.Fairness.Jain, 1.0)
}
