package report

import "github.com/quotasched/quotasched/simulator"

// importanceLabel writes an importance for people.
func importanceLabel(name string) string {
	if name == "" {
		return "(none)"
	}
	return label(name)
}

// importanceData are the figures of an importance: means over the seeds. Those of reality are
// the same under every seed.
type importanceData struct {
	Importance    string `json:"importance"`
	Submissions   number `json:"submissions"`
	Requests      number `json:"requests"`
	Impossible    number `json:"impossible"`
	WaitP50       number `json:"wait_p50_seconds"`
	WaitMean      number `json:"wait_mean_seconds"`
	WaitP95       number `json:"wait_p95_seconds"`
	Preempted     number `json:"preempted"`
	LostWork      number `json:"lost_worker_seconds"`
	RealPreempted number `json:"real_preempted"`
	RealWaitMean  number `json:"real_wait_mean_seconds"`
	RealWaitP50   number `json:"real_wait_p50_seconds"`
}

// importances averages the figures by importance, in the order of the figures.
func (v *variantMeans) importances() []importanceData {
	byName := map[string][]*simulator.ImportanceFigures{}
	order := []string{}
	for _, f := range v.runs {
		for i := range f.Importances {
			x := &f.Importances[i]
			if byName[x.Importance] == nil {
				order = append(order, x.Importance)
			}
			byName[x.Importance] = append(byName[x.Importance], x)
		}
	}
	list := []importanceData{}
	for _, name := range order {
		list = append(list, averageImportance(name, byName[name]))
	}
	return list
}

// averageImportance averages the figures of one importance over the runs that have them.
func averageImportance(name string, runs []*simulator.ImportanceFigures) importanceData {
	type figures = simulator.ImportanceFigures
	mean := func(f func(*figures) float64) number {
		return meanOf(runs, func(x *figures) number { return number(f(x)) })
	}
	distribution := func(pick func(*figures) *simulator.Distribution,
		f func(*simulator.Distribution) float64) number {
		return meanOf(runs, func(x *figures) number {
			d := pick(x)
			if d.Count == 0 {
				return none
			}
			return number(f(d))
		})
	}
	wait := func(x *figures) *simulator.Distribution { return &x.Wait }
	realWait := func(x *figures) *simulator.Distribution { return &x.RealWait }
	meanWait := func(d *simulator.Distribution) float64 { return d.MeanSeconds }
	median := func(d *simulator.Distribution) float64 { return d.P50Seconds }
	return importanceData{
		Importance:  importanceLabel(name),
		Submissions: mean(func(x *figures) float64 { return float64(x.Submissions) }),
		Requests:    mean(func(x *figures) float64 { return float64(x.Requests) }),
		Impossible:  mean(func(x *figures) float64 { return float64(x.Impossible) }),
		WaitP50:     distribution(wait, median),
		WaitMean:    distribution(wait, meanWait),
		WaitP95: distribution(wait,
			func(d *simulator.Distribution) float64 { return d.P95Seconds }),
		Preempted: mean(func(x *figures) float64 { return float64(x.Preempted) }),
		LostWork:  mean(func(x *figures) float64 { return x.LostSeconds }),
		RealPreempted: meanOf(runs, func(x *figures) number {
			if x.RealPreempted == nil {
				return none
			}
			return number(*x.RealPreempted)
		}),
		RealWaitMean: distribution(realWait, meanWait),
		RealWaitP50:  distribution(realWait, median),
	}
}
