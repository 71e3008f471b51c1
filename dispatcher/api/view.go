package api

import (
	"context"

	"connectrpc.com/connect"

	"github.com/quotasched/quotasched/dispatcher/access"
	"github.com/quotasched/quotasched/dispatcher/state"
	"github.com/quotasched/quotasched/protos/dispatch"
)

// view implements ViewService.
type view struct{ *service }

// ListPools implements ViewService.
func (s view) ListPools(ctx context.Context, r *connect.Request[dispatch.ListPoolsRequest]) (
	*connect.Response[dispatch.ListPoolsResponse], error) {
	visible := func(pool string) bool {
		return identityOf(ctx).May(access.Action{Right: access.View, Pool: pool}) == nil
	}
	return read(ctx, s.service, r.Msg.GetRead(),
		func(m *state.Machine) (*dispatch.ListPoolsResponse, error) {
			return m.ListPools(r.Msg, visible)
		})
}

// InspectPool implements ViewService.
func (s view) InspectPool(ctx context.Context, r *connect.Request[dispatch.InspectPoolRequest]) (
	*connect.Response[dispatch.InspectPoolResponse], error) {
	return read(ctx, s.service, r.Msg.GetRead(),
		func(m *state.Machine) (*dispatch.InspectPoolResponse, error) { return m.InspectPool(r.Msg) })
}

// ListAccounts implements ViewService.
func (s view) ListAccounts(ctx context.Context, r *connect.Request[dispatch.ListAccountsRequest]) (
	*connect.Response[dispatch.ListAccountsResponse], error) {
	return read(ctx, s.service, r.Msg.GetRead(),
		func(m *state.Machine) (*dispatch.ListAccountsResponse, error) { return m.ListAccounts(r.Msg) })
}

// ListWorkers implements ViewService.
func (s view) ListWorkers(ctx context.Context, r *connect.Request[dispatch.ListWorkersRequest]) (
	*connect.Response[dispatch.ListWorkersResponse], error) {
	return read(ctx, s.service, r.Msg.GetRead(),
		func(m *state.Machine) (*dispatch.ListWorkersResponse, error) { return m.ListWorkers(r.Msg) })
}

// ExplainTask implements ViewService.
func (s view) ExplainTask(ctx context.Context, r *connect.Request[dispatch.ExplainTaskRequest]) (
	*connect.Response[dispatch.ExplainTaskResponse], error) {
	return read(ctx, s.service, nil,
		func(m *state.Machine) (*dispatch.ExplainTaskResponse, error) { return m.ExplainTask(r.Msg) })
}

// GetUsage implements ViewService.
func (s view) GetUsage(ctx context.Context, r *connect.Request[dispatch.GetUsageRequest]) (
	*connect.Response[dispatch.GetUsageResponse], error) {
	return read(ctx, s.service, nil,
		func(m *state.Machine) (*dispatch.GetUsageResponse, error) { return m.GetUsage(r.Msg) })
}
