package experiment

import (
	"time"

	"github.com/quotasched/quotasched/scheduler"
	"github.com/quotasched/quotasched/simulator"
)

// ResultsVersion is the version of the JSON form of Results. It grows when a field changes its
// meaning or goes away; new fields do not change it.
const ResultsVersion = 1

// Results are what an experiment comes to: everything that reports show.
type Results struct {
	// Version is ResultsVersion.
	Version int `json:"version"`
	// Name and Description are the experiment's.
	Name        string `json:"name"`
	Description string `json:"description"`
	// Partial is true if the experiment was stopped before its end. Then some runs are partial,
	// or missing.
	Partial bool `json:"partial"`
	// Workload is what was submitted.
	Workload WorkloadSummary `json:"workload"`
	// Variants are the policies, each with its combination of swept parameters, in the order of
	// the file. The first one is the baseline of all differences.
	Variants []Variant `json:"variants"`
	// Differences has, for each variant but the first, how it differs from the first one.
	Differences []Difference `json:"differences"`
	// WallSeconds is what the runs took in the real world, one beside the other, from the first one's
	// setup to the last one's figures, and WallLoadSeconds what had been spent before on reading the
	// file and the first workload; 0 if that is left out. Nothing else differs from run to run.
	WallSeconds     float64 `json:"wall_seconds,omitempty"`
	WallLoadSeconds float64 `json:"wall_load_seconds,omitempty"`
}

// WorkloadSummary describes what was submitted, in the run of the first seed.
type WorkloadSummary struct {
	Name        string    `json:"name"`
	Start       time.Time `json:"start_time"`
	Submissions int       `json:"submissions"`
	Requests    int       `json:"requests"`
	Accounts    int       `json:"accounts"`
	// Workers is the size of the fleet.
	Workers int `json:"workers"`
	// FromLog is true if it is from the log of a real cluster.
	FromLog bool `json:"from_log"`
	// Notes say for people what was read, skipped and assumed.
	Notes []string `json:"notes"`
}

// Variant is a policy with a combination of parameters, and its runs.
type Variant struct {
	// Name is unique in the experiment: the policy's, with the parameters if there are any, such
	// as "quota, cq.rates.p0 = 20".
	Name string `json:"name"`
	// Policy is the policy's name, and Description what the file says of it.
	Policy      string      `json:"policy"`
	Description string      `json:"description"`
	Parameters  []Parameter `json:"parameters"`
	// Accounts are those of the policy, for reports, in order of id.
	Accounts []AccountQuota `json:"accounts"`
	// Runs are those of the seeds, in the order of the file.
	Runs []Run `json:"runs"`
}

// Parameter is a field of the experiment and the value that a sweep gave it.
type Parameter struct {
	Field string `json:"field"`
	Value string `json:"value"`
}

// AccountQuota is what a policy gives an account.
type AccountQuota struct {
	Account scheduler.AccountID `json:"account"`
	// Rates are in workers, by level.
	Rates            [scheduler.NumPriorities]float64 `json:"rate_workers"`
	MaxChargeSeconds float64                          `json:"max_charge_seconds"`
	MaxFanout        int                              `json:"max_fanout"`
	FreeTasks        bool                             `json:"free_tasks"`
}

// Run is one simulation.
type Run struct {
	Seed    uint64             `json:"seed"`
	Figures *simulator.Figures `json:"figures"`
}

// Metric names a figure that is compared.
type Metric string

// The metrics: those up to MetricPreempted are of accounts and of all of them together, the others
// of the pool. MetricJainServed is Fairness.JainServed.
const (
	MetricWaitMean    Metric = "wait_mean_seconds"
	MetricWaitP50     Metric = "wait_p50_seconds"
	MetricWaitP95     Metric = "wait_p95_seconds"
	MetricCompleted   Metric = "completed"
	MetricUsed        Metric = "used_worker_seconds"
	MetricLost        Metric = "lost_worker_seconds"
	MetricPreempted   Metric = "preempted"
	MetricUtilisation Metric = "utilisation"
	MetricUseful      Metric = "utilisation_useful"
	MetricJainServed  Metric = "jain_served"
	MetricJainWaits   Metric = "jain_waits"
)

// Difference is how one figure of a variant differs from that of the baseline, paired by seed.
type Difference struct {
	// Variant and Baseline are names of variants.
	Variant  string `json:"variant"`
	Baseline string `json:"baseline"`
	// Account is whose figure it is; AllAccounts has that of all together or of the pool.
	Account     scheduler.AccountID `json:"account"`
	AllAccounts bool                `json:"all_accounts"`
	Metric      Metric              `json:"metric"`
	// From and To are the means over the seeds, of the baseline and of the variant; Delta is their
	// difference.
	From  float64 `json:"from"`
	To    float64 `json:"to"`
	Delta float64 `json:"delta"`
	// Low and High bound the 95 % confidence interval of the mean difference over the seeds, by
	// Student's t. Both are Delta if there is one seed, and then nothing is known of chance.
	Low  float64 `json:"low"`
	High float64 `json:"high"`
	// Seeds counts the pairs.
	Seeds int `json:"seeds"`
	// Verdict is "better", "worse", "same" (no difference in any pair), "unclear" (the interval
	// has 0 in it), or "" where neither more nor less is better.
	Verdict string `json:"verdict"`
}
