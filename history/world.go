package history

import (
	"slices"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/quotasched/quotasched/fork"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// World returns the world as recorded, in which a fork of a snapshot goes on, and what it assumes.
// The snapshot is that of the recorded pool after a number of steps, 0 for the one that the
// recorder began with; it may have been reconfigured. Arrivals are those of later steps, but what
// becomes of all requests, and the fleet, are known from all steps. Nothing in it changes with
// further steps. It costs O(n log n) in requests and workers.
func (h *History) World(snapshot *protos.Pool, steps int64) (*fork.World, *Assumptions) {
	m, a := mediansOf(h), &Assumptions{}
	w := &fork.World{
		Begin:  beginOf(snapshot, steps),
		Timing: fork.Timing{Tick: h.TickMin, Heartbeat: h.HeartbeatMax},
	}
	times := &runTimes{
		of:      make(map[scheduler.RequestID]time.Duration, len(h.Requests)),
		current: map[scheduler.RequestID]Run{},
		other:   m.all,
	}
	known := mentioned(snapshot)
	latest := map[scheduler.RequestID]*Request{}
	for _, r := range h.Requests {
		if r.Step <= steps {
			latest[r.Content.ID] = r
		}
	}
	for _, r := range h.Requests {
		here := known[r.Content.ID]
		if r.Step <= steps && (here == nowhere || latest[r.Content.ID] != r) {
			continue // it is over by then
		}
		_, taken := times.of[r.Content.ID]
		if r.Step > steps && (here == inPool || taken) {
			a.Reused++
			continue
		}
		if !r.keep(here, a) {
			continue
		}
		e := m.estimate(h, r)
		a.count(e.kind)
		times.of[r.Content.ID] = e.d
		if here == nowhere {
			w.Arrivals = append(w.Arrivals, fork.Arrival{Time: later(r.Arrived, w.Begin),
				Request: r.copyOfContent()})
		} else if run, ok := r.runFrom(w.Begin); ok {
			times.current[r.Content.ID] = run
		}
	}
	slices.SortStableFunc(w.Arrivals, func(x, y fork.Arrival) int {
		return x.Time.Compare(y.Time)
	})
	a.Arrivals = len(w.Arrivals)
	w.RunTime = times.runTime
	h.fleet(w, a)
	h.orders(w, steps, a)
	w.NoRetry = h.noRetry(a)
	h.note(steps, a)
	return w, a
}

// beginOf returns when a fork begins: when the snapshot was taken, or, if there was a pass at that
// time, just after it, so that the next one is at the next tick.
func beginOf(snapshot *protos.Pool, steps int64) time.Time {
	begin := fork.Begin(snapshot)
	if steps > 0 && begin.Equal(snapshot.GetScheduler().GetLastUpdateTime().AsTime()) {
		return begin.Add(time.Nanosecond)
	}
	return begin
}

// later returns the later of two times.
func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// keep reports whether a request is in the world, and counts it if it is left out.
func (r *Request) keep(here place, a *Assumptions) bool {
	_, started := r.LastStart()
	switch {
	case here == stopping:
		// A fork takes it for over: the pool has forgotten what it asks for.
		if r.Fate != Stopped && r.Fate != Stopping {
			a.Stopping++
		}
	case here == nowhere && r.Fate == Withdrawn && !started:
		a.Withdrawn++
	default:
		return true
	}
	return false
}

// copyOfContent returns the content, which shares no slices with the request.
func (r *Request) copyOfContent() scheduler.TaskRequest {
	c := r.Content
	c.BaseLabels = slices.Clone(c.BaseLabels)
	c.ProvisionableLabels = slices.Clone(c.ProvisionableLabels)
	c.Tags = slices.Clone(c.Tags)
	return c
}

// runFrom returns the run of a request that had been assigned at a time, and completed later.
func (r *Request) runFrom(at time.Time) (Run, bool) {
	for i := range r.Runs {
		run := r.Runs[i]
		if !run.Assigned.After(at) && run.Ending == Completed && !run.End.Before(at) {
			return run, true
		}
	}
	return Run{}, false
}

// runTime implements fork.World.RunTime.
func (t *runTimes) runTime(task fork.Task) time.Duration {
	id := task.Request.ID
	if run, ok := t.current[id]; ok && task.Attempt == 0 && task.Worker == run.Worker &&
		task.Start.Equal(run.Assigned) {
		return run.End.Sub(task.Start) // to the very end that was recorded
	}
	if d, ok := t.of[id]; ok {
		return d
	}
	return t.other
}

// place says where in a snapshot a request is.
type place uint8

const (
	nowhere  place = iota
	inPool         // it waits, or is on a worker
	stopping       // it is cancelled until it is gone
)

// mentioned returns the requests that a snapshot speaks of.
func mentioned(snapshot *protos.Pool) map[scheduler.RequestID]place {
	known := map[scheduler.RequestID]place{}
	add := func(id string, at place) {
		if known[scheduler.RequestID(id)] == nowhere {
			known[scheduler.RequestID(id)] = at
		}
	}
	for _, r := range snapshot.GetScheduler().GetWaitingRequests() {
		add(r.GetId(), inPool)
	}
	for _, w := range snapshot.GetScheduler().GetWorkers() {
		if w.GetRun() != nil {
			add(w.GetRun().GetRequest().GetId(), inPool)
		}
	}
	for _, q := range snapshot.GetReconciler().GetWorkerQueues() {
		for _, t := range q.GetTasksToAbort() {
			add(t.GetRequestId(), stopping)
		}
	}
	for _, e := range snapshot.GetReconciler().GetTaskErrors() {
		add(e.GetRequestId(), stopping)
	}
	for _, id := range slices.Concat(snapshot.GetReconciler().GetExpiredRequests(),
		snapshot.GetScheduler().GetExpiredRequests()) {
		add(id, stopping)
	}
	return known
}

// fleet puts the workers into the world.
func (h *History) fleet(w *fork.World, a *Assumptions) {
	asked := map[string]bool{}
	for _, r := range h.Requests {
		for _, l := range r.Content.ProvisionableLabels {
			asked[l] = true
		}
	}
	for _, worker := range h.Workers {
		if worker.Labels == nil {
			a.WithoutLabels++
			continue
		}
		labels := make([]string, 0, len(worker.Labels))
		for _, l := range worker.Labels {
			if _, always := slices.BinarySearch(worker.Constant, l); always || !asked[l] {
				labels = append(labels, l)
			}
		}
		if len(worker.Constant) < len(worker.Labels) || len(labels) < len(worker.Labels) {
			a.LabelsChanged++
		}
		out := fork.Worker{ID: worker.ID, Labels: labels}
		if worker.First.After(w.Begin) {
			out.From = worker.First
		}
		if !worker.Busy && h.End.Sub(worker.Last) > h.WorkerExpiration {
			out.Until = worker.Last
		}
		a.Gaps += worker.Gaps
		w.Workers = append(w.Workers, out)
	}
	a.Workers = len(w.Workers)
}

// orders puts into the world what operators say in later steps. Settings are what forks of one
// record differ in, so those of the record do not change them.
func (h *History) orders(w *fork.World, steps int64, a *Assumptions) {
	for i := range h.Orders {
		if h.Orders[i].Step <= steps {
			continue
		}
		op := h.Orders[i].Operation
		switch op.GetKind().(type) {
		case *protos.Operation_Configure, *protos.Operation_Wipe:
			a.OrdersIgnored++
			continue
		}
		if at := later(op.GetTime().AsTime(), w.Begin); !at.Equal(op.GetTime().AsTime()) {
			op = proto.CloneOf(op)
			op.Time = timestamppb.New(at)
		}
		w.Orders = append(w.Orders, op)
	}
	slices.SortStableFunc(w.Orders, func(x, y *protos.Operation) int {
		return x.GetTime().AsTime().Compare(y.GetTime().AsTime())
	})
	a.Orders = len(w.Orders)
}

// noRetry reports whether preempted tasks do not wait again: some were, and none did.
func (h *History) noRetry(a *Assumptions) bool {
	stopped := 0
	for _, r := range h.Requests {
		for i := range r.Runs {
			if r.Runs[i].Ending != Preempted {
				continue
			}
			if i+1 < len(r.Runs) || r.Fate == Open || r.Fate == Done {
				a.Retried++
			} else if r.Fate == Stopped {
				stopped++
			}
		}
	}
	a.NoRetry = stopped > 0 && a.Retried == 0
	a.NotRetried = stopped
	return a.NoRetry
}

// note counts what a world does not have.
func (h *History) note(steps int64, a *Assumptions) {
	for i := range h.Accounts {
		if h.Accounts[i].Step > steps && !h.Accounts[i].Refused {
			a.AccountOperations++
		}
	}
	a.Errors = h.Errors
	for _, r := range h.Requests {
		for i := range r.Runs {
			if r.Runs[i].Ending == Lost {
				a.Lost++
			}
		}
	}
	a.Tick, a.Heartbeat = h.TickMin, h.HeartbeatMax
}
