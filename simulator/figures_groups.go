package simulator

// Grouping has figures by what requests ask for.
type Grouping struct {
	// By is the key of the label by whose value requests and workers are told apart, such as "pool";
	// empty for the sizes of submissions.
	By string `json:"by"`
	// Groups are in order of value.
	Groups []GroupFigures `json:"groups"`
}

// GroupFigures are those of the requests that ask for one value of a label, and of the workers that
// have it; or of the requests of one range of sizes.
type GroupFigures struct {
	// Value is what stands after the colon of the label, such as "H100" of "pool:H100", or a range of
	// sizes, such as "5 to 8". It is empty for requests that ask for none, and workers that have
	// none. Of several values, the first one counts.
	Value string `json:"value"`
	// Workers counts those that have the value at the start of the run; 0 for sizes.
	Workers int `json:"workers"`
	// UsedSeconds is the time that these workers ran tasks, whoever's; of a size, the time that any
	// workers ran its tasks. Utilisation is the part that this is of the time of these workers, or,
	// of a size, of all workers.
	UsedSeconds float64 `json:"used_worker_seconds"`
	Utilisation float64 `json:"utilisation"`
	// QueueMean and QueueMax count its waiting requests, over time.
	QueueMean float64 `json:"queue_mean"`
	QueueMax  int64   `json:"queue_max"`
	// Requests counts those that arrived, impossible ones too; the others are parts of them.
	Requests   int `json:"requests"`
	Completed  int `json:"completed"`
	Impossible int `json:"impossible"`
	// Wait is that of the completed ones, as in AccountFigures.
	Wait Distribution `json:"wait"`
	// Preempted counts the preemptions of its requests, and LostSeconds is what their stopped runs
	// had done.
	Preempted   int     `json:"preempted"`
	LostSeconds float64 `json:"lost_worker_seconds"`
	// Busy and Queue follow UsedSeconds and the waiting requests over time: means over the steps of
	// Figures.Series, without which they are left out.
	Busy  []float64 `json:"busy_workers,omitempty"`
	Queue []float64 `json:"waiting_requests,omitempty"`
}

// groupingFigures sums up each grouping, at an instant in milliseconds after this span. The series
// must have been summed up before.
func (e *engine) groupingFigures(end int64, spanSeconds float64) []Grouping {
	list := []Grouping{}
	for _, g := range e.tally.groupings {
		figures := Grouping{By: g.by, Groups: []GroupFigures{}}
		for _, group := range g.groups {
			workers := group.workers
			if g.ofWorker == nil {
				workers = len(e.fleet.workers)
			}
			f := group.figures(end, spanSeconds, workers)
			if s := e.tally.series; s != nil {
				f.Busy = s.means(group.busySteps, s.lastWidth)
				f.Queue = s.means(group.queueSteps, s.lastWidth)
			}
			figures.Groups = append(figures.Groups, f)
		}
		list = append(list, figures)
	}
	return list
}

// figures sums up one group; the workers are those whose time it used.
func (g *groupTally) figures(end int64, spanSeconds float64, workers int) GroupFigures {
	g.queue.advance(end)
	g.busy.advance(end)
	return GroupFigures{
		Value:       g.value,
		Workers:     g.workers,
		UsedSeconds: seconds(g.busy.sum),
		Utilisation: ratio(seconds(g.busy.sum), spanSeconds*float64(workers)),
		QueueMean:   ratio(seconds(g.queue.sum), spanSeconds),
		QueueMax:    g.queue.max,
		Requests:    g.requests,
		Completed:   g.completed,
		Impossible:  g.impossible,
		Wait:        distribution(g.waits.list()),
		Preempted:   g.preempted,
		LostSeconds: seconds(g.lostMillis),
	}
}
