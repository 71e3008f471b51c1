package experiment

import (
	"math"
	"strings"

	"github.com/quotasched/quotasched/simulator"
)

// goalKind says what a metric is a number of.
type goalKind int

const (
	goalSeconds goalKind = iota
	goalCount
	goalShare // from 0 to 1
)

// goalMetric is a figure that goals may be about. Names are those of thresholds of plans.
type goalMetric struct {
	name    string
	kind    goalKind
	atLeast bool // more is better
	sum     bool // it grows with the length of the workload
	// One of these is set: it is a figure of an account, or one of the pool.
	account func(*simulator.AccountFigures) float64
	pool    func(*simulator.Figures) float64
	about   string
}

// goalMetrics are all of them.
var goalMetrics = []goalMetric{
	{name: "wait_p50", account: waitAt(50), about: "the median of the waits"},
	{name: "wait_p95", account: waitAt(95),
		about: "the wait that 95 % of the requests do not exceed"},
	{name: "wait_p99", account: waitAt(99), about: "the wait that 99 % do not exceed"},
	{name: "wait_mean", account: waitMean, about: "the mean of the waits"},
	{name: "wait_max", account: waitAt(100), about: "the longest wait"},
	{name: "lost", sum: true, about: "worker-time that preemption threw away",
		account: func(f *simulator.AccountFigures) float64 { return f.LostSeconds }},
	{name: "lost_share", kind: goalShare, account: lostShare,
		about: "the part of the account's worker-time that was thrown away"},
	{name: "preemptions_suffered", kind: goalCount, sum: true,
		account: func(f *simulator.AccountFigures) float64 { return float64(f.Preempted) },
		about:   "tasks that lost their workers"},
	{name: "completed", kind: goalCount, sum: true, atLeast: true,
		account: func(f *simulator.AccountFigures) float64 { return float64(f.Completed) },
		about:   "requests that ran to their end"},
	{name: "expired", kind: goalCount, sum: true,
		account: func(f *simulator.AccountFigures) float64 { return float64(f.Expired) },
		about:   "requests that left as they waited for too long"},
	{name: "workers", kind: goalCount,
		pool:  func(f *simulator.Figures) float64 { return float64(f.Pool.Workers) },
		about: "the size of the fleet"},
	{name: "utilisation_useful", kind: goalShare, atLeast: true,
		pool:  func(f *simulator.Figures) float64 { return f.Pool.UtilisationUseful },
		about: "the part of the workers' time that was not idle, lost or provisioning"},
	{name: "jain_served", kind: goalShare, atLeast: true,
		pool:  func(f *simulator.Figures) float64 { return f.Fairness.JainServed },
		about: "how evenly accounts got what was due to them"},
}

// goalMetricOf returns the metric of a name, or nil.
func goalMetricOf(name string) *goalMetric {
	for i := range goalMetrics {
		if goalMetrics[i].name == name {
			return &goalMetrics[i]
		}
	}
	return nil
}

// GoalMetrics lists the metrics of goals for people, one per line.
func GoalMetrics() string {
	var b strings.Builder
	for _, m := range goalMetrics {
		b.WriteString("  " + m.name + strings.Repeat(" ", 22-len(m.name)) + m.about + "\n")
	}
	return b.String()
}

// waitAt returns what reads a percentile of the waits of all requests that can run. One that did
// not run to its end has waited for ever.
func waitAt(percent float64) func(*simulator.AccountFigures) float64 {
	return func(f *simulator.AccountFigures) float64 {
		never := f.Expired + f.Dropped + f.Lost + f.Unfinished
		switch {
		case f.Wait.Count == 0 && never == 0:
			return 0
		case never == 0 && percent == 50:
			return f.Wait.P50Seconds
		case never == 0 && percent == 95:
			return f.Wait.P95Seconds
		case never == 0 && percent == 99:
			return f.Wait.P99Seconds
		case never == 0 && percent == 100:
			return f.Wait.MaxSeconds
		}
		at := percent * float64(f.Wait.Count+never) / float64(f.Wait.Count)
		if !(at <= 100) || len(f.WaitPercentilesSeconds) != 101 {
			return math.Inf(1)
		}
		return f.WaitPercentilesSeconds[int(math.Ceil(at))]
	}
}

// waitMean is the mean wait of the requests that ran to their end.
func waitMean(f *simulator.AccountFigures) float64 {
	if f.Wait.Count == 0 && f.Requests > f.Impossible {
		return math.Inf(1)
	}
	return f.Wait.MeanSeconds
}

func lostShare(f *simulator.AccountFigures) float64 {
	if f.UsedSeconds == 0 {
		return 0
	}
	return f.LostSeconds / f.UsedSeconds
}
