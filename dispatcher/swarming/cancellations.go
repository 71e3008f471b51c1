package swarming

import (
	"cmp"
	"slices"

	pluginpb "go.chromium.org/luci/swarming/proto/plugin"

	"github.com/quotasched/quotasched/protos"
)

// A mark is the last cancellation of an answer that did not have all of them.
type mark struct{ worker, request string }

// part returns the cancellations of the next answer. They are in order of worker, then request, and
// an answer with as many as it may have is followed by one that goes on after it.
func (s *Service) part(pool string, all []*protos.Cancellation) []*protos.Cancellation {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(all) <= cancellationsMax {
		delete(s.marks, pool)
		return all
	}
	last := s.marks[pool]
	next, _ := slices.BinarySearchFunc(all, last, func(c *protos.Cancellation, m mark) int {
		if c.GetWorkerId() == m.worker && c.GetRequestId() == m.request {
			return -1
		}
		return cmp.Or(cmp.Compare(c.GetWorkerId(), m.worker),
			cmp.Compare(c.GetRequestId(), m.request))
	})
	first := slices.Concat(all[next:], all[:next])[:cancellationsMax]
	end := first[cancellationsMax-1]
	s.marks[pool] = mark{end.GetWorkerId(), end.GetRequestId()}
	return first
}

// cancellation returns a cancellation in Swarming's words.
func cancellation(c *protos.Cancellation) *pluginpb.GetCancellationsResponse_Cancellation {
	reason := pluginpb.GetCancellationsResponse_Cancellation_ERROR
	if c.GetReason() == protos.Cancellation_REASON_PREEMPTED {
		reason = pluginpb.GetCancellationsResponse_Cancellation_PREEMPTED
	}
	return &pluginpb.GetCancellationsResponse_Cancellation{BotId: c.GetWorkerId(),
		TaskId: c.GetRequestId(), Reason: reason, ExtraInfo: c.GetErrorMessage()}
}
