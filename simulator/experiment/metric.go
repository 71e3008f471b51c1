package experiment

import "github.com/quotasched/quotasched/simulator"

// direction says which way a metric is better.
type direction int

const (
	neither     direction = 0
	moreIsGood  direction = 1
	fewerIsGood direction = -1
)

// accountMetric is a figure that each account has. It is undefined, and not compared, where of
// returns false.
type accountMetric struct {
	metric Metric
	good   direction
	of     func(*simulator.AccountFigures) (float64, bool)
}

// poolMetric is a figure of the pool.
type poolMetric struct {
	metric Metric
	good   direction
	of     func(*simulator.Figures) (float64, bool)
}

// accountMetrics are those of accounts. There is no wait where nothing completed.
var accountMetrics = []accountMetric{
	{MetricWaitMean, fewerIsGood, func(f *simulator.AccountFigures) (float64, bool) {
		return f.Wait.MeanSeconds, f.Completed > 0
	}},
	{MetricWaitP50, fewerIsGood, func(f *simulator.AccountFigures) (float64, bool) {
		return f.Wait.P50Seconds, f.Completed > 0
	}},
	{MetricWaitP95, fewerIsGood, func(f *simulator.AccountFigures) (float64, bool) {
		return f.Wait.P95Seconds, f.Completed > 0
	}},
	{MetricCompleted, moreIsGood, func(f *simulator.AccountFigures) (float64, bool) {
		return float64(f.Completed), true
	}},
	{MetricUsed, neither, func(f *simulator.AccountFigures) (float64, bool) {
		return f.UsedSeconds, true
	}},
	{MetricLost, fewerIsGood, func(f *simulator.AccountFigures) (float64, bool) {
		return f.LostSeconds, true
	}},
	{MetricPreempted, fewerIsGood, func(f *simulator.AccountFigures) (float64, bool) {
		return float64(f.Preempted), true
	}},
}

// poolMetrics are those of the pool. Jain's index is 0 where a policy grants nothing.
var poolMetrics = []poolMetric{
	{MetricUtilisation, neither, func(f *simulator.Figures) (float64, bool) {
		return f.Pool.Utilisation, true
	}},
	{MetricUseful, moreIsGood, func(f *simulator.Figures) (float64, bool) {
		return f.Pool.UtilisationUseful, true
	}},
	{MetricJainServed, moreIsGood, func(f *simulator.Figures) (float64, bool) {
		return f.Fairness.JainServed, f.Fairness.JainServed > 0
	}},
	{MetricJainWaits, moreIsGood, func(f *simulator.Figures) (float64, bool) {
		return f.Fairness.JainWaits, f.Fairness.JainWaits > 0
	}},
}
