package pool

import (
	"google.golang.org/protobuf/types/known/fieldmaskpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// This file makes the operations of operators. Each has a reason, for people: it stands in the
// event.

// Configure gives the named fields of the pool's settings the values that they have in c, for
// example
//
//	pool.Configure(order, &scheduler.Config{BurstCover: time.Minute}, "burst_cover")
//
// The names are those of protos.Config; there must be one at least. Accounts are not among them.
// What runs goes on, and no balance moves.
func Configure(o scheduler.Order, c *scheduler.Config, fields ...string) *protos.Operation {
	configure := &protos.Configure{Reason: o.Reason, UpdateMask: mask(fields)}
	if c != nil {
		configure.Config = scheduler.ConfigToProto(c)
	}
	return &protos.Operation{Time: timestamppb.New(o.Time),
		Kind: &protos.Operation_Configure{Configure: configure}}
}

// UpdateAccount gives the named fields of an account's settings the values that they have in
// a.Config. The names are those of protos.AccountConfig; there must be one at least. The balance
// stays, also above a new cap; that of a is not read.
func UpdateAccount(o scheduler.Order, a Account, fields ...string) *protos.Operation {
	update := &protos.UpdateAccount{AccountId: string(a.ID), Reason: o.Reason,
		UpdateMask: mask(fields)}
	if a.Config != nil {
		update.Config = scheduler.AccountConfigToProto(a.Config)
	}
	return &protos.Operation{Time: timestamppb.New(o.Time),
		Kind: &protos.Operation_UpdateAccount{UpdateAccount: update}}
}

func mask(fields []string) *fieldmaskpb.FieldMask {
	if len(fields) == 0 {
		return nil
	}
	return &fieldmaskpb.FieldMask{Paths: fields}
}

// SuspendAccount keeps the requests of an account from being placed, until it is resumed. Its
// balances earn, and its running tasks go on and pay.
func SuspendAccount(o scheduler.Order, id scheduler.AccountID) *protos.Operation {
	return &protos.Operation{Time: timestamppb.New(o.Time),
		Kind: &protos.Operation_SuspendAccount{SuspendAccount: &protos.SuspendAccount{
			AccountId: string(id), Reason: o.Reason}}}
}

// ResumeAccount ends a suspension, if there is one.
func ResumeAccount(o scheduler.Order, id scheduler.AccountID) *protos.Operation {
	return &protos.Operation{Time: timestamppb.New(o.Time),
		Kind: &protos.Operation_ResumeAccount{ResumeAccount: &protos.ResumeAccount{
			AccountId: string(id), Reason: o.Reason}}}
}

// CordonWorker keeps a worker, known or not, from being given tasks, until it is uncordoned. What
// it was not handed yet waits again; what it was handed, or runs, goes on.
func CordonWorker(o scheduler.Order, id scheduler.WorkerID) *protos.Operation {
	return &protos.Operation{Time: timestamppb.New(o.Time),
		Kind: &protos.Operation_CordonWorker{CordonWorker: &protos.CordonWorker{
			WorkerId: string(id), Reason: o.Reason}}}
}

// Wipe empties the pool: its requests and workers, and what it is to cancel, are forgotten, and
// every balance becomes zero. Settings, accounts, suspensions and cordons stay.
func Wipe(o scheduler.Order) *protos.Operation {
	return &protos.Operation{Time: timestamppb.New(o.Time),
		Kind: &protos.Operation_Wipe{Wipe: &protos.Wipe{Reason: o.Reason}}}
}

// UncordonWorker ends a cordon, if there is one.
func UncordonWorker(o scheduler.Order, id scheduler.WorkerID) *protos.Operation {
	return &protos.Operation{Time: timestamppb.New(o.Time),
		Kind: &protos.Operation_UncordonWorker{UncordonWorker: &protos.UncordonWorker{
			WorkerId: string(id), Reason: o.Reason}}}
}
