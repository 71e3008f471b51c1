package shadow

import (
	"fmt"
	"slices"

	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// decided is what a pool decided in one operation.
type decided struct {
	assigned  []*protos.TaskEvent
	preempted []*protos.TaskEvent
	moved     []*protos.TaskEvent
}

func decidedIn(outcome *protos.Outcome) decided {
	var d decided
	for _, e := range outcome.GetEvents() {
		switch e.GetType() {
		case protos.TaskEvent_TYPE_ASSIGNED:
			d.assigned = append(d.assigned, e)
		case protos.TaskEvent_TYPE_PREEMPTED:
			d.preempted = append(d.preempted, e)
		case protos.TaskEvent_TYPE_REPRIORITIZED:
			d.moved = append(d.moved, e)
		}
	}
	return d
}

// compare counts what both pools made of an operation.
func (s *Shadow) compare(op *protos.Operation, main, beside *protos.Outcome) {
	s.compareRefusals(op, main, beside)
	m, b := decidedIn(main), decidedIn(beside)
	s.compareAssignments(op, m.assigned, b.assigned)
	s.compareEvents(op, words{"preempts it", "does not preempt it"}, m.preempted, b.preempted,
		func(d *Decisions) { d.Preempted++ })
	s.compareEvents(op, words{"moves it to another level", "does not move it"}, m.moved, b.moved,
		func(d *Decisions) { d.Moved++ })
	s.mainStops.follow(op, main)
	s.besideStops.follow(op, beside)
	if _, ok := op.GetKind().(*protos.Operation_GetCancellations); ok {
		s.compareCancellations(op, main, beside)
	}
}

// count counts something for an account, and in all.
func (s *Shadow) count(id string, add func(*Counts)) {
	account := s.accounts[scheduler.AccountID(id)]
	if account == nil {
		account = &Counts{}
		s.accounts[scheduler.AccountID(id)] = account
	}
	add(account)
	add(&s.report.All)
}

// differ keeps the first difference.
func (s *Shadow) differ(op *protos.Operation, request, main, shadow string) {
	if s.report.First == nil {
		s.report.First = &Difference{
			Operation: s.report.Operations,
			Time:      op.GetTime().AsTime(),
			Request:   scheduler.RequestID(request),
			Main:      main,
			Shadow:    shadow,
		}
	}
}

func (s *Shadow) compareRefusals(op *protos.Operation, main, beside *protos.Outcome) {
	account, request := s.subject(op)
	if main.GetError() != "" {
		s.count(account, func(c *Counts) { c.Main.Refused++ })
	}
	if beside.GetError() != "" {
		s.count(account, func(c *Counts) { c.Shadow.Refused++ })
	}
	if (main.GetError() == "") != (beside.GetError() == "") {
		s.differ(op, request, accepted(main), accepted(beside))
	}
}

func accepted(outcome *protos.Outcome) string {
	if outcome.GetError() != "" {
		return "refuses the operation: " + outcome.GetError()
	}
	return "accepts the operation"
}

// subject returns the account and the request that an operation is about; empty if there is none.
func (s *Shadow) subject(op *protos.Operation) (account, request string) {
	switch k := op.GetKind().(type) {
	case *protos.Operation_AddAccount:
		return k.AddAccount.GetAccountId(), ""
	case *protos.Operation_DeleteAccount:
		return k.DeleteAccount.GetAccountId(), ""
	case *protos.Operation_ResetBalance:
		return k.ResetBalance.GetAccountId(), ""
	case *protos.Operation_TaskWaiting:
		return k.TaskWaiting.GetAccountId(), k.TaskWaiting.GetRequestId()
	case *protos.Operation_TaskRunning:
		request = k.TaskRunning.GetRequestId()
	case *protos.Operation_TaskAbsent:
		request = k.TaskAbsent.GetRequestId()
	case *protos.Operation_AddTaskError:
		request = k.AddTaskError.GetRequestId()
	}
	if r, ok := s.main.Scheduler().Request(scheduler.RequestID(request)); ok {
		account = string(r.Account)
	}
	return account, request
}

func (s *Shadow) compareAssignments(op *protos.Operation, main, beside []*protos.TaskEvent) {
	if len(main) == 0 && len(beside) == 0 {
		return
	}
	others := make(map[string]*protos.TaskEvent, len(beside))
	for _, e := range beside {
		others[e.GetRequestId()] = e
	}
	for _, m := range main {
		b := others[m.GetRequestId()]
		delete(others, m.GetRequestId())
		switch {
		case b == nil:
			s.count(m.GetAccountId(), func(c *Counts) { c.OnlyMain++ })
			s.differ(op, m.GetRequestId(), assigns(m), "does not assign it")
		case m.GetWorkerId() != b.GetWorkerId():
			s.count(m.GetAccountId(), func(c *Counts) { c.OtherWorker++ })
			s.differ(op, m.GetRequestId(), assigns(m), assigns(b))
		case m.GetAssigned().GetPriority() != b.GetAssigned().GetPriority():
			s.count(m.GetAccountId(), func(c *Counts) { c.OtherLevel++ })
			s.differ(op, m.GetRequestId(), assigns(m), assigns(b))
		default:
			s.count(m.GetAccountId(), func(c *Counts) { c.Equal++ })
		}
	}
	for _, b := range beside {
		if others[b.GetRequestId()] != nil {
			s.count(b.GetAccountId(), func(c *Counts) { c.OnlyShadow++ })
			s.differ(op, b.GetRequestId(), "does not assign it", assigns(b))
		}
	}
}

func assigns(e *protos.TaskEvent) string {
	return fmt.Sprintf("assigns it to worker %q at %s", e.GetWorkerId(),
		scheduler.Priority(e.GetAssigned().GetPriority()))
}

// words say that a pool does something, and that it does not.
type words struct{ does, doesNot string }

// compareEvents counts events of one type, which differ if the requests do.
func (s *Shadow) compareEvents(op *protos.Operation, say words, main, beside []*protos.TaskEvent,
	add func(*Decisions)) {
	for _, e := range main {
		s.count(e.GetAccountId(), func(c *Counts) { add(&c.Main) })
	}
	for _, e := range beside {
		s.count(e.GetAccountId(), func(c *Counts) { add(&c.Shadow) })
	}
	if s.report.First != nil {
		return
	}
	if id, ok := firstMissing(main, beside); ok {
		s.differ(op, id, say.does, say.doesNot)
	} else if id, ok := firstMissing(beside, main); ok {
		s.differ(op, id, say.doesNot, say.does)
	}
}

// firstMissing returns the request of the first event of a that b has no event for.
func firstMissing(a, b []*protos.TaskEvent) (string, bool) {
	for _, e := range a {
		if !slices.ContainsFunc(b, func(other *protos.TaskEvent) bool {
			return other.GetRequestId() == e.GetRequestId()
		}) {
			return e.GetRequestId(), true
		}
	}
	return "", false
}

func (s *Shadow) compareCancellations(op *protos.Operation, main, beside *protos.Outcome) {
	m, b := s.mainStops.answer(main, s.main), s.besideStops.answer(beside, s.beside)
	for _, stop := range m {
		s.count(stop.account, func(c *Counts) { c.Main.Cancelled++ })
	}
	for _, stop := range b {
		s.count(stop.account, func(c *Counts) { c.Shadow.Cancelled++ })
	}
	for _, stop := range m {
		if !slices.Contains(b, stop) {
			s.differ(op, stop.request, "cancels it", "does not cancel it")
		}
	}
	for _, stop := range b {
		if !slices.Contains(m, stop) {
			s.differ(op, stop.request, "does not cancel it", "cancels it")
		}
	}
}
