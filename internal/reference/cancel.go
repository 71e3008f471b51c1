package reference

import (
	"cmp"
	"maps"
	"slices"

	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// cancellations returns the tasks that must stop, in order of worker, then request. Where there
// is more than one reason for a task on a worker, an error goes before the others.
func (p *Pool) cancellations() []*protos.Cancellation {
	type place struct{ worker, request string }
	all := map[place]*protos.Cancellation{}
	add := func(worker, request, message string, reason protos.Cancellation_Reason) {
		all[place{worker, request}] = &protos.Cancellation{WorkerId: worker, RequestId: request,
			ErrorMessage: message, Reason: reason}
	}
	for id := range p.expired {
		add("", string(id), "EXPIRED", protos.Cancellation_REASON_EXPIRED)
	}
	for w, tasks := range p.aborts {
		for id := range tasks {
			add(string(w), string(id), "", protos.Cancellation_REASON_PREEMPTED)
		}
	}
	for id, message := range p.errors {
		add(string(p.startedOn(id)), string(id), message, protos.Cancellation_REASON_ERROR)
	}
	return slices.SortedFunc(maps.Values(all), func(a, b *protos.Cancellation) int {
		return cmp.Or(cmp.Compare(a.WorkerId, b.WorkerId), cmp.Compare(a.RequestId, b.RequestId))
	})
}

// startedOn returns the worker that a request was handed to or runs on; the empty id if there is
// none.
func (p *Pool) startedOn(id scheduler.RequestID) scheduler.WorkerID {
	if _, w := p.Scheduler.find(id); w != nil && w.run.stage != scheduler.Held {
		return w.id
	}
	return ""
}
