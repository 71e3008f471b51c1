package scheduler

import (
	"slices"

	"github.com/quotasched/quotasched/protos"
)

// Wipe forgets all requests and workers, and what expired. Every balance becomes zero, and what
// ended runs have yet to pay is forgotten. The time, the settings, the accounts with theirs,
// suspensions and cordons stay. After the event WIPED comes an event COMPLETED for each request, in
// order of id. It costs O(n log n).
//
// As nothing is known of a request or a worker after that, no news of them is old. The error is
// ErrInvalid for a reason that is not UTF-8 or a time out of range.
func (s *Scheduler) Wipe(o Order, e EventSink) error {
	s.checkMade()
	defer s.changed()
	if err := o.check(); err != nil {
		return err
	}
	for a := range s.existing.All() {
		a.balance, a.ended = Balance{}, nil
	}
	s.tellOrder(e, protos.TaskEvent_TYPE_WIPED, o, &protos.TaskEvent{})
	s.tellWiped(s.sinkFor(e), instantOf(o.Time))
	accounts, called, cordons := slices.Collect(s.existing.All()), s.called, s.cordons
	s.begin(s.now, s.config)
	s.called, s.cordons = called, cordons
	for _, a := range accounts {
		s.addAccount(a.id, a.config, Balance{})
		s.setSuspended(s.accounts[a.id], a.suspended, a.reason)
	}
	return nil
}

// tellWiped gives a sink the events of all requests, which leave.
func (s *Scheduler) tellWiped(sink EventSink, t instant) {
	if sink == nil {
		return
	}
	for r := range itemsByID(s.requests) {
		var was place
		if w := r.worker; w != nil {
			was = s.placeNow(w.run)
		}
		sink.AddEvent(s.completedEvent(r, &was, t, protos.TaskEvent_Completed_REASON_WIPED))
	}
}
