package fork

import (
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/quotasched/quotasched/internal/check"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// checkInput returns nil, or an error that names what in the world or the options cannot be.
func checkInput(snapshot *protos.Pool, w *World, o *Options) error {
	switch {
	case w == nil:
		return fmt.Errorf("%w: no world", ErrInvalid)
	case w.RunTime == nil:
		return fmt.Errorf("%w: no run times: World.RunTime is nil", ErrInvalid)
	case w.Timing.Tick < 0:
		return fmt.Errorf("%w: a tick of %v is below 0", ErrInvalid, w.Timing.Tick)
	case w.Timing.Heartbeat < 0:
		return fmt.Errorf("%w: a heartbeat of %v is below 0", ErrInvalid, w.Timing.Heartbeat)
	case o.MaxOperations < 0:
		return fmt.Errorf("%w: %d operations at most are below 0", ErrInvalid, o.MaxOperations)
	case o.MaxOperations == 0 && o.Until.IsZero():
		return fmt.Errorf("%w: neither Until nor MaxOperations is set", ErrInvalid)
	}
	begin := beginOf(snapshot, w)
	if !o.Until.IsZero() && o.Until.Before(begin) {
		return fmt.Errorf("%w: Until %v is before the beginning, %v", ErrInvalid,
			o.Until.UTC().Format(time.RFC3339Nano), begin.Format(time.RFC3339Nano))
	}
	if err := checkWorkers(w.Workers); err != nil {
		return err
	}
	return checkOrders(w.Orders, begin)
}

// checkOrders returns nil, or an error that names what cannot be in the orders of a fork that
// begins at a time.
func checkOrders(orders []*protos.Operation, begin time.Time) error {
	last := begin
	for i, op := range orders {
		t := op.GetTime().AsTime()
		if op.GetTime().CheckValid() != nil || t.Before(last) {
			return fmt.Errorf("%w: order %d is at %v, before %s", ErrInvalid, i, op.GetTime(),
				last.Format(time.RFC3339Nano))
		}
		last = t
		switch k := op.GetKind().(type) {
		case *protos.Operation_SuspendAccount, *protos.Operation_ResumeAccount,
			*protos.Operation_CordonWorker, *protos.Operation_UncordonWorker,
			*protos.Operation_UpdateAccount:
		case *protos.Operation_Configure:
			if slices.Contains(k.Configure.GetUpdateMask().GetPaths(), "worker_expiration") {
				return fmt.Errorf("%w: order %d changes worker_expiration", ErrInvalid, i)
			}
		default:
			return fmt.Errorf("%w: order %d is none of an operator, or one that no fork takes",
				ErrInvalid, i)
		}
	}
	return nil
}

func checkWorkers(workers []Worker) error {
	seen := make(map[scheduler.WorkerID]bool, len(workers))
	for i := range workers {
		w := &workers[i]
		switch {
		case w.ID == "":
			return fmt.Errorf("%w: worker %d has no id", ErrInvalid, i)
		case !utf8.ValidString(string(w.ID)):
			return fmt.Errorf("%w: the id %s of worker %d is not UTF-8", ErrInvalid,
				check.Quote(w.ID), i)
		case seen[w.ID]:
			return fmt.Errorf("%w: worker %s is listed twice", ErrInvalid, check.Quote(w.ID))
		}
		seen[w.ID] = true
		for _, l := range w.Labels {
			if !utf8.ValidString(l) {
				return fmt.Errorf("%w: worker %s: label %s is not UTF-8", ErrInvalid,
					check.Quote(w.ID), check.Quote(l))
			}
		}
	}
	return nil
}

// An arrivalCheck knows the requests of which a fork has heard, to check new arrivals.
type arrivalCheck struct {
	known map[scheduler.RequestID]mention
	// last is the latest arrival so far, and begin the time before which there is none.
	last  Arrival
	begin time.Time
	count int
}

// newArrivalCheck returns a check for the arrivals of a fork that begins at a time.
func newArrivalCheck(snapshot *protos.Pool, begin time.Time) *arrivalCheck {
	return &arrivalCheck{known: requestsOf(snapshot), begin: begin}
}

// check returns nil, or an error that names what cannot be in the next arrivals.
func (c *arrivalCheck) check(arrivals []Arrival) error {
	for k := range arrivals {
		a, i := &arrivals[k], c.count
		text := a.Time.UTC().Format(time.RFC3339Nano)
		if err := a.Request.Validate(); err != nil {
			return fmt.Errorf("%w: arrival %d: %w", ErrInvalid, i, err)
		}
		switch id := a.Request.ID; {
		case c.known[id] == inSnapshot:
			return fmt.Errorf("%w: arrival %d: request %s is in the snapshot", ErrInvalid, i,
				check.Quote(id))
		case c.known[id] == arrived:
			return fmt.Errorf("%w: arrival %d: request %s arrives twice", ErrInvalid, i,
				check.Quote(id))
		case a.Time.Before(c.begin):
			return fmt.Errorf("%w: request %s arrives at %s, before the beginning, %s", ErrInvalid,
				check.Quote(id), text, c.begin.Format(time.RFC3339Nano))
		case a.Time.Year() > 9999:
			return fmt.Errorf("%w: request %s arrives at %s, after 9999", ErrInvalid,
				check.Quote(id), text)
		case i > 0 && a.Time.Before(c.last.Time):
			return fmt.Errorf("%w: request %s arrives at %s, before request %s, which is ahead of "+
				"it in the list", ErrInvalid, check.Quote(id), text, check.Quote(c.last.Request.ID))
		}
		c.known[a.Request.ID] = arrived
		c.last = *a
		c.count++
	}
	return nil
}

// mention says where a request is known from.
type mention int

const (
	inSnapshot mention = iota + 1
	arrived
)

// requestsOf returns the requests that the snapshot speaks of.
func requestsOf(snapshot *protos.Pool) map[scheduler.RequestID]mention {
	known := map[scheduler.RequestID]mention{}
	add := func(id string) { known[scheduler.RequestID(id)] = inSnapshot }
	for _, r := range snapshot.GetScheduler().GetWaitingRequests() {
		add(r.GetId())
	}
	for _, w := range snapshot.GetScheduler().GetWorkers() {
		if w.GetRun() != nil {
			add(w.GetRun().GetRequest().GetId())
		}
	}
	for _, id := range snapshot.GetScheduler().GetExpiredRequests() {
		add(id)
	}
	for _, q := range snapshot.GetReconciler().GetWorkerQueues() {
		for _, a := range q.GetTasksToAbort() {
			add(a.GetRequestId())
		}
	}
	for _, e := range snapshot.GetReconciler().GetTaskErrors() {
		add(e.GetRequestId())
	}
	for _, id := range snapshot.GetReconciler().GetExpiredRequests() {
		add(id)
	}
	return known
}
