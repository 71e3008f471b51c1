package reference

import (
	"maps"
	"slices"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// reconcilerProto returns the canonical snapshot of the reconciler.
func (p *Pool) reconcilerProto() *protos.Reconciler {
	out := &protos.Reconciler{WorkerQueueTimeout: durationpb.New(p.workerQueueTimeout)}
	workers := map[scheduler.WorkerID]bool{}
	for id := range p.entries {
		workers[id] = true
	}
	for id := range p.aborts {
		workers[id] = true
	}
	for _, id := range slices.Sorted(maps.Keys(workers)) {
		out.WorkerQueues = append(out.WorkerQueues, p.queueProto(id))
	}
	for _, id := range slices.Sorted(maps.Keys(p.errors)) {
		out.TaskErrors = append(out.TaskErrors, &protos.TaskError{RequestId: string(id),
			Message: p.errors[id], WorkerId: string(p.startedOn(id))})
	}
	for _, id := range slices.Sorted(maps.Keys(p.expired)) {
		out.ExpiredRequests = append(out.ExpiredRequests, string(id))
		out.ExpiredEnqueueTimes = append(out.ExpiredEnqueueTimes, timestamppb.New(p.expired[id]))
	}
	return out
}

func (p *Pool) queueProto(id scheduler.WorkerID) *protos.WorkerQueue {
	queue := &protos.WorkerQueue{WorkerId: string(id)}
	if entry := p.entries[id]; entry != nil {
		queue.TaskToAssign = &protos.TaskToAssign{RequestId: string(entry.request),
			SinceTime: timestamppb.New(entry.since), HandedOut: entry.handedOut}
	}
	for _, r := range slices.Sorted(maps.Keys(p.aborts[id])) {
		a := p.aborts[id][r]
		queue.TasksToAbort = append(queue.TasksToAbort, &protos.TaskToAbort{RequestId: string(r),
			SinceTime: timestamppb.New(a.since), LostWork: durationProto(a.lost)})
	}
	return queue
}
