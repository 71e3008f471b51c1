package shadow

import (
	"fmt"
	"slices"

	"github.com/quotasched/quotasched/lifecycle"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// decided is what a pool decided in one operation.
type decided struct {
	assigned, preempted, moved []lifecycle.Change
}

func decidedIn(changes []lifecycle.Change) decided {
	var d decided
	for _, c := range changes {
		switch {
		case c.Kind == lifecycle.Assigned:
			d.assigned = append(d.assigned, c)
		case c.Kind == lifecycle.Preempted:
			d.preempted = append(d.preempted, c)
		case c.Kind == lifecycle.Moved && c.Event != nil: // not as its account was deleted
			d.moved = append(d.moved, c)
		}
	}
	return d
}

// compareChanges counts what both pools decided in an operation.
func (s *Shadow) compareChanges(op *protos.Operation, main, beside decided) {
	s.compareAssignments(op, main.assigned, beside.assigned)
	s.compareDecisions(op, saying{"preempts it", "does not preempt it"},
		main.preempted, beside.preempted, func(d *Decisions) { d.Preempted++ })
	s.compareDecisions(op, saying{"moves it to another level", "does not move it"},
		main.moved, beside.moved, func(d *Decisions) { d.Moved++ })
}

// count counts something for an account, and in all.
func (s *Shadow) count(id scheduler.AccountID, add func(*Counts)) {
	account := s.accounts[id]
	if account == nil {
		account = &Counts{}
		s.accounts[id] = account
	}
	add(account)
	add(&s.report.All)
}

// differ keeps the first difference.
func (s *Shadow) differ(op *protos.Operation, request scheduler.RequestID, main, shadow string) {
	if s.report.First == nil {
		s.report.First = &Difference{
			Operation: s.report.Operations,
			Time:      op.GetTime().AsTime(),
			Request:   request,
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
func (s *Shadow) subject(op *protos.Operation) (account scheduler.AccountID,
	request scheduler.RequestID) {
	switch k := op.GetKind().(type) {
	case *protos.Operation_AddAccount:
		return scheduler.AccountID(k.AddAccount.GetAccountId()), ""
	case *protos.Operation_DeleteAccount:
		return scheduler.AccountID(k.DeleteAccount.GetAccountId()), ""
	case *protos.Operation_ResetBalance:
		return scheduler.AccountID(k.ResetBalance.GetAccountId()), ""
	case *protos.Operation_UpdateAccount:
		return scheduler.AccountID(k.UpdateAccount.GetAccountId()), ""
	case *protos.Operation_SuspendAccount:
		return scheduler.AccountID(k.SuspendAccount.GetAccountId()), ""
	case *protos.Operation_ResumeAccount:
		return scheduler.AccountID(k.ResumeAccount.GetAccountId()), ""
	case *protos.Operation_TaskWaiting:
		return scheduler.AccountID(k.TaskWaiting.GetAccountId()),
			scheduler.RequestID(k.TaskWaiting.GetRequestId())
	case *protos.Operation_TaskRunning:
		request = scheduler.RequestID(k.TaskRunning.GetRequestId())
	case *protos.Operation_TaskAbsent:
		request = scheduler.RequestID(k.TaskAbsent.GetRequestId())
	case *protos.Operation_AddTaskError:
		request = scheduler.RequestID(k.AddTaskError.GetRequestId())
	}
	r, _ := s.mainRequests.Request(request)
	return r.Account, request
}

func (s *Shadow) compareAssignments(op *protos.Operation, main, beside []lifecycle.Change) {
	if len(main) == 0 && len(beside) == 0 {
		return
	}
	others := make(map[scheduler.RequestID]*lifecycle.Request, len(beside))
	for i := range beside {
		others[beside[i].Now.ID] = &beside[i].Now
	}
	for i := range main {
		m := &main[i].Now
		b := others[m.ID]
		delete(others, m.ID)
		switch {
		case b == nil:
			s.count(m.Account, func(c *Counts) { c.OnlyMain++ })
			s.differ(op, m.ID, assigns(m), "does not assign it")
		case m.Worker != b.Worker:
			s.count(m.Account, func(c *Counts) { c.OtherWorker++ })
			s.differ(op, m.ID, assigns(m), assigns(b))
		case m.Level != b.Level:
			s.count(m.Account, func(c *Counts) { c.OtherLevel++ })
			s.differ(op, m.ID, assigns(m), assigns(b))
		default:
			s.count(m.Account, func(c *Counts) { c.Equal++ })
		}
	}
	for i := range beside {
		if b := &beside[i].Now; others[b.ID] != nil {
			s.count(b.Account, func(c *Counts) { c.OnlyShadow++ })
			s.differ(op, b.ID, "does not assign it", assigns(b))
		}
	}
}

func assigns(r *lifecycle.Request) string {
	return fmt.Sprintf("assigns it to worker %q at %s", r.Worker, r.Level)
}

// A saying says that a pool does something, or that it does not.
type saying struct{ does, doesNot string }

// compareDecisions counts changes of one kind, which differ if the requests do.
func (s *Shadow) compareDecisions(op *protos.Operation, say saying, main, beside []lifecycle.Change,
	add func(*Decisions)) {
	for i := range main {
		s.count(main[i].Now.Account, func(c *Counts) { add(&c.Main) })
	}
	for i := range beside {
		s.count(beside[i].Now.Account, func(c *Counts) { add(&c.Shadow) })
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

// firstMissing returns the request of the first change of a that b has no change for.
func firstMissing(a, b []lifecycle.Change) (scheduler.RequestID, bool) {
	for i := range a {
		if !slices.ContainsFunc(b, func(other lifecycle.Change) bool {
			return other.Now.ID == a[i].Now.ID
		}) {
			return a[i].Now.ID, true
		}
	}
	return "", false
}

func (s *Shadow) compareCancellations(op *protos.Operation, main, beside *protos.Outcome) {
	m := s.mainStops.answer(main, s.mainRequests)
	b := s.besideStops.answer(beside, s.besideRequests)
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
