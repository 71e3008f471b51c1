package reference_test

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"

	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// checkViews compares what the engine's methods show with its snapshot.
func checkViews(s *scheduler.Scheduler, p *protos.Scheduler) error {
	if err := checkWaiting(s, p); err != nil {
		return err
	}
	i := 0
	for w := range s.Workers() {
		want := p.GetWorkers()[i]
		i++
		if err := checkWorker(s, p, w, want); err != nil {
			return err
		}
	}
	if i != len(p.GetWorkers()) {
		return fmt.Errorf("%d workers instead of %d", i, len(p.GetWorkers()))
	}
	i = 0
	for id, b := range s.Balances() {
		want := p.GetAccounts()[i]
		i++
		one, ok := s.Balance(id)
		if string(id) != want.GetId() || !equalBalance(b, want.GetBalance()) || !ok || one != b {
			return fmt.Errorf("balance %v of %q (%v), want %v", b, id, one, want)
		}
	}
	if i != len(p.GetAccounts()) {
		return fmt.Errorf("%d balances instead of %d", i, len(p.GetAccounts()))
	}
	if n := len(s.Config().Accounts); n != i {
		return fmt.Errorf("%d accounts in the config instead of %d", n, i)
	}
	return nil
}

func checkWaiting(s *scheduler.Scheduler, p *protos.Scheduler) error {
	want := slices.Clone(p.GetWaitingRequests())
	slices.SortFunc(want, func(a, b *protos.Request) int {
		return cmp.Or(a.GetContent().GetEnqueueTime().AsTime().Compare(
			b.GetContent().GetEnqueueTime().AsTime()), cmp.Compare(a.GetId(), b.GetId()))
	})
	var got []scheduler.TaskRequest
	for r := range s.Waiting() {
		got = append(got, r)
	}
	if len(got) != len(want) {
		return fmt.Errorf("%d waiting requests instead of %d", len(got), len(want))
	}
	for i, r := range got {
		if err := checkRequest(s, p, r, want[i], ""); err != nil {
			return err
		}
	}
	return nil
}

func checkRequest(s *scheduler.Scheduler, p *protos.Scheduler, got scheduler.TaskRequest,
	want *protos.Request, worker string) error {
	pool := &protos.Pool{Scheduler: p}
	c := want.GetContent()
	account := ""
	if c.GetAccount() > 0 {
		account = p.GetAccountIds()[c.GetAccount()-1]
	}
	one, ok := s.Request(got.ID)
	if string(got.ID) != want.GetId() || string(got.Account) != account ||
		!slices.Equal(got.BaseLabels, labelsOf(pool, c.GetBaseLabelSet())) ||
		!slices.Equal(got.ProvisionableLabels, labelsOf(pool, c.GetProvisionableLabelSet())) ||
		!slices.Equal(got.Tags, c.GetTags()) ||
		!got.EnqueueTime.Equal(c.GetEnqueueTime().AsTime()) ||
		!got.ConfirmedTime.Equal(want.GetConfirmedTime().AsTime()) ||
		got.Blocked != want.GetBlocked() || string(got.Worker) != worker ||
		!ok || !reflect.DeepEqual(one, got) {
		return fmt.Errorf("request %+v (%+v), want %v", got, one, want)
	}
	return nil
}

func checkWorker(s *scheduler.Scheduler, p *protos.Scheduler, got scheduler.Worker,
	want *protos.Worker) error {
	one, ok := s.Worker(got.ID)
	if string(got.ID) != want.GetId() || !ok || (one.Run == nil) != (got.Run == nil) ||
		!slices.Equal(got.Labels, labelsOf(&protos.Pool{Scheduler: p}, want.GetLabelSet())) ||
		!got.ConfirmedTime.Equal(want.GetConfirmedTime().AsTime()) ||
		(got.Run == nil) != (want.GetRun() == nil) ||
		got.Run == nil && !got.IdleSince.Equal(want.GetIdleSince().AsTime()) ||
		got.Run != nil && !got.IdleSince.IsZero() {
		return fmt.Errorf("worker %+v (%+v), want %v", got, one, want)
	}
	if got.Run == nil {
		return nil
	}
	run := want.GetRun()
	cost := slices.Clone(run.GetCost())
	if run.GetPriority() < 5 {
		cost[run.GetPriority()] += 1000 * (p.GetLastUpdateTime().AsTime().UnixMilli() -
			run.GetPaidSince().AsTime().UnixMilli())
	}
	r := got.Run
	request, ok := s.Request(r.Request)
	if !ok || request.Account != r.Account || int32(r.Priority) != run.GetPriority() ||
		!equalBalance(r.Cost, cost) || !equalBalance(r.PreemptionCost, run.GetPreemptionCost()) ||
		!r.StartTime.Equal(run.GetStartTime().AsTime()) || int32(r.Stage) != int32(run.GetStage()) {
		return fmt.Errorf("run %+v, want %v with a cost of %v", *r, run, cost)
	}
	return checkRequest(s, p, request, run.GetRequest(), want.GetId())
}

func equalBalance(got scheduler.Balance, want []int64) bool {
	for p, q := range got {
		if len(want) != len(got) || int64(q) != want[p] {
			return false
		}
	}
	return true
}
