package forecast

import (
	"time"

	"github.com/quotasched/quotasched/lifecycle"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// Learner learns from the operations that a pool is told and their outcomes, such as those of a
// journal: run times, arrivals, and what came of past forecasts.
type Learner struct {
	options  LearnerOptions
	follower *lifecycle.Follower
	running  map[scheduler.RequestID]*learned
	// groups counts the tasks of each group that run, and noted has those of which a run was noted.
	groups map[string]int
	noted  map[string]bool
}

// LearnerOptions say what a learner fills. What is nil is not filled.
type LearnerOptions struct {
	History     *History
	Arrivals    *Arrivals
	Calibration *Calibration
	// Group is as in Options. Of tasks of one group that run at the same time, one run is noted in
	// the history.
	Group func(*scheduler.TaskRequest) string
}

// learned is a task that runs.
type learned struct {
	request scheduler.TaskRequest
	start   time.Time // when it was reported as running
	group   string
}

// NewLearner returns a learner for a pool. It costs as much as a snapshot of the scheduler.
func NewLearner(s *scheduler.Scheduler, o LearnerOptions) *Learner {
	if o.Group == nil {
		o.Group = DefaultGroup
	}
	l := &Learner{options: o, running: map[scheduler.RequestID]*learned{},
		follower: lifecycle.New(&protos.Pool{Scheduler: s.ToProto()}),
		groups:   map[string]int{}, noted: map[string]bool{}}
	for r := range l.follower.Requests() {
		if r.State == lifecycle.Running {
			l.begins(s, r.ID, r.Start)
		}
	}
	return l
}

// Step learns from an operation that the pool has been told, and its outcome; the pool is as it is
// after it. A task that was preempted, or waits again, teaches no run time. It costs O(events).
func (l *Learner) Step(op *protos.Operation, outcome *protos.Outcome, s *scheduler.Scheduler) {
	if t := op.GetTime(); t != nil && outcome.GetError() == "" {
		if l.options.History != nil {
			l.options.History.Seen(t.AsTime())
		}
		if l.options.Arrivals != nil {
			l.options.Arrivals.Seen(t.AsTime())
		}
		if l.options.Calibration != nil {
			l.options.Calibration.Seen(t.AsTime())
		}
	}
	for _, c := range l.follower.Step(op, outcome) {
		l.outcome(&c)
		switch {
		case c.Kind == lifecycle.Arrived && c.Was.State == lifecycle.Unknown:
			l.arrives(s, c.Now.ID, c.Time)
		case c.Kind == lifecycle.Acknowledged || c.Kind == lifecycle.Adopted:
			l.leaves(c.Now.ID)
			l.begins(s, c.Now.ID, c.Time)
		case c.Kind == lifecycle.Ended && completes(&c):
			l.ends(c.Now.ID, c.Time)
		case c.Now.State != lifecycle.Running:
			l.leaves(c.Now.ID)
		}
	}
}

// completes reports of a request that ended whether its task came to its end, as far as the pool
// was told.
func completes(c *lifecycle.Change) bool {
	return c.Was.State.MayRun() && c.Event.GetCompleted().GetReason() !=
		protos.TaskEvent_Completed_REASON_INCONSISTENT_TASK_FOR_WORKER
}

// outcome notes the outcomes of past forecasts.
func (l *Learner) outcome(c *lifecycle.Change) {
	to := l.options.Calibration
	if to == nil {
		return
	}
	switch c.Kind {
	case lifecycle.Started, lifecycle.Acknowledged, lifecycle.Adopted:
		to.Started(c.Now.ID, c.Time)
	case lifecycle.EndedBefore: // its preemption came too late
		to.Completed(c.Now.ID, c.Time)
	case lifecycle.Ended:
		if completes(c) {
			to.Completed(c.Now.ID, c.Time)
		} else {
			to.Left(c.Now.ID, c.Time)
		}
	case lifecycle.Expired, lifecycle.Stopped:
		to.Left(c.Now.ID, c.Time)
	}
}

// arrives notes a request that came.
func (l *Learner) arrives(s *scheduler.Scheduler, id scheduler.RequestID, t time.Time) {
	if l.options.Arrivals == nil {
		return
	}
	if r, ok := s.Request(id); ok {
		l.options.Arrivals.Observe(&r, t, l.options.Group(&r))
	}
}

// begins notes that a task runs.
func (l *Learner) begins(s *scheduler.Scheduler, id scheduler.RequestID, t time.Time) {
	r, _ := s.Request(id)
	task := &learned{request: r, start: t, group: l.options.Group(&r)}
	l.running[id] = task
	if l.groups[task.group]++; l.groups[task.group] == 1 && l.options.History != nil {
		l.options.History.Began(task.group, &r, t)
	}
}

// ends notes how long a task ran.
func (l *Learner) ends(id scheduler.RequestID, t time.Time) {
	task := l.running[id]
	if task == nil {
		return
	}
	run := t.Sub(task.start)
	if l.options.Arrivals != nil {
		l.options.Arrivals.Ran(id, run)
	}
	if !l.noted[task.group] && l.options.History != nil {
		l.noted[task.group] = true
		l.options.History.Stopped(task.group)
		l.options.History.Observe(&task.request, run)
	}
	l.leaves(id)
}

// leaves forgets a task.
func (l *Learner) leaves(id scheduler.RequestID) {
	task := l.running[id]
	if task == nil {
		return
	}
	delete(l.running, id)
	if l.groups[task.group]--; l.groups[task.group] == 0 {
		delete(l.groups, task.group)
		delete(l.noted, task.group)
		if l.options.History != nil {
			l.options.History.Stopped(task.group)
		}
	}
}
