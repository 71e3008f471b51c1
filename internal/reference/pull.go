package reference

import (
	"maps"
	"slices"
	"time"

	"go.chromium.org/luci/common/data/stringset"

	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// puller is an idle worker that asked for a task, with its labels in order.
type puller struct {
	id     scheduler.WorkerID
	labels []string
}

// pull answers idle workers at time t: the reconciler's AssignTasks.
func (p *Pool) pull(workers []*protos.IdleWorker, t time.Time,
	e scheduler.EventSink) []*protos.Assignment {
	p.blockErrors(t, e)
	p.timeOut(t, e)
	p.Scheduler.UpdateTime(t, e)
	for _, r := range p.Scheduler.TakeExpiredTries() {
		p.expired[r.Request] = r.EnqueueTime
	}
	pullers := distinct(workers)
	for _, w := range pullers {
		p.meet(w, t, e)
	}
	for _, a := range p.Scheduler.RunOnce(e) {
		p.entries[a.Worker] = &entry{request: a.Request, since: t}
		if a.Abort != "" {
			if p.aborts[a.Worker] == nil {
				p.aborts[a.Worker] = map[scheduler.RequestID]abort{}
			}
			p.aborts[a.Worker][a.Abort] = abort{since: t, lost: a.LostWork}
		}
	}
	var out []*protos.Assignment
	for _, w := range pullers {
		if a := p.handOut(w); a != nil {
			out = append(out, a)
		}
	}
	return out
}

// distinct returns the workers that can be served: of one listed twice, the first.
func distinct(workers []*protos.IdleWorker) []*puller {
	seen := map[string]bool{}
	var out []*puller
	for _, w := range workers {
		id := w.GetWorkerId()
		if checkID("worker", id) != nil || checkTexts("label", w.GetLabels()...) != nil || seen[id] {
			continue
		}
		seen[id] = true
		out = append(out, &puller{id: scheduler.WorkerID(id), labels: labelSet(w.GetLabels())})
	}
	return out
}

// blockErrors keeps tasks with an error from being placed, and takes back those that no worker
// was given.
func (p *Pool) blockErrors(t time.Time, e scheduler.EventSink) {
	for _, id := range slices.Sorted(maps.Keys(p.errors)) {
		r, w := p.Scheduler.find(id)
		if r != nil && !r.blocked {
			if w != nil && w.run.stage == scheduler.Held {
				delete(p.entries, w.id)
				must(p.Scheduler.Unassign(id, w.id, t, e))
			}
			must(p.Scheduler.Block(id))
		}
	}
}

// timeOut ends the entries that are too old.
func (p *Pool) timeOut(t time.Time, e scheduler.EventSink) {
	for _, id := range slices.Sorted(maps.Keys(p.entries)) {
		entry := p.entries[id]
		if t.Before(entry.since.Add(p.workerQueueTimeout)) {
			continue
		}
		delete(p.entries, id)
		if p.Scheduler.IsAssigned(entry.request, id) {
			must(p.Scheduler.Unassign(entry.request, id, t, e))
		}
	}
}

// meet tells the scheduler that a worker is idle, unless an assignment is held for it that it can
// still run.
func (p *Pool) meet(w *puller, t time.Time, e scheduler.EventSink) {
	entry := p.entries[w.id]
	labels := stringset.NewFromSlice(w.labels...)
	if entry == nil || !p.Scheduler.IsAssigned(entry.request, w.id) {
		delete(p.entries, w.id)
		must(p.Scheduler.MarkIdle(w.id, labels, t, e))
		return
	}
	if p.satisfies(w, entry.request) {
		return
	}
	must(p.Scheduler.MarkIdle(w.id, labels, t, e))
	if !p.Scheduler.IsAssigned(entry.request, w.id) {
		delete(p.entries, w.id)
	}
}

// handOut gives a worker its task, unless the task has an error or needs other labels.
func (p *Pool) handOut(w *puller) *protos.Assignment {
	entry := p.entries[w.id]
	if entry == nil || !p.Scheduler.IsAssigned(entry.request, w.id) ||
		p.failed(entry.request) || !p.satisfies(w, entry.request) {
		return nil
	}
	must(p.Scheduler.MarkHandedOut(entry.request, w.id))
	entry.handedOut = true
	r, _ := p.Scheduler.find(entry.request)
	return &protos.Assignment{WorkerId: string(w.id), RequestId: string(entry.request),
		ProvisionRequired: !hasAll(w.labels, r.provisionable)}
}

// failed says whether a task has an error.
func (p *Pool) failed(id scheduler.RequestID) bool {
	_, there := p.errors[id]
	return there
}

// satisfies says whether a worker has the base labels of a known request.
func (p *Pool) satisfies(w *puller, id scheduler.RequestID) bool {
	r, _ := p.Scheduler.find(id)
	return hasAll(w.labels, r.base)
}

// must panics on an error where the arguments cannot be wrong.
func must(err error) {
	if err != nil {
		panic(err)
	}
}
