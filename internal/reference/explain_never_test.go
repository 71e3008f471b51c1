package reference_test

import (
	"slices"
	"time"

	"go.chromium.org/luci/common/data/stringset"

	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// checkNever tries to start a request that is said to start never: with every worker idle and a
// year gone by; and, if it is for lack of workers, with an account that has everything.
func (a *answer) checkNever() {
	a.t.Helper()
	if a.e.GetVerdict() != protos.Explanation_VERDICT_NEVER {
		return
	}
	noWorker := slices.ContainsFunc(a.e.GetFindings(), func(f *protos.Finding) bool {
		return f.GetCode() == protos.Finding_NoSuchWorker
	})
	s := a.copy()
	now := a.snapshot.GetLastUpdateTime().AsTime()
	var workers []scheduler.Worker
	for w := range s.Workers() {
		workers = append(workers, w)
	}
	for _, rich := range []bool{false, true} {
		for _, later := range []time.Duration{0, 365 * 24 * time.Hour} {
			at := now.Add(later)
			if at.Year() > 9999 {
				continue
			}
			for _, w := range workers {
				if v, on := s.Worker(w.ID); on && v.Run != nil {
					r, _ := s.Request(v.Run.Request)
					a.must(s.NotifyTaskAbsent(r.ID, latest(at, v.ConfirmedTime, r.ConfirmedTime), nil))
				}
			}
			s.UpdateTime(at, nil)
			for _, w := range workers {
				a.must(s.MarkIdle(w.ID, stringset.NewFromSlice(w.Labels...),
					latest(at, w.ConfirmedTime), nil))
			}
			if !noWorker && rich {
				continue
			}
			if rich && a.e.GetAccountExists() {
				full := &scheduler.AccountConfig{MaxCharge: time.Hour}
				var balance scheduler.Balance
				for p := range balance {
					full.ChargeRate[p], balance[p] = scheduler.Workers(1000), amountMax
				}
				a.must(s.AddAccount(scheduler.AccountID(a.e.GetAccountId()), full, balance))
			}
			if _, waits := s.Request(a.id); waits && a.startIn(s) != nil {
				a.fail("it starts, %v later, rich %v", later, rich)
			}
		}
	}
}
