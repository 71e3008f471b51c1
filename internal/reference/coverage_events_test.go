package reference_test

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// lookAtEvents counts what single events say.
func (s sights) lookAtEvents(c *scheduler.Config, m moment) {
	for _, ev := range m.events {
		s["event "+strings.TrimPrefix(ev.GetType().String(), "TYPE_")]++
		s.see(ev.GetAccountId() != "" && !ev.GetAccountValid(), "unknown account")
		switch ev.GetType() {
		case protos.TaskEvent_TYPE_ASSIGNED:
			s.lookAtAssigned(c, m, ev)
		case protos.TaskEvent_TYPE_PREEMPTED:
			s.lookAtPreempted(m, ev)
		case protos.TaskEvent_TYPE_REPRIORITIZED:
			from, to := ev.GetReprioritized().GetOldPriority(), ev.GetReprioritized().GetNewPriority()
			s.see(from == 5, "promoted from free")
			s.see(from < 5 && to < from, "promoted from a paid level")
			s.see(to > from, "demoted")
			s.see(to == 5, "demoted to free")
		case protos.TaskEvent_TYPE_COMPLETED:
			s["completed "+strings.TrimPrefix(ev.GetCompleted().GetReason().String(), "REASON_")]++
		case protos.TaskEvent_TYPE_IGNORED:
			s["ignored "+strings.TrimPrefix(ev.GetIgnored().GetReason().String(), "REASON_")]++
		case protos.TaskEvent_TYPE_ADOPTED:
			s.lookAtAdopted(m, ev)
		case protos.TaskEvent_TYPE_REQUEUED, protos.TaskEvent_TYPE_UNASSIGNED:
			s.lookAtTakenBack(m, ev)
		}
	}
}

func (s sights) lookAtAssigned(c *scheduler.Config, m moment, ev *protos.TaskEvent) {
	d := ev.GetAssigned()
	s.see(true, "assigned at level %d", d.GetPriority())
	s.see(d.GetProvisionRequired(), "assigned, provision required")
	patience := cmp.Or(c.ProvisionPatience, scheduler.DefaultProvisionPatience)
	run, _ := runOf(m.after, ev.GetRequestId())
	if d.GetProvisionRequired() && run != nil && !d.GetPreempting() && patience > 0 {
		waited := ev.GetTime().AsTime().Sub(run.GetRequest().GetContent().GetEnqueueTime().AsTime())
		later := slices.Index(m.events, ev) + 1
		s.see(waited >= patience && slices.ContainsFunc(m.events[later:],
			func(o *protos.TaskEvent) bool {
				return o.GetAssigned() != nil && !o.GetAssigned().GetPreempting() &&
					o.GetAssigned().GetPriority() == d.GetPriority() &&
					!o.GetAssigned().GetProvisionRequired() && len(o.GetProvisionableLabels()) > 0
			}), "assigned out of patience")
	}
	pulled := slices.ContainsFunc(m.op.GetAssignTasks().GetWorkers(),
		func(w *protos.IdleWorker) bool { return w.GetWorkerId() == ev.GetWorkerId() })
	s.see(!pulled, "assignment for a worker that is not in the call")
}

func (s sights) lookAtPreempted(m moment, ev *protos.TaskEvent) {
	run, _ := runOf(m.before, ev.GetRequestId())
	d := ev.GetPreempted()
	s.see(run != nil, "preempted %v", run.GetStage())
	s.see(slices.Max(ev.GetCost()) > 0, "preempted at a price")
	s.see(d.GetOldPriority() == 5, "preempted from level 5")
	s.see(d.GetOldPriority() < 5, "preempted from a paid level")
	s.see(d.GetNewPriority() == 0, "preempted for level 0")
	s.see(d.GetNewPriority() == 4, "preempted for level 4")
	s.see(run.GetStage() == protos.Stage_STAGE_HELD && run.GetNextContent() != nil,
		"preempted held, with next content")
}

func (s sights) lookAtAdopted(m moment, ev *protos.TaskEvent) {
	d := ev.GetAdopted()
	s.see(d.GetOtherWorkerId() == "", "adopted while waiting")
	s.see(d.GetOtherWorkerId() == "" && d.GetPriority() < 5, "adopted at a paid level")
	s.see(d.GetOtherWorkerId() != "", "adopted from another worker")
	s.see(!slices.ContainsFunc(m.before.GetScheduler().GetWorkers(), func(w *protos.Worker) bool {
		return w.GetId() == ev.GetWorkerId()
	}), "adopted by an unknown worker")
	run, _ := runOf(m.after, ev.GetRequestId())
	s.see(run.GetNextContent() != nil, "adopted with next content")
}

func (s sights) lookAtTakenBack(m moment, ev *protos.TaskEvent) {
	run, _ := runOf(m.before, ev.GetRequestId())
	timedOut := ev.GetType() == protos.TaskEvent_TYPE_UNASSIGNED
	held := run.GetStage() == protos.Stage_STAGE_HELD
	s.see(held && slices.Max(ev.GetCost()) > 0, "held assignment given back")
	s.see(timedOut && held, "held assignment timed out")
	s.see(timedOut && !held, "handed-out assignment timed out")
	s.see(run.GetNextContent() != nil, "next content used")
	s.see(!timedOut && m.op.GetAssignTasks() != nil && hasEntry(m.before, ev.GetWorkerId()),
		"labels no longer satisfy a held task")
	s.see(timedOut && slices.ContainsFunc(m.after.GetReconciler().GetTaskErrors(),
		func(e *protos.TaskError) bool { return e.GetRequestId() == ev.GetRequestId() }),
		"error taken back")
	for _, q := range m.after.GetReconciler().GetWorkerQueues() {
		s.see(timedOut && q.GetWorkerId() == ev.GetWorkerId() && len(q.GetTasksToAbort()) > 0,
			"abort outlives its assignment")
	}
}

func hasEntry(p *protos.Pool, worker string) bool {
	return slices.ContainsFunc(p.GetReconciler().GetWorkerQueues(), func(q *protos.WorkerQueue) bool {
		return q.GetWorkerId() == worker && q.GetTaskToAssign() != nil
	})
}

// lookAtPass counts what the events of a pass say together.
func (s sights) lookAtPass(m moment) {
	preempted := map[string]bool{}
	demotions := map[string]int{}
	for _, ev := range m.events {
		id := ev.GetRequestId()
		switch ev.GetType() {
		case protos.TaskEvent_TYPE_PREEMPTED:
			preempted[id] = true
		case protos.TaskEvent_TYPE_ASSIGNED:
			s.see(preempted[id], "victim placed again in the same pass")
		case protos.TaskEvent_TYPE_REPRIORITIZED:
			demotions[id]++
			s.see(demotions[id] > 1, "demoted by several levels")
		}
	}
	s.see(len(preempted) > 1, "two workers preempted in one pass")
}

// lookAtReconciler counts the situations of entries, aborts, errors and answers.
func (s sights) lookAtReconciler(m moment) {
	aborts := func(p *protos.Pool) (n int, at map[placed]bool) {
		at = map[placed]bool{}
		for _, q := range p.GetReconciler().GetWorkerQueues() {
			for _, a := range q.GetTasksToAbort() {
				at[placed{request: a.GetRequestId(), worker: q.GetWorkerId()}] = true
			}
			s.see(len(q.GetTasksToAbort()) > 1, "two aborts on one worker")
		}
		return len(at), at
	}
	before, at := aborts(m.before)
	after, _ := aborts(m.after)
	s.see(after < before, "abort ended")
	if r := m.op.GetTaskRunning(); r != nil {
		s.see(at[placed{request: r.GetRequestId(), worker: r.GetWorkerId()}],
			"running where it must stop")
	}
	for _, c := range m.result.GetCancellations() {
		s["cancelled "+c.GetReason().String()]++
		isError := c.GetReason() == protos.Cancellation_REASON_ERROR
		s.see(isError && c.GetWorkerId() != "", "error on a worker")
		for must := range at {
			s.see(isError && must.request == c.GetRequestId(), "error and abort of one task")
		}
	}
	for _, a := range m.result.GetAssignments() {
		run, w := runOf(m.before, a.GetRequestId())
		s.see(run.GetStage() == protos.Stage_STAGE_HANDED_OUT && w.GetId() == a.GetWorkerId(),
			"assignment given again")
	}
}

// lookAtAccounts counts the situations of accounts.
func (s sights) lookAtAccounts(m moment) {
	if d := m.op.GetDeleteAccount(); d != nil {
		for _, w := range m.before.GetScheduler().GetWorkers() {
			a := accountOf(m.before, w.GetRun().GetRequest().GetContent())
			s.see(a.GetId() == d.GetAccountId() && w.GetRun().GetPriority() < 5,
				"account deleted with runs")
		}
	}
	for _, a := range m.after.GetScheduler().GetAccounts() {
		for p, b := range a.GetBalance() {
			full := a.GetConfig().GetChargeRate()[p] *
				(a.GetConfig().GetMaxCharge().AsDuration() / time.Millisecond).Nanoseconds()
			s.see(b > full && full > 0, "balance above its cap")
			s.see(b < 0, "debt")
		}
	}
}
