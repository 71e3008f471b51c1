package fork

import (
	"context"

	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// takeOver makes the world as it must be at the beginning for the snapshot to be true.
func (r *runner) takeOver(ctx context.Context, snapshot *protos.Pool) error {
	r.begin = beginOf(snapshot, r.world)
	r.base = r.begin.Truncate(r.every)
	r.fleet()
	r.outstanding = len(snapshot.GetScheduler().GetWaitingRequests())
	queues := map[string]*protos.WorkerQueue{}
	for _, q := range snapshot.GetReconciler().GetWorkerQueues() {
		queues[q.GetWorkerId()] = q
	}
	free := map[string]bool{} // of what is being stopped there
	for _, w := range snapshot.GetScheduler().GetWorkers() {
		stage := w.GetRun().GetStage()
		free[w.GetId()] = stage != protos.Stage_STAGE_HELD
		if w.GetRun() == nil {
			continue
		}
		r.outstanding++
		id := scheduler.RequestID(w.GetRun().GetRequest().GetId())
		request, _ := r.pool.Scheduler().Request(id)
		switch stage {
		case protos.Stage_STAGE_HANDED_OUT:
			r.handedOut[id] = request
		case protos.Stage_STAGE_RUNNING:
			if err := r.takeOverTask(ctx, w, request, queues[w.GetId()]); err != nil {
				return err
			}
		}
	}
	for _, q := range snapshot.GetReconciler().GetWorkerQueues() {
		w := r.byID[scheduler.WorkerID(q.GetWorkerId())]
		if w != nil && len(q.GetTasksToAbort()) > 0 && !free[q.GetWorkerId()] {
			w.stopping = true
			r.stopping = append(r.stopping, w)
		}
	}
	r.cancelDue = len(queues) > 0 ||
		len(snapshot.GetReconciler().GetTaskErrors()) > 0 ||
		len(snapshot.GetReconciler().GetExpiredRequests()) > 0 ||
		len(snapshot.GetScheduler().GetExpiredRequests()) > 0
	return nil
}

// takeOverTask lets a task go on that runs in the snapshot. If the reconciler waits for an
// acknowledgment of it, it gets one, lest it takes the task back.
func (r *runner) takeOverTask(ctx context.Context, w *protos.Worker,
	request scheduler.TaskRequest, q *protos.WorkerQueue) error {
	begin := r.begin.Sub(r.base)
	if q.GetTaskToAssign().GetRequestId() == string(request.ID) {
		err := r.tellRunning(ctx, begin, request.ID, scheduler.WorkerID(w.GetId()))
		if err != nil {
			return err
		}
	}
	r.begins(&task{
		worker: r.byID[scheduler.WorkerID(w.GetId())],
		Task: Task{
			Request: request,
			Worker:  scheduler.WorkerID(w.GetId()),
			Start:   w.GetRun().GetStartTime().AsTime(),
		},
	}, begin)
	return nil
}
