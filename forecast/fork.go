package forecast

import (
	"context"
	"time"

	"github.com/quotasched/quotasched/fork"
	"github.com/quotasched/quotasched/scheduler"
)

// A future is one fork.
type future struct {
	*scene
	number  int
	drawing *drawing // nil if nothing arrives
	outcome outcome
	left    int // targets that have not come to an end
	// unknown are the tasks of unknown run time that run or ran.
	unknown []fork.Task
	labels  map[scheduler.WorkerID][]string
}

// fork makes one fork, and returns what became of the targets.
func (s *scene) fork(ctx context.Context, number int) (outcome, error) {
	f := &future{scene: s, number: number, left: s.waiting,
		outcome: outcome{targets: make([]targetOutcome, len(s.targets))}}
	for i := range f.outcome.targets {
		f.outcome.targets[i].start, f.outcome.targets[i].end = notStarted, notStarted
	}
	until := s.options.Begin.Add(s.options.Horizon)
	world := &fork.World{
		Begin:   s.options.Begin,
		Workers: s.options.Workers,
		RunTime: f.runTime,
		NoRetry: s.options.NoRetry,
		Timing:  s.options.Timing,
	}
	switch {
	case s.options.Coming != nil:
		world.Arrivals = s.options.Coming
	case s.options.Arrivals != nil:
		f.drawing = s.options.Arrivals.newDrawing(s.options.Begin, until, s.options.Seed, number)
		f.drawing.estimate = f.runTimeOfArrival
		world.More = f.drawing.more
	}
	result, err := fork.Run(ctx, s.snapshot, world, fork.Options{
		Until:         until,
		MaxOperations: s.options.MaxOperations,
		Observe:       f.observe,
		Stop:          func() bool { return f.left == 0 },
	})
	if err != nil {
		return outcome{}, err
	}
	for i := range s.targets {
		if t := &f.outcome.targets[i]; t.start == notStarted {
			t.doubt = f.doubt(&s.targets[i].request)
		}
	}
	f.outcome.operations = result.Operations
	f.outcome.cutShort = result.Reason == fork.BudgetSpent
	return f.outcome, nil
}

// runTime draws how long a task runs. What is not known goes on for ever, and is remembered.
func (f *future) runTime(t fork.Task) time.Duration {
	if f.drawing != nil {
		if run, ok := f.drawing.runs[t.Request.ID]; ok {
			return run
		}
	}
	k := f.tasks[t.Request.ID]
	if k == nil || !k.estimate.RunTime.known() {
		f.unknown = append(f.unknown, t)
		return maxRun
	}
	return k.estimate.RunTime.After(k.ran, k.share(f.number))
}

// runTimeOfArrival draws how long a recorded request runs whose own run time is not known.
func (f *future) runTimeOfArrival(r *scheduler.TaskRequest, group string) (time.Duration, bool) {
	f.asking.Lock()
	e, ok := f.arrivals[r.ID]
	if !ok {
		e = f.scene.runTimes.Of(r)
		f.arrivals[r.ID] = e
	}
	f.asking.Unlock()
	if !e.RunTime.known() {
		return 0, false
	}
	return e.RunTime.At(newDraws(f.options.Seed, group).of(f.number)), true
}

// observe notes when targets start, are preempted and come to their end, or that they never will.
func (f *future) observe(h fork.Happening) {
	i, ok := f.index[h.Task.Request.ID]
	if !ok {
		return
	}
	t := &f.outcome.targets[i]
	if t.over {
		return
	}
	switch h.Kind {
	case fork.Started:
		if t.start == notStarted {
			t.start = h.Time.Sub(f.options.Begin)
			t.doubt = f.doubt(&f.targets[i].request)
		}
		return
	case fork.Preempted:
		t.preempted = true
		if !f.options.NoRetry {
			return
		}
	case fork.Ended:
		t.end = h.Time.Sub(f.options.Begin)
	case fork.Expired:
		t.expired = true
	case fork.Failed:
	default:
		return
	}
	t.over = true
	if f.targets[i].mayEnd() {
		f.left--
	}
}

// doubt returns a task of unknown run time that may have had a say in when a request starts: one
// of its account, or on a worker that could have run it.
func (f *future) doubt(r *scheduler.TaskRequest) scheduler.RequestID {
	if len(f.unknown) > 0 && f.labels == nil {
		f.labels = map[scheduler.WorkerID][]string{}
		for _, w := range f.options.Workers {
			f.labels[w.ID] = w.Labels
		}
	}
	for i := range f.unknown {
		t := &f.unknown[i]
		sameAccount := r.Account != "" && t.Request.Account == r.Account
		if t.Request.ID != r.ID && (sameAccount || hasAll(f.labels[t.Worker], r.BaseLabels)) {
			return t.Request.ID
		}
	}
	return ""
}
