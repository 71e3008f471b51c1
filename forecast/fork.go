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
	outcome outcome
	left    int // targets that have not started
	// unknown are the tasks of unknown run time that run or ran.
	unknown []fork.Task
	labels  map[scheduler.WorkerID][]string
}

// fork makes one fork, and returns what became of the targets.
func (s *scene) fork(ctx context.Context, number int) (outcome, error) {
	f := &future{scene: s, number: number, left: s.waiting}
	f.outcome.starts = make([]time.Duration, len(s.targets))
	f.outcome.doubts = make([]scheduler.RequestID, len(s.targets))
	f.outcome.expired = make([]bool, len(s.targets))
	for i := range f.outcome.starts {
		f.outcome.starts[i] = notStarted
	}
	world := &fork.World{
		Begin:   s.options.Begin,
		Workers: s.options.Workers,
		RunTime: f.runTime,
		NoRetry: s.options.NoRetry,
		Timing:  s.options.Timing,
	}
	result, err := fork.Run(ctx, s.snapshot, world, fork.Options{
		Until:         s.options.Begin.Add(s.options.Horizon),
		MaxOperations: s.options.MaxOperations,
		Observe:       f.observe,
		Stop:          func() bool { return f.left == 0 },
	})
	if err != nil {
		return outcome{}, err
	}
	for i := range s.targets {
		if f.outcome.starts[i] == notStarted {
			f.outcome.doubts[i] = f.doubt(&s.targets[i].request)
		}
	}
	f.outcome.operations = result.Operations
	f.outcome.cutShort = result.Reason == fork.BudgetSpent
	return f.outcome, nil
}

// runTime draws how long a task runs. What is not known goes on for ever, and is remembered.
func (f *future) runTime(t fork.Task) time.Duration {
	k := f.tasks[t.Request.ID]
	if k == nil || !k.estimate.RunTime.known() {
		f.unknown = append(f.unknown, t)
		return maxRun
	}
	return k.estimate.RunTime.After(k.ran, k.draws.of(f.number))
}

// observe notes when targets start, or that they never will.
func (f *future) observe(h fork.Happening) {
	if h.Kind != fork.Started && h.Kind != fork.Expired && h.Kind != fork.Failed {
		return
	}
	i, ok := f.index[h.Task.Request.ID]
	if !ok || f.outcome.starts[i] != notStarted {
		return
	}
	if h.Kind == fork.Started {
		f.outcome.starts[i] = h.Time.Sub(f.options.Begin)
		f.outcome.doubts[i] = f.doubt(&f.targets[i].request)
	}
	f.outcome.expired[i] = h.Kind == fork.Expired
	if f.targets[i].mayStart() {
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
