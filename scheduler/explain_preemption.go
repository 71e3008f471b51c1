package scheduler

import (
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/quotasched/quotasched/protos"
)

// preemption says what the request could take from others.
func (x *explainer) preemption() {
	switch {
	case len(x.classes) == 0: // that says enough
	case x.s.config.DisablePreemption:
		x.add(protos.Finding_PreemptionDisabled, x.goesWithoutPreemption())
	case x.level == FreeBucket:
		if !x.a.neverFree() { // else it takes part nowhere
			x.add(protos.Finding_FreePreemptsNothing, x.goesWithoutPreemption())
		}
	default:
		x.preemptionAt(x.level)
	}
}

// goesWithoutPreemption reports whether it makes no difference what the request could take from
// others: it would be the first to take an idle worker if only it took part.
func (x *explainer) goesWithoutPreemption() bool { return x.idle > 0 && x.ahead == 0 }

func (x *explainer) preemptionAt(p Priority) {
	cheapest := x.s.cheapestFor(x.a, x.classes, p)
	moot := x.goesWithoutPreemption()
	protected := x.protected(p)
	if cheapest != nil || x.anyBelow(p) {
		x.w.Preemption = &protos.PreemptionDetails{Level: int32(p), Protected: int64(protected),
			RunningBelow: int64(x.a.runsBelow(p)), OwedTime: x.owedTime(p)}
	}
	if cheapest == nil {
		if protected > 0 {
			x.add(protos.Finding_Protected, moot)
		} else {
			x.add(protos.Finding_NothingToPreempt, moot)
		}
		return
	}
	canPay := x.a.outranks(cheapest, p, x.s.burstCover)
	x.w.Preemption.Cheapest, x.w.Preemption.CanPay = x.s.candidate(cheapest), canPay
	if canPay {
		x.add(protos.Finding_CanPreempt, true)
	} else {
		x.add(protos.Finding_PriceTooHigh, moot)
	}
}

// protected counts the tasks of others at levels worse than p that something protects from it.
func (x *explainer) protected(p Priority) (n int) {
	for _, class := range x.classes {
		for q := p + 1; q < numLevels; q++ {
			if class.runs[q] == nil {
				continue
			}
			for b := x.s.lossLimits.exposed[p] + 1; b < numBins; b++ {
				n += class.runs[q].bins[b].Len()
			}
		}
	}
	for q := p + 1; q < numLevels; q++ {
		if x.a.runs[q] == nil {
			continue
		}
		for b := x.s.lossLimits.exposed[p] + 1; b < numBins; b++ {
			for r := range x.a.runs[q].bins[b].All() {
				if !r.worker.cordoned && x.n.base.within(r.worker.class.set) {
					n--
				}
			}
		}
	}
	return n
}

// owedTime is from when on workers of free tasks are owed to the request if nothing else changes;
// nil if none are.
func (x *explainer) owedTime(p Priority) *timestamppb.Timestamp {
	a := x.a
	if x.s.owedAfter < 0 || a.balance[p] < a.caps[p] || a.beyondRate(p) >= 0 {
		return nil
	}
	return timestamppb.New(x.r.enqueued.time().Add(x.s.owedAfter))
}

// anyBelow reports whether any task runs at a level worse than p on a worker that matches.
func (x *explainer) anyBelow(p Priority) bool {
	for _, class := range x.classes {
		if class.bestBelow(p) < numLevels {
			return true
		}
	}
	return false
}

// cheapestFor returns the cheapest run at a level worse than p that is on one of the classes, not
// the account's own, and not kept from it by a label limit; nil if there is none.
func (s *Scheduler) cheapestFor(a *account, classes []*workerClass, p Priority) (best *run) {
	var least costKey
	now := s.now.millis()
	for _, class := range classes {
		if !s.admits(a, class) {
			continue
		}
		for q := p + 1; q < numLevels; q++ {
			r := class.runs[q].cheapest(s.lossLimits.exposed[p], now, nil)
			for r != nil && r.account() == a {
				key := r.keyAt(now)
				r = class.runs[q].cheapest(s.lossLimits.exposed[p], now, &key)
			}
			if r == nil {
				continue
			}
			if key := r.keyAt(now); best == nil || key.Before(&least) {
				best, least = r, key
			}
		}
	}
	return best
}

func (s *Scheduler) candidate(r *run) *protos.Candidate {
	cost := r.costAt(s.now.millis())
	return &protos.Candidate{
		WorkerId:  string(r.worker.id),
		RequestId: string(r.req.id),
		AccountId: string(r.account().id),
		Level:     int32(r.level),
		Cost:      cost.units(),
	}
}
