package plan

// direction says which change of a metric is one for the worse.
type direction int

const (
	neither direction = iota
	moreIsWorse
	fewerIsWorse
)

// kind says what a metric is a number of.
type kind int

const (
	count kind = iota
	seconds
)

// A metric is a figure with a name.
type metric struct {
	name  string // in thresholds
	title string // in tables
	kind  kind
	worse direction
	of    func(*Figures) float64
	about string
}

// metrics are all of them, in the order in which reports have them.
var metrics = []metric{
	{"wait_p50", "wait p50, s", seconds, moreIsWorse,
		func(f *Figures) float64 { return f.WaitP50Seconds },
		"the median of the waits"},
	{"wait_p95", "wait p95, s", seconds, moreIsWorse,
		func(f *Figures) float64 { return f.WaitP95Seconds },
		"the wait that 95 % of the requests do not exceed"},
	{"wait_mean", "wait mean, s", seconds, moreIsWorse,
		func(f *Figures) float64 { return f.WaitMeanSeconds },
		"the mean of the waits"},
	{"wait_max", "wait max, s", seconds, moreIsWorse,
		func(f *Figures) float64 { return f.WaitMaxSeconds },
		"the longest wait"},
	{"waiting_at_end", "waiting at the end", count, moreIsWorse,
		func(f *Figures) float64 { return float64(f.WaitingAtEnd) },
		"requests that wait at the end"},
	{"completed", "completed", count, fewerIsWorse,
		func(f *Figures) float64 { return float64(f.Completed) },
		"requests that ran to their end"},
	{"expired", "expired", count, moreIsWorse,
		func(f *Figures) float64 { return float64(f.Expired) },
		"requests that left as they waited for too long"},
	{"preemptions_suffered", "preempted", count, moreIsWorse,
		func(f *Figures) float64 { return float64(f.PreemptionsSuffered) },
		"tasks that lost their workers"},
	{"preemptions_caused", "preempted others", count, neither,
		func(f *Figures) float64 { return float64(f.PreemptionsCaused) },
		"tasks of others that lost their workers to the account's requests"},
	{"lost", "lost work, worker-s", seconds, moreIsWorse,
		func(f *Figures) float64 { return f.LostSeconds },
		"worker-seconds of work that preemption threw away"},
	{"paid", "paid, worker-s", seconds, neither,
		func(f *Figures) float64 { return f.PaidSeconds },
		"worker-seconds at p0 to p4"},
	{"free", "free, worker-s", seconds, neither,
		func(f *Figures) float64 { return f.FreeSeconds },
		"worker-seconds in the free bucket"},
	{"limit_hits", "waited at a limit", count, moreIsWorse,
		func(f *Figures) float64 { return float64(f.LimitHits) },
		"requests that waited while a fanout or label limit was reached"},
	{"limit_wait", "waits at limits, s", seconds, moreIsWorse,
		func(f *Figures) float64 { return f.LimitWaitSeconds },
		"for how long they did, in all"},
}

// A Metric is a name that thresholds use.
type Metric struct {
	// Name is the metric's, such as "wait_p95".
	Name string
	// Seconds is true if it is a time; else it is a number.
	Seconds bool
	// About says in a few words what it is.
	About string
}

// Metrics returns all metrics, in the order of reports.
func Metrics() []Metric {
	list := make([]Metric, len(metrics))
	for i, m := range metrics {
		list[i] = Metric{Name: m.name, Seconds: m.kind == seconds, About: m.about}
	}
	return list
}

// metricOf returns the metric of a name, or nil.
func metricOf(name string) *metric {
	for i := range metrics {
		if metrics[i].name == name {
			return &metrics[i]
		}
	}
	return nil
}
