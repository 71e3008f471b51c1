package pool_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/quotasched/quotasched/pool"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// Each constructor fills in every field of its operation.
func TestOperationsAreComplete(t *testing.T) {
	at, time := start, timestamppb.New(start)
	const lost = 5_000_000_000 // nanoseconds
	order := scheduler.Order{Time: at, Reason: "why"}
	config := earning(2)
	for name, c := range map[string]struct{ got, want *protos.Operation }{
		"AddAccount": {
			pool.AddAccount(at, pool.Account{ID: "a", Config: config, Balance: atP1(3)}),
			&protos.Operation{Kind: &protos.Operation_AddAccount{AddAccount: &protos.AddAccount{
				AccountId: "a", Config: scheduler.AccountConfigToProto(config),
				Balance: []int64{0, 3_000_000, 0, 0, 0}}}}},
		"DeleteAccount": {
			pool.DeleteAccount(at, "a"),
			&protos.Operation{Kind: &protos.Operation_DeleteAccount{
				DeleteAccount: &protos.DeleteAccount{AccountId: "a"}}}},
		"ResetBalance": {
			pool.ResetBalance(at, "a"),
			&protos.Operation{Kind: &protos.Operation_ResetBalance{
				ResetBalance: &protos.ResetBalance{AccountId: "a"}}}},
		"TaskWaiting": {
			pool.TaskWaiting(at, scheduler.TaskRequest{ID: "r", Account: "a",
				BaseLabels: []string{"os"}, ProvisionableLabels: []string{"v"},
				Tags: []string{"tag"}, EnqueueTime: at}),
			&protos.Operation{Kind: &protos.Operation_TaskWaiting{TaskWaiting: &protos.TaskWaiting{
				RequestId: "r", AccountId: "a", BaseLabels: []string{"os"},
				ProvisionableLabels: []string{"v"}, Tags: []string{"tag"}, EnqueueTime: time}}}},
		"TaskRunning": {
			pool.TaskRunning(at, "r", "w"),
			&protos.Operation{Kind: &protos.Operation_TaskRunning{
				TaskRunning: &protos.TaskRunning{RequestId: "r", WorkerId: "w"}}}},
		"TaskWaiting again": {
			pool.TaskWaiting(at, scheduler.TaskRequest{ID: "r", EnqueueTime: at,
				LostWork: lost}),
			&protos.Operation{Kind: &protos.Operation_TaskWaiting{TaskWaiting: &protos.TaskWaiting{
				RequestId: "r", EnqueueTime: time,
				LostWork: durationpb.New(lost)}}}},
		"TaskSaved": {
			pool.TaskSaved(at, "r", "w", at),
			&protos.Operation{Kind: &protos.Operation_TaskRunning{
				TaskRunning: &protos.TaskRunning{RequestId: "r", WorkerId: "w",
					SavedTime: time}}}},
		"WorkerGone": {
			pool.WorkerGone(at, "w"),
			&protos.Operation{Kind: &protos.Operation_WorkerGone{
				WorkerGone: &protos.WorkerGone{WorkerId: "w"}}}},
		"Configure": {
			pool.Configure(order, &scheduler.Config{BurstCover: lost},
				"burst_cover"),
			&protos.Operation{Kind: &protos.Operation_Configure{Configure: &protos.Configure{
				Config:     &protos.Config{BurstCover: durationpb.New(lost)},
				UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"burst_cover"}},
				Reason:     "why"}}}},
		"UpdateAccount": {
			pool.UpdateAccount(order, pool.Account{ID: "a", Config: config}, "charge_rate"),
			&protos.Operation{Kind: &protos.Operation_UpdateAccount{
				UpdateAccount: &protos.UpdateAccount{AccountId: "a",
					Config:     scheduler.AccountConfigToProto(config),
					UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"charge_rate"}},
					Reason:     "why"}}}},
		"SuspendAccount": {
			pool.SuspendAccount(order, "a"),
			&protos.Operation{Kind: &protos.Operation_SuspendAccount{
				SuspendAccount: &protos.SuspendAccount{AccountId: "a", Reason: "why"}}}},
		"ResumeAccount": {
			pool.ResumeAccount(order, "a"),
			&protos.Operation{Kind: &protos.Operation_ResumeAccount{
				ResumeAccount: &protos.ResumeAccount{AccountId: "a", Reason: "why"}}}},
		"CordonWorker": {
			pool.CordonWorker(order, "w"),
			&protos.Operation{Kind: &protos.Operation_CordonWorker{
				CordonWorker: &protos.CordonWorker{WorkerId: "w", Reason: "why"}}}},
		"UncordonWorker": {
			pool.UncordonWorker(order, "w"),
			&protos.Operation{Kind: &protos.Operation_UncordonWorker{
				UncordonWorker: &protos.UncordonWorker{WorkerId: "w", Reason: "why"}}}},
		"Wipe": {
			pool.Wipe(order),
			&protos.Operation{Kind: &protos.Operation_Wipe{Wipe: &protos.Wipe{Reason: "why"}}}},
		"TaskAbsent": {
			pool.TaskAbsent(at, "r"),
			&protos.Operation{Kind: &protos.Operation_TaskAbsent{
				TaskAbsent: &protos.TaskAbsent{RequestId: "r"}}}},
		"AddTaskError": {
			pool.AddTaskError(at, "r", "no disk"),
			&protos.Operation{Kind: &protos.Operation_AddTaskError{
				AddTaskError: &protos.AddTaskError{RequestId: "r", Message: "no disk"}}}},
		"AssignTasks": {
			pool.AssignTasks(at, pool.IdleWorker("v"), pool.IdleWorker("w", "os", "gpu")),
			&protos.Operation{Kind: &protos.Operation_AssignTasks{AssignTasks: &protos.AssignTasks{
				Workers: []*protos.IdleWorker{{WorkerId: "v"},
					{WorkerId: "w", Labels: []string{"os", "gpu"}}}}}}},
		"GetCancellations": {
			pool.GetCancellations(at),
			&protos.Operation{Kind: &protos.Operation_GetCancellations{
				GetCancellations: &protos.GetCancellations{}}}},
	} {
		c.want.Time = time
		require.Empty(t, cmp.Diff(c.want, c.got, protocmp.Transform()), name)
	}
}

// What is left out is refused by the pool, and breaks no constructor.
func TestIncompleteOperationsAreRefused(t *testing.T) {
	p := emptyPool(t)
	for name, c := range map[string]struct {
		op   *protos.Operation
		want error
		text string
	}{
		"no settings":     {pool.AddAccount(start, pool.Account{ID: "a"}), scheduler.ErrInvalidConfig, "nil"},
		"no enqueue time": {pool.TaskWaiting(start, scheduler.TaskRequest{ID: "r"}), scheduler.ErrInvalid, "enqueue time"},
		"no time":         {pool.TaskAbsent(time.Time{}, "r"), scheduler.ErrInvalid, "time"},
		"no fields": {pool.Configure(scheduler.Order{Time: start}, &scheduler.Config{}),
			scheduler.ErrInvalid, "update_mask"},
		"no field of that name": {pool.Configure(scheduler.Order{Time: start},
			&scheduler.Config{}, "speed"), scheduler.ErrInvalid, `"speed"`},
		"no new settings": {pool.Configure(scheduler.Order{Time: start}, nil, "burst_cover"),
			scheduler.ErrInvalidConfig, "missing"},
		"no account to update": {pool.UpdateAccount(scheduler.Order{Time: start},
			pool.Account{ID: "b"}, "max_charge"), scheduler.ErrUnknownAccount, `"b"`},
		"no worker": {pool.TaskRunning(start, "r", ""), scheduler.ErrInvalid, "worker"},
	} {
		_, err := p.Apply(context.Background(), c.op, nil)
		require.ErrorIs(t, err, c.want, name)
		require.ErrorContains(t, err, c.text, name)
	}
}
