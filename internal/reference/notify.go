package reference

import (
	"fmt"
	"maps"
	"time"

	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// taskWaiting passes on that a request waits, with what it lost to preemption. That ends the
// cancellation of it where it was preempted before t, and the one of an older try that expired.
func (p *Pool) taskWaiting(news *protos.TaskWaiting, t time.Time, e scheduler.EventSink) error {
	r := &scheduler.TaskRequest{
		ID:                  scheduler.RequestID(news.GetRequestId()),
		Account:             scheduler.AccountID(news.GetAccountId()),
		BaseLabels:          news.GetBaseLabels(),
		ProvisionableLabels: news.GetProvisionableLabels(),
	}
	if news.GetEnqueueTime().CheckValid() == nil {
		r.EnqueueTime = news.GetEnqueueTime().AsTime()
	}
	var bad error
	if r.LostWork = readDuration(news.GetLostWork(), &bad); bad != nil {
		return bad
	}
	if err := checkRequest(r, news.GetTags()); err != nil {
		return err
	}
	if p.preemptedSince(r.ID, t, e) || p.isExpiredTry(r, t, e) {
		return nil
	}
	for _, tasks := range p.aborts {
		r.LostWork = max(r.LostWork, tasks[r.ID].lost)
	}
	p.endAborts(r.ID)
	delete(p.expired, r.ID)
	must(p.Scheduler.AddRequest(r, t, news.GetTags(), e))
	p.dropStale()
	return nil
}

// taskRunning passes on that a task runs, which ends the worker's entry for it; unless it is to
// be aborted there, in which case it is expected to run until it was.
func (p *Pool) taskRunning(news *protos.TaskRunning, t time.Time, e scheduler.EventSink) error {
	r := scheduler.RequestID(news.GetRequestId())
	w := scheduler.WorkerID(news.GetWorkerId())
	if err := checkID("request", string(r)); err != nil {
		return err
	}
	if err := checkID("worker", string(w)); err != nil {
		return err
	}
	var saved time.Time
	if s := news.GetSavedTime(); s != nil {
		if s.CheckValid() != nil {
			return fmt.Errorf("%w: saved time %v", scheduler.ErrInvalid, s)
		}
		saved = s.AsTime()
		if err := checkTime("saved", saved); err != nil {
			return err
		}
	}
	if _, aborting := p.aborts[w][r]; aborting {
		return nil
	}
	must(p.Scheduler.NotifyTaskSaved(r, w, saved, t, e))
	p.dropStale()
	return nil
}

// taskAbsent passes on that a task is gone, which ends its cancellations.
func (p *Pool) taskAbsent(r scheduler.RequestID, t time.Time, e scheduler.EventSink) error {
	if err := checkID("request", string(r)); err != nil {
		return err
	}
	if p.preemptedSince(r, t, e) {
		return nil
	}
	p.endAborts(r)
	delete(p.expired, r)
	must(p.Scheduler.NotifyTaskAbsent(r, t, e))
	if known, _ := p.Scheduler.find(r); known == nil {
		delete(p.errors, r)
	}
	p.dropStale()
	return nil
}

// workerGone passes on that a worker is gone, and so is what had to stop there by then.
func (p *Pool) workerGone(w scheduler.WorkerID, t time.Time, e scheduler.EventSink) error {
	if err := checkID("worker", string(w)); err != nil {
		return err
	}
	must(p.Scheduler.NotifyWorkerGone(w, t, e))
	p.dropStale()
	if p.Scheduler.workers[w] != nil {
		return nil // old news
	}
	maps.DeleteFunc(p.aborts[w], func(_ scheduler.RequestID, a abort) bool {
		return !t.Before(a.since)
	})
	if len(p.aborts[w]) == 0 {
		delete(p.aborts, w)
	}
	return nil
}

// isExpiredTry says, with an event, that a request which waits is the one that has expired, not
// another try: then it stays cancelled.
func (p *Pool) isExpiredTry(r *scheduler.TaskRequest, t time.Time, e scheduler.EventSink) bool {
	expired, there := p.expired[r.ID]
	if !there || r.EnqueueTime.After(expired) {
		return false
	}
	p.Scheduler.ignore(e, &old{protos.TaskEvent_Ignored_REASON_EXPIRED, expired},
		happening{time: t, unknownID: r.ID})
	return true
}

// preemptedSince says, with an event, that a request was preempted after t and has yet to stop,
// so that news of t says nothing about it any more.
func (p *Pool) preemptedSince(r scheduler.RequestID, t time.Time, e scheduler.EventSink) bool {
	newest := t
	for _, tasks := range p.aborts {
		if a, aborting := tasks[r]; aborting {
			newest = later(newest, a.since)
		}
	}
	if newest.Equal(t) {
		return false
	}
	p.Scheduler.ignore(e, &old{protos.TaskEvent_Ignored_REASON_PREEMPTED_SINCE, newest},
		happening{time: t, unknownID: r})
	return true
}

// endAborts forgets that a task must stop, wherever it must.
func (p *Pool) endAborts(r scheduler.RequestID) {
	for w, tasks := range p.aborts {
		delete(tasks, r)
		if len(tasks) == 0 {
			delete(p.aborts, w)
		}
	}
}

// dropStale ends the entries whose request the scheduler does not have on that worker, and those
// that are acknowledged: the scheduler took the news that the task runs there.
func (p *Pool) dropStale() {
	for w, entry := range p.entries {
		if !p.Scheduler.IsAssigned(entry.request, w) ||
			p.Scheduler.workers[w].run.stage == scheduler.Running {
			delete(p.entries, w)
		}
	}
}
