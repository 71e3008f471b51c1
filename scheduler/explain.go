package scheduler

import (
	"fmt"

	"github.com/quotasched/quotasched/internal/check"
	"github.com/quotasched/quotasched/protos"
)

// Explain says why a request is where it is: for one that waits, whether the next pass starts it,
// what it fails of if not, and the smallest changes with which it would; for one that is on a
// worker, what may become of it there. "The next pass" is one at the scheduler's time, with nothing
// changed in between.
//
// It says so in codes and numbers; explain.Describe fills in the messages for people.
//
// Each suggestion is true: with it alone, the next pass starts the request. A balance, a limit or
// a number of up to 8 workers that is suggested is the least that does it; where more workers are,
// no number up to 8 does it. A suggestion is missing if no change of its kind does it, or if
// SearchEnded is set.
//
// Nothing that can be observed changes, but Explain works on the live state: it is not safe beside
// other calls, not even those that only read. It costs one pass, which is little in a pool that has
// come to rest; O(log n) for each lane that wants the same workers; O(cordoned workers); and a
// search of bounded cost. Where the search ends for that is the same for the same calls, but not
// always for a scheduler that was restored meanwhile.
//
// The error is ErrInvalid for an id that none can have, or ErrUnknownRequest.
func (s *Scheduler) Explain(id RequestID) (*protos.Explanation, error) {
	s.checkMade()
	if err := checkID("request id", string(id)); err != nil {
		return nil, err
	}
	r := s.requests[id]
	if r == nil {
		return nil, fmt.Errorf("%w: %s", ErrUnknownRequest, check.Quote(id))
	}
	defer s.checkInvariants()
	s.matchNew() // as the next pass does, whose rules are explained
	l := r.lane
	e := &protos.Explanation{
		Time:                timestamp(s.now),
		RequestId:           string(id),
		AccountId:           string(l.account.id),
		AccountExists:       l.account.exists(),
		EnqueueTime:         timestamp(r.enqueued),
		BaseLabels:          s.labels.names(l.demand.base),
		ProvisionableLabels: s.labels.names(l.demand.prov),
	}
	if r.worker != nil {
		s.explainRunning(e, r)
	} else {
		s.explainWaiting(e, r)
	}
	return e, nil
}

// findings collects the findings, those that fail first.
type findings struct{ failed, passed []*protos.Finding }

func (f *findings) add(code protos.Finding_Code, passed bool) {
	finding := &protos.Finding{Code: code, Passed: passed}
	if passed {
		f.passed = append(f.passed, finding)
	} else {
		f.failed = append(f.failed, finding)
	}
}

func (f *findings) all() []*protos.Finding { return append(f.failed, f.passed...) }

// startDetails returns nil for nil.
func (s *Scheduler) startDetails(b *begun) *protos.StartDetails {
	if b == nil {
		return nil
	}
	d := &protos.StartDetails{Level: int32(b.level), PreemptedRequestId: string(b.preempted)}
	if s.workers[b.worker] != nil { // else it came with the trial
		d.WorkerId = string(b.worker)
	}
	return d
}

// levelDetails says how an account stands at each level; nothing if it does not exist.
func (s *Scheduler) levelDetails(a *account) (all []*protos.LevelDetails) {
	if !a.exists() {
		return nil
	}
	for p := range Priority(NumPriorities) {
		all = append(all, &protos.LevelDetails{
			Level:               int32(p),
			Balance:             int64(a.balance[p]),
			BalanceToStartAbove: int64(a.need(p, s.burstCover)),
			MayStart:            a.mayStart(p, s.burstCover),
			Running:             int64(a.running[p]),
			ChargeRate:          int64(a.config.ChargeRate[p]),
			BalanceCap:          int64(a.caps[p]),
		})
	}
	return all
}

// levelOf returns the level at which a lane's requests take part in the next pass. ok is false if
// they take part at none, not even in the free bucket.
func (s *Scheduler) levelOf(l *lane) (p Priority, ok bool) {
	if !l.isFull() {
		p = l.account.bestLevel(s.burstCover)
	} else {
		p = FreeBucket
	}
	return p, p < FreeBucket || !l.account.neverFree()
}
