package forecast

import (
	"time"

	"github.com/quotasched/quotasched/lifecycle"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// Learner fills a history with the runs of a pool, from the operations that the pool is told and
// their outcomes, such as those of a journal.
type Learner struct {
	history  *History
	group    func(*scheduler.TaskRequest) string
	follower *lifecycle.Follower
	running  map[scheduler.RequestID]*learned
	// groups counts the tasks of each group that run, and noted has those of which a run was noted.
	groups map[string]int
	noted  map[string]bool
}

// learned is a task that runs.
type learned struct {
	request scheduler.TaskRequest
	start   time.Time // when it was reported as running
	group   string
}

// NewLearner returns a learner for a pool. Of tasks of one group that run at the same time, one is
// noted; a nil group means DefaultGroup. It costs as much as a snapshot of the scheduler.
func NewLearner(h *History, s *scheduler.Scheduler,
	group func(*scheduler.TaskRequest) string) *Learner {
	if group == nil {
		group = DefaultGroup
	}
	l := &Learner{history: h, group: group, running: map[scheduler.RequestID]*learned{},
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
// after it. A task that was preempted, or waits again, teaches nothing. It costs O(events).
func (l *Learner) Step(op *protos.Operation, outcome *protos.Outcome, s *scheduler.Scheduler) {
	for _, c := range l.follower.Step(op, outcome) {
		switch {
		case c.Kind == lifecycle.Acknowledged || c.Kind == lifecycle.Adopted:
			l.leaves(c.Now.ID)
			l.begins(s, c.Now.ID, c.Time)
		case c.Kind == lifecycle.Ended && c.Event.GetCompleted().GetReason() !=
			protos.TaskEvent_Completed_REASON_INCONSISTENT_TASK_FOR_WORKER:
			l.ends(c.Now.ID, c.Time)
		case c.Now.State != lifecycle.Running:
			l.leaves(c.Now.ID)
		}
	}
}

// begins notes that a task runs.
func (l *Learner) begins(s *scheduler.Scheduler, id scheduler.RequestID, t time.Time) {
	r, _ := s.Request(id)
	task := &learned{request: r, start: t, group: l.group(&r)}
	l.running[id] = task
	l.groups[task.group]++
}

// ends notes how long a task ran.
func (l *Learner) ends(id scheduler.RequestID, t time.Time) {
	task := l.running[id]
	if task == nil {
		return
	}
	if !l.noted[task.group] {
		l.noted[task.group] = true
		l.history.Observe(&task.request, t.Sub(task.start))
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
	}
}
