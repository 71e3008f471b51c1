package fork

import (
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// Begin returns the newest time that a snapshot speaks of: that of its last update, or of the
// newest news. A fork of it begins then. O(n) in what is stored.
func Begin(snapshot *protos.Pool) time.Time {
	newest := snapshot.GetScheduler().GetLastUpdateTime().AsTime()
	see := func(t *timestamppb.Timestamp) {
		if at := t.AsTime(); t != nil && at.After(newest) {
			newest = at
		}
	}
	for _, r := range snapshot.GetScheduler().GetWaitingRequests() {
		see(r.GetConfirmedTime())
	}
	for _, w := range snapshot.GetScheduler().GetWorkers() {
		see(w.GetConfirmedTime())
		see(w.GetIdleSince())
		see(w.GetRun().GetRequest().GetConfirmedTime())
		see(w.GetRun().GetStartTime())
	}
	for _, q := range snapshot.GetReconciler().GetWorkerQueues() {
		see(q.GetTaskToAssign().GetSinceTime())
		for _, a := range q.GetTasksToAbort() {
			see(a.GetSinceTime())
		}
	}
	return newest
}

// beginOf returns when a fork of the snapshot begins in a world.
func beginOf(snapshot *protos.Pool, w *World) time.Time {
	begin := Begin(snapshot)
	if w.Begin.After(begin) {
		begin = w.Begin
	}
	return begin.UTC().Round(0) // without the reading of a monotonic clock
}

// WorkersOf returns the fleet that a snapshot knows, in its order, which is that of ids: each
// worker with the labels that it last pulled with, from the beginning and for ever. A worker that
// the pool has never seen pull, or has forgotten, is not among them, or has no labels. Nothing in
// it aliases the snapshot. O(n) in workers and their labels.
func WorkersOf(snapshot *protos.Pool) []Worker {
	s := snapshot.GetScheduler()
	workers := make([]Worker, 0, len(s.GetWorkers()))
	for _, w := range s.GetWorkers() {
		workers = append(workers, Worker{
			ID:     scheduler.WorkerID(w.GetId()),
			Labels: labelsOf(s, w.GetLabelSet()),
		})
	}
	return workers
}

// labelsOf returns the labels of a set by its number, or nothing if there is no such set.
func labelsOf(s *protos.Scheduler, set uint32) []string {
	if set == 0 || int64(set) > int64(len(s.GetLabelSets())) {
		return nil
	}
	ids := s.GetLabelSets()[set-1].GetLabelIds()
	labels := make([]string, 0, len(ids))
	for _, id := range ids {
		if int64(id) < int64(len(s.GetLabels())) {
			labels = append(labels, s.GetLabels()[id])
		}
	}
	return labels
}
