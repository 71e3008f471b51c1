package shadow

import (
	"github.com/quotasched/quotasched/pool"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// stop is a cancellation.
type stop struct{ worker, request, account string }

// stops follow a pool's cancellations, which are repeated until they are acknowledged.
type stops struct {
	// asked are those of the last answer.
	asked map[stop]bool
	// accounts has the accounts of requests that the pool has forgotten and may want to stop.
	accounts map[string]string
}

// follow notes whose the requests are that leave the pool on its own decision, until the dispatcher
// speaks of them again.
func (s *stops) follow(op *protos.Operation, outcome *protos.Outcome) {
	delete(s.accounts, op.GetTaskAbsent().GetRequestId())
	delete(s.accounts, op.GetTaskWaiting().GetRequestId())
	for _, e := range outcome.GetEvents() {
		if e.GetType() == protos.TaskEvent_TYPE_PREEMPTED ||
			e.GetCompleted().GetReason() == protos.TaskEvent_Completed_REASON_EXPIRED {
			if s.accounts == nil {
				s.accounts = map[string]string{}
			}
			s.accounts[e.GetRequestId()] = e.GetAccountId()
		}
	}
}

// answer returns the cancellations of an answer that the last one did not have.
func (s *stops) answer(outcome *protos.Outcome, p *pool.Pool) []stop {
	var fresh []stop
	asked := make(map[stop]bool, len(outcome.GetResult().GetCancellations()))
	for _, c := range outcome.GetResult().GetCancellations() {
		one := stop{worker: c.GetWorkerId(), request: c.GetRequestId()}
		asked[one] = true
		if s.asked[one] {
			continue
		}
		one.account = s.accounts[one.request]
		if r, ok := p.Scheduler().Request(scheduler.RequestID(one.request)); ok {
			one.account = string(r.Account)
		}
		fresh = append(fresh, one)
	}
	s.asked = asked
	return fresh
}
