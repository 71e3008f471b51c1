package api

import (
	"context"

	"connectrpc.com/connect"

	"github.com/quotasched/quotasched/dispatcher/access"
	"github.com/quotasched/quotasched/dispatcher/state"
	"github.com/quotasched/quotasched/protos/dispatch"
	"github.com/quotasched/quotasched/protos/replica"
)

// tasks implements TaskService.
type tasks struct{ *service }

// SubmitTasks implements TaskService.
func (s tasks) SubmitTasks(ctx context.Context, r *connect.Request[dispatch.SubmitTasksRequest]) (
	*connect.Response[dispatch.SubmitTasksResponse], error) {
	return propose(ctx, s.service, &replica.Command{RequestId: r.Msg.GetRequestId(),
		Kind: &replica.Command_SubmitTasks{SubmitTasks: &replica.SubmitTasks{Request: r.Msg}}},
		(*replica.CommandOutcome).GetSubmitTasks)
}

// CancelTasks implements TaskService.
func (s tasks) CancelTasks(ctx context.Context, r *connect.Request[dispatch.CancelTasksRequest]) (
	*connect.Response[dispatch.CancelTasksResponse], error) {
	if err := s.mayCancel(ctx, r.Msg); err != nil {
		return nil, err
	}
	return propose(ctx, s.service, &replica.Command{RequestId: r.Msg.GetRequestId(),
		Kind: &replica.Command_CancelTasks{CancelTasks: r.Msg}},
		(*replica.CommandOutcome).GetCancelTasks)
}

// mayCancel asks whether the caller may cancel tasks of the accounts of these tasks. An account
// of a task never changes. Of a task that is not known the state will say so.
func (s tasks) mayCancel(ctx context.Context, r *dispatch.CancelTasksRequest) error {
	accounts := map[string]bool{}
	_, err := s.node.Read(ctx, nil, func(m *state.Machine) {
		for _, id := range r.GetIds() {
			t, err := m.GetTask(&dispatch.GetTaskRequest{Pool: r.GetPool(), Id: id})
			if err == nil {
				accounts[t.GetTask().GetSpec().GetAccountId()] = true
			}
		}
	})
	for account := range accounts { // any one that is missing does
		if err == nil {
			err = identityOf(ctx).May(access.Action{Right: access.Cancel, Pool: r.GetPool(),
				Account: account})
		}
	}
	return err
}

// GetTask implements TaskService.
func (s tasks) GetTask(ctx context.Context, r *connect.Request[dispatch.GetTaskRequest]) (
	*connect.Response[dispatch.GetTaskResponse], error) {
	return read(ctx, s.service, r.Msg.GetRead(),
		func(m *state.Machine) (*dispatch.GetTaskResponse, error) { return m.GetTask(r.Msg) })
}

// ListTasks implements TaskService.
func (s tasks) ListTasks(ctx context.Context, r *connect.Request[dispatch.ListTasksRequest]) (
	*connect.Response[dispatch.ListTasksResponse], error) {
	return read(ctx, s.service, r.Msg.GetRead(),
		func(m *state.Machine) (*dispatch.ListTasksResponse, error) { return m.ListTasks(r.Msg) })
}

// watchedMax is how many tasks one call may watch.
const watchedMax = 1000

// WatchTasks implements TaskService.
func (s tasks) WatchTasks(ctx context.Context, r *connect.Request[dispatch.WatchTasksRequest],
	stream *connect.ServerStream[dispatch.WatchTasksResponse]) error {
	if n := len(r.Msg.GetIds()); n == 0 || n > watchedMax {
		return invalid("ids: %d of them; there must be 1 to %d", n, watchedMax)
	}
	return s.node.WatchTasks(ctx, r.Msg, func(t *dispatch.Task) error {
		return within(ctx, func() error { return stream.Send(&dispatch.WatchTasksResponse{Task: t}) })
	})
}

// ReadLog implements TaskService.
func (s tasks) ReadLog(ctx context.Context, r *connect.Request[dispatch.ReadLogRequest],
	stream *connect.ServerStream[dispatch.ReadLogResponse]) error {
	m := r.Msg
	if m.GetAttempt() < 0 || m.GetOffset() < 0 || m.GetTailBytes() < 0 {
		return invalid("attempt, offset or tail_bytes is negative")
	}
	if m.GetOffset() > 0 && m.GetTailBytes() > 0 {
		return invalid("offset and tail_bytes: one of them, not both")
	}
	return s.node.ReadLog(ctx, m, func(part *dispatch.ReadLogResponse) error {
		return within(ctx, func() error { return stream.Send(part) })
	})
}
