package shadow

import (
	"github.com/quotasched/quotasched/lifecycle"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// stop is a cancellation.
type stop struct {
	worker  scheduler.WorkerID
	request scheduler.RequestID
	account scheduler.AccountID
}

// stops follow a pool's cancellations, which are repeated until they are acknowledged.
type stops struct {
	// asked are those of the last answer, without accounts.
	asked map[stop]bool
}

// answer returns the cancellations of an answer that the last one did not have.
func (s *stops) answer(outcome *protos.Outcome, requests *lifecycle.Follower) []stop {
	var fresh []stop
	asked := make(map[stop]bool, len(outcome.GetResult().GetCancellations()))
	for _, c := range outcome.GetResult().GetCancellations() {
		one := stop{worker: scheduler.WorkerID(c.GetWorkerId()),
			request: scheduler.RequestID(c.GetRequestId())}
		asked[one] = true
		if s.asked[one] {
			continue
		}
		r, _ := requests.Request(one.request)
		one.account = r.Account
		fresh = append(fresh, one)
	}
	s.asked = asked
	return fresh
}
