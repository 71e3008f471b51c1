package reference_test

import (
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// workerGone reports a worker as gone: mostly one that has a run, or must stop one.
func (s *storyteller) workerGone() *protos.Operation {
	w := s.newWorker()
	switch runs, stop := s.runs(), s.mustStop(); {
	case len(stop) > 0 && chance(s.d, 40):
		w = pick(s.d, stop...).worker
	case len(runs) > 0 && chance(s.d, 60):
		w = pick(s.d, runs...).worker
	}
	return &protos.Operation{Time: s.time(), Kind: &protos.Operation_WorkerGone{
		WorkerGone: &protos.WorkerGone{WorkerId: w}}}
}

// order says what an operator says.
func (s *storyteller) order() *protos.Operation {
	account, worker := newAccount(s.d, s.p), s.newWorker()
	if runs := s.runs(); len(runs) > 0 && chance(s.d, 40) {
		worker = pick(s.d, runs...).worker
	}
	reason := pick(s.d, "", "why", "why not")
	if chance(s.d, 2) { // what it leaves is soon told
		return &protos.Operation{Time: s.time(), Kind: &protos.Operation_Wipe{
			Wipe: &protos.Wipe{Reason: reason}}}
	}
	return pickWeighted(s.d, []weighted[func() *protos.Operation]{
		{2, s.configure},
		{3, s.updateAccount},
		{2, func() *protos.Operation {
			return &protos.Operation{Time: s.time(), Kind: &protos.Operation_SuspendAccount{
				SuspendAccount: &protos.SuspendAccount{AccountId: account, Reason: reason}}}
		}},
		{3, func() *protos.Operation {
			return &protos.Operation{Time: s.time(), Kind: &protos.Operation_ResumeAccount{
				ResumeAccount: &protos.ResumeAccount{AccountId: account, Reason: reason}}}
		}},
		{3, func() *protos.Operation {
			return &protos.Operation{Time: s.time(), Kind: &protos.Operation_CordonWorker{
				CordonWorker: &protos.CordonWorker{WorkerId: worker, Reason: reason}}}
		}},
		{4, func() *protos.Operation {
			return &protos.Operation{Time: s.time(), Kind: &protos.Operation_UncordonWorker{
				UncordonWorker: &protos.UncordonWorker{WorkerId: worker, Reason: reason}}}
		}},
	})()
}

// configure gives some settings of the pool new values.
func (s *storyteller) configure() *protos.Operation {
	c := newConfig(s.d, s.p)
	return &protos.Operation{Time: s.time(), Kind: &protos.Operation_Configure{
		Configure: &protos.Configure{Config: scheduler.ConfigToProto(c), UpdateMask: s.mask(
			"disable_preemption", "worker_expiration", "request_expiration", "provision_patience",
			"burst_cover", "owed_after", "max_lost_work", "promote_threshold", "demote_threshold")}}}
}

// updateAccount gives some settings of an account new values.
func (s *storyteller) updateAccount() *protos.Operation {
	return &protos.Operation{Time: s.time(), Kind: &protos.Operation_UpdateAccount{
		UpdateAccount: &protos.UpdateAccount{AccountId: newAccount(s.d, s.p),
			Config: accountProto(newAccountConfig(s.d, s.p)), UpdateMask: s.mask("charge_rate",
				"max_charge", "max_fanout", "per_label_task_limits", "disable_free_tasks",
				"description", "safe_after")}}}
}

// mask names some of the fields, now and then none or one that there is not.
func (s *storyteller) mask(fields ...string) *fieldmaskpb.FieldMask {
	if chance(s.d, 2) {
		fields = []string{"nothing"}
	}
	return &fieldmaskpb.FieldMask{Paths: some(s.d, 40, fields)}
}
