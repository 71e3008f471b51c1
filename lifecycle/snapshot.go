package lifecycle

import (
	"time"

	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// New returns a follower that begins with a snapshot, of which it keeps nothing but texts; nil is
// that of a pool without requests. For a living pool it is its Snapshot, and for a scheduler alone
// a protos.Pool with its ToProto. The snapshot is taken at its word: pool.Restore checks one. It
// costs O(n) in requests and workers.
func New(snapshot *protos.Pool) *Follower {
	f := &Follower{requests: map[scheduler.RequestID]Request{},
		stops: map[scheduler.WorkerID]map[scheduler.RequestID]time.Time{}}
	s := snapshot.GetScheduler()
	for _, r := range s.GetWaitingRequests() {
		f.begin(Request{ID: scheduler.RequestID(r.GetId()), Account: accountOf(s, r), State: Waiting,
			Since: r.GetContent().GetEnqueueTime().AsTime(), Lost: r.GetLostWork().AsDuration()})
	}
	for _, w := range s.GetWorkers() {
		run := w.GetRun()
		if run == nil {
			continue
		}
		r := Request{
			ID:      scheduler.RequestID(run.GetRequest().GetId()),
			Account: accountOf(s, run.GetRequest()),
			State:   stateOf(run.GetStage()),
			Worker:  scheduler.WorkerID(w.GetId()),
			Level:   scheduler.Priority(run.GetPriority()),
			Since:   run.GetPaidSince().AsTime(),
			Lost:    run.GetRequest().GetLostWork().AsDuration(),
		}
		if r.State.MayRun() {
			r.Start = run.GetStartTime().AsTime()
		}
		f.begin(r)
	}
	for _, q := range snapshot.GetReconciler().GetWorkerQueues() {
		for _, t := range q.GetTasksToAbort() {
			f.stop(Request{ID: scheduler.RequestID(t.GetRequestId()),
				Worker: scheduler.WorkerID(q.GetWorkerId()), Since: t.GetSinceTime().AsTime(),
				Lost: t.GetLostWork().AsDuration()})
		}
	}
	now := s.GetLastUpdateTime().AsTime()
	for _, id := range snapshot.GetReconciler().GetExpiredRequests() {
		f.stop(Request{ID: scheduler.RequestID(id), Since: now})
	}
	for _, id := range s.GetExpiredRequests() {
		f.stop(Request{ID: scheduler.RequestID(id), Since: now})
	}
	return f
}

// accountOf returns the account of a request in a snapshot.
func accountOf(s *protos.Scheduler, r *protos.Request) scheduler.AccountID {
	n := int64(r.GetContent().GetAccount()) // its position plus one
	if ids := s.GetAccountIds(); n > 0 && n <= int64(len(ids)) {
		return scheduler.AccountID(ids[n-1])
	}
	return ""
}

func stateOf(s protos.Stage) State {
	switch s {
	case protos.Stage_STAGE_HANDED_OUT:
		return HandedOut
	case protos.Stage_STAGE_RUNNING:
		return Running
	}
	return Held
}

func (f *Follower) begin(r Request) { f.requests[r.ID] = r }

// stop notes that a request is being stopped, unless the pool has it for another try.
func (f *Follower) stop(r Request) {
	if f.known(r.ID).State != Unknown {
		return
	}
	r.State = Stopping
	f.begin(r)
	if r.Worker != "" {
		f.stopOn(r.Worker, r.ID, r.Since)
	}
}
