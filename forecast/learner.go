package forecast

import (
	"time"

	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// Learner fills a history with the runs of a pool, from the operations that the pool is told, such
// as those of a journal.
type Learner struct {
	history *History
	group   func(*scheduler.TaskRequest) string
	running map[scheduler.RequestID]*learned
	// groups counts the tasks of each group that run, and noted has those of which a run was noted.
	groups map[string]int
	noted  map[string]bool
}

// learned is a task that runs.
type learned struct {
	request scheduler.TaskRequest
	worker  scheduler.WorkerID
	start   time.Time
	group   string
}

// NewLearner returns a learner for a pool. Of tasks of one group that run at the same time, one is
// noted; a nil group means DefaultGroup.
func NewLearner(h *History, s *scheduler.Scheduler,
	group func(*scheduler.TaskRequest) string) *Learner {
	if group == nil {
		group = DefaultGroup
	}
	l := &Learner{history: h, group: group, running: map[scheduler.RequestID]*learned{},
		groups: map[string]int{}, noted: map[string]bool{}}
	for w := range s.Workers() {
		if w.Run != nil && w.Run.Stage == scheduler.Running {
			l.begins(s, w.Run.Request, w.ID, w.Run.StartTime)
		}
	}
	return l
}

// Step learns from an operation that the pool has been told; the pool is as it is after it. A task
// that was preempted, or waits again, teaches nothing. It costs O(running tasks) for assign_tasks.
func (l *Learner) Step(op *protos.Operation, s *scheduler.Scheduler) {
	t := op.GetTime().AsTime()
	switch k := op.GetKind().(type) {
	case *protos.Operation_TaskRunning:
		r := scheduler.RequestID(k.TaskRunning.GetRequestId())
		w := scheduler.WorkerID(k.TaskRunning.GetWorkerId())
		if s.IsAssigned(r, w) && (l.running[r] == nil || l.running[r].worker != w) {
			l.leaves(r)
			l.begins(s, r, w, t)
		}
	case *protos.Operation_TaskWaiting:
		l.leaves(scheduler.RequestID(k.TaskWaiting.GetRequestId()))
	case *protos.Operation_TaskAbsent:
		if r := scheduler.RequestID(k.TaskAbsent.GetRequestId()); !s.Knows(r) {
			l.ends(r, t)
		}
	case *protos.Operation_AssignTasks:
		pulled := map[scheduler.WorkerID]bool{}
		for _, w := range k.AssignTasks.GetWorkers() {
			pulled[scheduler.WorkerID(w.GetWorkerId())] = true
		}
		for id, r := range l.running { // the order is free: each is looked at by itself
			if s.Knows(id) {
				continue
			}
			if pulled[r.worker] { // its worker is idle, so it is over
				l.ends(id, t)
			} else {
				l.leaves(id)
			}
		}
	}
}

// begins notes that a task runs.
func (l *Learner) begins(s *scheduler.Scheduler, id scheduler.RequestID, w scheduler.WorkerID,
	t time.Time) {
	r, _ := s.Request(id)
	task := &learned{request: r, worker: w, start: t, group: l.group(&r)}
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
