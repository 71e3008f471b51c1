package scheduler

import (
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/quotasched/quotasched/protos"
)

// explainRunning explains a request that is on a worker.
func (s *Scheduler) explainRunning(e *protos.Explanation, r *request) {
	t := s.newTrial(r, noBudget)
	t.run(nil)
	run, a := r.worker.run, r.lane.account
	cost := run.costAt(s.now.millis())
	e.Verdict = protos.Explanation_VERDICT_RUNS
	e.Running = &protos.RunningDetails{
		WorkerId:   string(run.worker.id),
		Stage:      run.stage.String(),
		Level:      int32(run.level),
		StartTime:  timestamp(run.start),
		Cost:       cost.units(),
		Levels:     s.levelDetails(a),
		Demotion:   s.demotion(run),
		Promotions: s.promotions(run),
		Contenders: s.contenders(run, t.taker),
		NextLevel:  int32(t.level),
		TakenBy:    string(t.taker),

		WorkAtStake: millisProto(run.stakeAt(s.now.millis())),
		LostWork:    millisProto(r.lost()),
		Protections: s.protections(run),
	}
	var f findings
	switch {
	case t.taker != "":
		f.add(protos.Finding_PreemptedNext, false)
	case t.level > run.level:
		f.add(protos.Finding_DemotedNext, false)
	case t.level < run.level:
		f.add(protos.Finding_PromotedNext, true)
	default:
		f.add(protos.Finding_KeepsWorker, true)
	}
	if d := e.GetRunning().GetDemotion(); d.GetSafe() && d.GetCount() > 0 &&
		a.balance[run.level] < s.demoteBelow {
		f.add(protos.Finding_SafeFromDemotion, true)
	}
	e.Findings = f.all()
}

// protections says how a run is protected from requests at each level.
func (s *Scheduler) protections(r *run) (all []*protos.ProtectionDetails) {
	a := r.account()
	own := a.exists() && a.config.SafeAfter != 0
	for p := range Priority(NumPriorities) {
		limit := orDefault(s.config.MaxLostWork[p], DefaultMaxLostWork)
		if own {
			limit = a.config.SafeAfter
		}
		d := &protos.ProtectionDetails{Level: int32(p), OfAccount: own, Protected: s.protects(r, p)}
		if limit >= 0 {
			d.Limit = durationpb.New(limit)
		}
		all = append(all, d)
	}
	return all
}

// demotion says what would move a run down; nothing if it is free.
func (s *Scheduler) demotion(r *run) *protos.DemotionDetails {
	if r.level == FreeBucket {
		return nil
	}
	a := r.account()
	d := &protos.DemotionDetails{
		BalanceBelow: int64(s.demoteBelow),
		CheaperFirst: int64(a.runs[r.level].rank(binSafe-1, s.now.millis(),
			r.keyAt(s.now.millis()))),
	}
	if d.Safe = r.bin == binSafe; d.Safe {
		d.CheaperFirst = int64(a.runs[r.level].len() - a.runs[r.level].bins[binSafe].Len())
	}
	over := milliWorkers(a.running[r.level]) - int64(a.config.ChargeRate[r.level])
	if over > 0 {
		d.Count = int64(ceilWorkers(over))
	}
	return d
}

// promotions says what would move a run up to each better level at which its account earns.
func (s *Scheduler) promotions(r *run) (all []*protos.PromotionDetails) {
	a := r.account()
	if !a.exists() {
		return nil
	}
	for p := range r.level {
		if p == NumPriorities || a.config.ChargeRate[p] == 0 {
			continue
		}
		d := &protos.PromotionDetails{Level: int32(p), BalanceAbove: int64(s.promoteAbove)}
		under := int64(a.config.ChargeRate[p]) - milliWorkers(a.running[p])
		if under > 0 {
			d.Count = int64(ceilWorkers(under))
		}
		d.DearerFirst = int64(s.dearerBelow(r, p))
		all = append(all, d)
	}
	return all
}

// dearerBelow counts the account's runs at levels worse than p that are dearer than r.
func (s *Scheduler) dearerBelow(r *run, p Priority) (n int) {
	now, a := s.now.millis(), r.account()
	key := r.keyAt(now)
	for q := p + 1; q < numLevels; q++ {
		n += a.runs[q].len() - a.runs[q].rank(binSafe, now, key)
		if q == r.level {
			n-- // itself
		}
	}
	return n
}
