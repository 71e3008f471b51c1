package simulator

import (
	"time"

	"github.com/quotasched/quotasched/scheduler"
)

// This file has the figures that compare accounts with each other, and over time.

// Share is what an account was granted, and what it used of it.
type Share struct {
	Account scheduler.AccountID `json:"account"`
	// GrantedSeconds is what its rates, over all levels, earn in the time of the figures if no
	// balance is ever at its cap. What it had at the start is not a part of it.
	GrantedSeconds float64 `json:"granted_worker_seconds"`
	// DemandedSeconds is the run time of its requests, but for impossible ones.
	DemandedSeconds float64 `json:"demanded_worker_seconds"`
	// UsedSeconds is the run time of those that completed, without provisioning and lost work.
	UsedSeconds float64 `json:"used_worker_seconds"`
	// Satisfaction is UsedSeconds as a part of the smaller one of what was granted and demanded; 0
	// if that is 0. It may be more than 1, as unused workers are free.
	Satisfaction float64 `json:"satisfaction"`
	// OwedSeconds is what its rates earn while it can use it: at each moment the smaller one of its
	// rates together and its requests that wait or run. ServedSeconds is the part of that for which
	// workers ran its tasks at the time. Where everything completes in the end, whatever the wait,
	// Satisfaction is at least 1, and only these two tell who was served late.
	OwedSeconds   float64 `json:"owed_worker_seconds"`
	ServedSeconds float64 `json:"served_worker_seconds"`
}

// Fairness sums up the shares.
type Fairness struct {
	// Shares are those of the accounts that the policy has, in order of id. Requests of other
	// accounts, or of none, are granted nothing.
	Shares []Share `json:"shares"`
	// Jain is Jain's index, (Σx)² / (n Σx²), over the satisfactions x, each counted as at most 1,
	// of the n accounts to which something was granted and that demanded something: 1 if all of
	// them got the same part of what they were due, 1/n if one got everything; 0 if there are none,
	// or nobody got anything.
	Jain float64 `json:"jain"`
	// JainServed is the same over x = ServedSeconds / OwedSeconds, for the accounts that were owed
	// something: 1 if all of them got the same part of what they were due when they were due it.
	JainServed float64 `json:"jain_served"`
	// JainWaits is the same over x = 1 / (1 + mean wait in minutes), for all accounts of the figures
	// with a completed request, the one with the empty id and those without quota included: what
	// people feel, whatever was granted to them.
	JainWaits float64 `json:"jain_waits"`
}

// PreemptionFlow counts what one account's requests did to another one's.
type PreemptionFlow struct {
	By scheduler.AccountID `json:"by"`
	Of scheduler.AccountID `json:"of"`
	// Count is the number of preemptions, and LostSeconds what the runs that they stopped had done.
	// A run that comes to its end before it is stopped has lost nothing. One that was preempted in
	// the warm-up and stopped after it counts in LostSeconds only.
	Count       int     `json:"count"`
	LostSeconds float64 `json:"lost_worker_seconds"`
}

// ImportanceFigures are those of all submissions with one importance, those without one included;
// nothing in them is of submissions in the warm-up.
type ImportanceFigures struct {
	Importance string `json:"importance"`
	// Submissions and Requests count those that arrived, impossible ones too; Completed, requests.
	Submissions int `json:"submissions"`
	Requests    int `json:"requests"`
	Completed   int `json:"completed"`
	// Impossible counts the requests that the fleet can never run.
	Impossible int `json:"impossible"`
	// Wait and FirstWait are over requests, as in AccountFigures.
	Wait      Distribution `json:"wait"`
	FirstWait Distribution `json:"first_wait"`
	// Preempted counts preemptions in the run, and RealPreempted those of reality, nil if the
	// workload does not know them.
	Preempted     int  `json:"preempted"`
	RealPreempted *int `json:"real_preempted,omitempty"`
	// RealWait is over submissions, of those whose wait is known.
	RealWait Distribution `json:"real_wait"`
	// LostSeconds is what its stopped runs had done.
	LostSeconds float64 `json:"lost_worker_seconds"`
}

// Series follows a run over time. Each value is a mean over a step (an integral over all of it, not
// a sample), to the thousandth, but balances, which are those of the last pass in it. All lists
// have one value a step, in order; the last step may be shorter.
type Series struct {
	Start       time.Time `json:"start_time"`
	StepSeconds float64   `json:"step_seconds"`
	// Busy has, for each level p0 to p4 and for the free bucket, the workers that ran tasks there,
	// and Provisioning those of all levels that did not run their task yet.
	Busy         [numLevels][]float64 `json:"busy_workers"`
	Provisioning []float64            `json:"provisioning_workers"`
	// Alive has the workers that had not died.
	Alive []float64 `json:"alive_workers"`
	// Queue has, for each level, the requests that wait where that is the best level at which their
	// account may start a run, by the balances at the end of the step, or, where steps were joined,
	// of the step in which they waited. The last one is the free bucket, that of all accounts that
	// may start none.
	Queue [numLevels][]float64 `json:"waiting_requests"`
	// Balances has the accounts that used most, at most 20, each at the levels where it earns; in
	// order of what they used, most first, then of id.
	Balances []BalanceSeries `json:"balances"`
	// AccountQueue and AccountBusy have the same accounts, and those among them that earn nowhere:
	// how many requests waited, and how many workers ran their tasks.
	AccountQueue []AccountSeries `json:"account_waiting_requests"`
	AccountBusy  []AccountSeries `json:"account_busy_workers"`
}

// BalanceSeries is what an account had at one level, in worker-seconds; below 0, what it owed.
type BalanceSeries struct {
	Account scheduler.AccountID `json:"account"`
	Level   scheduler.Priority  `json:"level"`
	Seconds []float64           `json:"worker_seconds"`
}

// AccountSeries is a number that belongs to an account.
type AccountSeries struct {
	Account scheduler.AccountID `json:"account"`
	Values  []float64           `json:"values"`
}

// FaultFigures count the faults that happened.
type FaultFigures struct {
	WorkerDeaths int `json:"worker_deaths"`
	PollsLost    int `json:"polls_lost"`
	NewsLost     int `json:"news_lost"`
	NewsRepeated int `json:"news_repeated"`
	NewsShuffled int `json:"news_shuffled"`
	NewsDelayed  int `json:"news_delayed"`
	Restarts     int `json:"restarts"`
}
