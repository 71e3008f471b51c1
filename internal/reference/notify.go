package reference

import (
	"time"

	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// taskWaiting passes on that a request waits, and ends the cancellation of it where it was
// preempted before t.
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
	if err := checkRequest(r, news.GetTags()); err != nil {
		return err
	}
	if p.preemptedSince(r.ID, t, e) {
		return nil
	}
	p.endAborts(r.ID)
	must(p.Scheduler.AddRequest(r, t, news.GetTags(), e))
	p.dropStale()
	return nil
}

// taskRunning passes on that a task runs, which ends the worker's entry for it; unless it is to
// be aborted there, in which case it is expected to run until it was.
func (p *Pool) taskRunning(r scheduler.RequestID, w scheduler.WorkerID, t time.Time,
	e scheduler.EventSink) error {
	if err := checkID("request", string(r)); err != nil {
		return err
	}
	if err := checkID("worker", string(w)); err != nil {
		return err
	}
	if _, aborting := p.aborts[w][r]; aborting {
		return nil
	}
	must(p.Scheduler.NotifyTaskRunning(r, w, t, e))
	if entry := p.entries[w]; entry != nil && entry.request == r && !t.Before(entry.since) {
		delete(p.entries, w)
	}
	p.dropStale()
	if failed := p.errors[r]; failed != nil && p.Scheduler.IsAssigned(r, w) {
		failed.worker = w
	}
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

// preemptedSince says, with an event, that a request was preempted after t and has yet to stop,
// so that news of t says nothing about it any more.
func (p *Pool) preemptedSince(r scheduler.RequestID, t time.Time, e scheduler.EventSink) bool {
	newest := t
	for _, tasks := range p.aborts {
		if since, aborting := tasks[r]; aborting {
			newest = later(newest, since)
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

// dropStale ends the entries whose request the scheduler does not have on that worker.
func (p *Pool) dropStale() {
	for w, entry := range p.entries {
		if !p.Scheduler.IsAssigned(entry.request, w) {
			delete(p.entries, w)
		}
	}
}
