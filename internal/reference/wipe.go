package reference

import (
	"maps"
	"slices"
	"time"

	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// Wipe forgets all requests and workers, and sets all balances to zero. What people have set stays.
func (s *Scheduler) Wipe(o Order, e scheduler.EventSink) error {
	if err := checkReason(o.Reason, o.Time); err != nil {
		return err
	}
	for _, a := range s.accounts {
		a.balance, a.ended = scheduler.Balance{}, nil
	}
	s.order(e, protos.TaskEvent_TYPE_WIPED, o, happening{})
	leave := map[scheduler.RequestID]happening{}
	for id, r := range s.waiting {
		leave[id] = happening{request: r}
	}
	for _, w := range s.workers {
		if w.run != nil {
			cost := s.costNow(w.run)
			leave[w.run.request.id] = happening{request: w.run.request, worker: w, cost: &cost}
		}
	}
	for _, id := range slices.Sorted(maps.Keys(leave)) {
		h := leave[id]
		h.kind, h.time = protos.TaskEvent_TYPE_COMPLETED, o.Time
		h.completed = &protos.TaskEvent_Completed{Reason: protos.TaskEvent_Completed_REASON_WIPED}
		s.emit(e, h)
	}
	s.waiting = map[scheduler.RequestID]*request{}
	s.workers = map[scheduler.WorkerID]*worker{}
	s.expired = map[scheduler.RequestID]time.Time{}
	return nil
}
