package api

import (
	"context"

	"connectrpc.com/connect"

	"github.com/quotasched/quotasched/protos/dispatch"
	"github.com/quotasched/quotasched/protos/replica"
)

// admin implements AdminService. The state checks what is asked, and its events say who changed
// what.
type admin struct{ *service }

// CreatePool implements AdminService.
func (s admin) CreatePool(ctx context.Context,
	r *connect.Request[dispatch.CreatePoolRequest]) (
	*connect.Response[dispatch.CreatePoolResponse], error) {
	return propose(ctx, s.service, &replica.Command{RequestId: r.Msg.GetRequestId(),
		Kind: &replica.Command_CreatePool{CreatePool: r.Msg}},
		nothing[dispatch.CreatePoolResponse])
}

// ConfigurePool implements AdminService.
func (s admin) ConfigurePool(ctx context.Context,
	r *connect.Request[dispatch.ConfigurePoolRequest]) (
	*connect.Response[dispatch.ConfigurePoolResponse], error) {
	return propose(ctx, s.service, &replica.Command{RequestId: r.Msg.GetRequestId(),
		Kind: &replica.Command_ConfigurePool{ConfigurePool: r.Msg}},
		(*replica.CommandOutcome).GetConfigurePool)
}

// WipePool implements AdminService.
func (s admin) WipePool(ctx context.Context,
	r *connect.Request[dispatch.WipePoolRequest]) (
	*connect.Response[dispatch.WipePoolResponse], error) {
	return propose(ctx, s.service, &replica.Command{RequestId: r.Msg.GetRequestId(),
		Kind: &replica.Command_WipePool{WipePool: r.Msg}},
		(*replica.CommandOutcome).GetWipePool)
}

// DeletePool implements AdminService.
func (s admin) DeletePool(ctx context.Context,
	r *connect.Request[dispatch.DeletePoolRequest]) (
	*connect.Response[dispatch.DeletePoolResponse], error) {
	return propose(ctx, s.service, &replica.Command{RequestId: r.Msg.GetRequestId(),
		Kind: &replica.Command_DeletePool{DeletePool: r.Msg}},
		nothing[dispatch.DeletePoolResponse])
}

// SetAccount implements AdminService.
func (s admin) SetAccount(ctx context.Context,
	r *connect.Request[dispatch.SetAccountRequest]) (
	*connect.Response[dispatch.SetAccountResponse], error) {
	return propose(ctx, s.service, &replica.Command{RequestId: r.Msg.GetRequestId(),
		Kind: &replica.Command_SetAccount{SetAccount: r.Msg}},
		(*replica.CommandOutcome).GetSetAccount)
}

// ResetBalance implements AdminService.
func (s admin) ResetBalance(ctx context.Context,
	r *connect.Request[dispatch.ResetBalanceRequest]) (
	*connect.Response[dispatch.ResetBalanceResponse], error) {
	return propose(ctx, s.service, &replica.Command{RequestId: r.Msg.GetRequestId(),
		Kind: &replica.Command_ResetBalance{ResetBalance: r.Msg}},
		nothing[dispatch.ResetBalanceResponse])
}

// SuspendAccount implements AdminService.
func (s admin) SuspendAccount(ctx context.Context,
	r *connect.Request[dispatch.SuspendAccountRequest]) (
	*connect.Response[dispatch.SuspendAccountResponse], error) {
	return propose(ctx, s.service, &replica.Command{RequestId: r.Msg.GetRequestId(),
		Kind: &replica.Command_SuspendAccount{SuspendAccount: r.Msg}},
		nothing[dispatch.SuspendAccountResponse])
}

// ResumeAccount implements AdminService.
func (s admin) ResumeAccount(ctx context.Context,
	r *connect.Request[dispatch.ResumeAccountRequest]) (
	*connect.Response[dispatch.ResumeAccountResponse], error) {
	return propose(ctx, s.service, &replica.Command{RequestId: r.Msg.GetRequestId(),
		Kind: &replica.Command_ResumeAccount{ResumeAccount: r.Msg}},
		nothing[dispatch.ResumeAccountResponse])
}

// DeleteAccount implements AdminService.
func (s admin) DeleteAccount(ctx context.Context,
	r *connect.Request[dispatch.DeleteAccountRequest]) (
	*connect.Response[dispatch.DeleteAccountResponse], error) {
	return propose(ctx, s.service, &replica.Command{RequestId: r.Msg.GetRequestId(),
		Kind: &replica.Command_DeleteAccount{DeleteAccount: r.Msg}},
		nothing[dispatch.DeleteAccountResponse])
}

// CordonWorker implements AdminService.
func (s admin) CordonWorker(ctx context.Context,
	r *connect.Request[dispatch.CordonWorkerRequest]) (
	*connect.Response[dispatch.CordonWorkerResponse], error) {
	return propose(ctx, s.service, &replica.Command{RequestId: r.Msg.GetRequestId(),
		Kind: &replica.Command_CordonWorker{CordonWorker: r.Msg}},
		nothing[dispatch.CordonWorkerResponse])
}

// UncordonWorker implements AdminService.
func (s admin) UncordonWorker(ctx context.Context,
	r *connect.Request[dispatch.UncordonWorkerRequest]) (
	*connect.Response[dispatch.UncordonWorkerResponse], error) {
	return propose(ctx, s.service, &replica.Command{RequestId: r.Msg.GetRequestId(),
		Kind: &replica.Command_UncordonWorker{UncordonWorker: r.Msg}},
		nothing[dispatch.UncordonWorkerResponse])
}

// DirectWorker implements AdminService.
func (s admin) DirectWorker(ctx context.Context,
	r *connect.Request[dispatch.DirectWorkerRequest]) (
	*connect.Response[dispatch.DirectWorkerResponse], error) {
	return propose(ctx, s.service, &replica.Command{RequestId: r.Msg.GetRequestId(),
		Kind: &replica.Command_Direct{Direct: &replica.Direct{Pool: r.Msg.GetPool(),
			Worker: r.Msg.GetWorker(), Directive: r.Msg.GetDirective(), Reason: r.Msg.GetReason()}}},
		nothing[dispatch.DirectWorkerResponse])
}
