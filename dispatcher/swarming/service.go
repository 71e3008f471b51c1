package swarming

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"

	pluginpb "go.chromium.org/luci/swarming/proto/plugin"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc/codes"

	"github.com/quotasched/quotasched/dispatcher/node"
	"github.com/quotasched/quotasched/dispatcher/state"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/protos/dispatch"
	"github.com/quotasched/quotasched/protos/replica"
)

const (
	// newsMax is how many notifications a call may have,
	newsMax = 1_000
	// newsAtOnce of how many tasks are proposed at a time,
	newsAtOnce = 256
	// and cancellationsMax how many cancellations an answer has. The next answer has the next ones.
	cancellationsMax = 1_000
)

// A Node applies commands and answers from the state; node.Node is one.
type Node interface {
	Propose(context.Context, *replica.Command) (*replica.CommandOutcome, uint64, error)
	Read(context.Context, *dispatch.ReadOptions, func(*state.Machine)) (node.As, error)
}

// A Service is an ExternalScheduler. What it refuses is a state.Refusal; other errors are those of
// the node. Its methods may be called from any goroutine, and any call may be repeated.
type Service struct {
	node     Node
	identity func(context.Context) string
	logger   *slog.Logger

	mu    sync.Mutex
	marks map[string]mark // where the next answer with cancellations begins, by pool
}

var _ pluginpb.ExternalSchedulerServer = (*Service)(nil)

// New returns a service over a node. identity says who calls.
func New(n Node, identity func(context.Context) string, logger *slog.Logger) *Service {
	return &Service{node: n, identity: identity, logger: logger, marks: map[string]mark{}}
}

// AssignTasks implements pluginpb.ExternalSchedulerServer.
func (s *Service) AssignTasks(ctx context.Context, r *pluginpb.AssignTasksRequest) (
	*pluginpb.AssignTasksResponse, error) {
	result, err := s.apply(ctx, r.GetSchedulerId(), pull(r))
	if err != nil {
		return nil, err
	}
	answer := &pluginpb.AssignTasksResponse{}
	for _, a := range result.GetAssignments() {
		slice := wholeSlice
		if a.GetProvisionRequired() {
			slice = baseSlice
		}
		answer.Assignments = append(answer.Assignments, &pluginpb.TaskAssignment{
			BotId: a.GetWorkerId(), TaskId: a.GetRequestId(), SliceNumber: slice})
	}
	return answer, nil
}

// NotifyTasks implements pluginpb.ExternalSchedulerServer. It takes all items that it can, and its
// error is that of one that it could not: if possible, of one that it can when it is called again.
func (s *Service) NotifyTasks(ctx context.Context, r *pluginpb.NotifyTasksRequest) (
	*pluginpb.NotifyTasksResponse, error) {
	if n := len(r.GetNotifications()); n > newsMax {
		return nil, refuse(codes.ResourceExhausted, "notifications: %d are more than %d", n, newsMax)
	}
	var tasks errgroup.Group
	tasks.SetLimit(newsAtOnce)
	failed := make([]error, len(r.GetNotifications()))
	for _, items := range byTask(r.GetNotifications()) {
		tasks.Go(func() error {
			for _, i := range items {
				failed[i] = s.notify(ctx, r.GetSchedulerId(), r.GetNotifications()[i])
			}
			return nil
		})
	}
	tasks.Wait() // its functions return no errors
	if i, err := worst(failed); err != nil {
		return nil, about(fmt.Sprintf("notifications[%d]", i), err)
	}
	return &pluginpb.NotifyTasksResponse{}, nil
}

// byTask returns the indexes of the items of each task, in their order.
func byTask(items []*pluginpb.NotifyTasksItem) map[string][]int {
	indexes := map[string][]int{}
	for i, n := range items {
		indexes[n.GetTask().GetId()] = append(indexes[n.GetTask().GetId()], i)
	}
	return indexes
}

// worst returns the first error that may be none the next time, or else the first one.
func worst(failed []error) (index int, err error) {
	for i, f := range failed {
		var refusal *state.Refusal
		if f != nil && !errors.As(f, &refusal) {
			return i, f
		}
		if f != nil && err == nil {
			index, err = i, f
		}
	}
	return index, err
}

// notify takes one item of news.
func (s *Service) notify(ctx context.Context, pool string, n *pluginpb.NotifyTasksItem) error {
	op, err := news(n)
	if err != nil {
		return err
	}
	_, err = s.apply(ctx, pool, op)
	return err
}

// GetCancellations implements pluginpb.ExternalSchedulerServer.
func (s *Service) GetCancellations(ctx context.Context, r *pluginpb.GetCancellationsRequest) (
	*pluginpb.GetCancellationsResponse, error) {
	var all []*protos.Cancellation
	var refused error
	_, err := s.node.Read(ctx, nil, func(m *state.Machine) {
		all, refused = m.Cancellations(r.GetSchedulerId())
	})
	if err != nil {
		return nil, err
	}
	answer := &pluginpb.GetCancellationsResponse{}
	if refused != nil {
		return answer, s.without(r.GetSchedulerId(), refused)
	}
	for _, c := range s.part(r.GetSchedulerId(), all) {
		answer.Cancellations = append(answer.Cancellations, cancellation(c))
	}
	return answer, nil
}

// GetCallbacks implements pluginpb.ExternalSchedulerServer.
func (s *Service) GetCallbacks(ctx context.Context, r *pluginpb.GetCallbacksRequest) (
	*pluginpb.GetCallbacksResponse, error) {
	outcome, err := s.propose(ctx, &replica.Command{Kind: &replica.Command_TakeCallbacks{
		TakeCallbacks: &replica.TakeCallbacks{Pool: r.GetSchedulerId()}}})
	answer := &pluginpb.GetCallbacksResponse{TaskIds: outcome.GetCallbacks().GetRequestIds()}
	if err != nil {
		return answer, s.without(r.GetSchedulerId(), err)
	}
	return answer, nil
}

// without returns nil if a question can be answered with nothing, as the pool has nothing to say;
// else the error.
func (s *Service) without(pool string, err error) error {
	var refusal *state.Refusal
	if !errors.As(err, &refusal) {
		return err
	}
	switch codes.Code(refusal.Code) {
	case codes.NotFound, codes.FailedPrecondition, codes.Internal, codes.InvalidArgument:
		s.logger.Warn("nothing to ask about or cancel", "pool", pool, "reason", err)
		return nil
	}
	return err
}

// apply has an operation of a pool applied.
func (s *Service) apply(ctx context.Context, pool string, op *protos.Operation) (*protos.Result,
	error) {
	c := &replica.ExternalOperation{Pool: pool, Operation: op}
	if err := state.Check(c); err != nil {
		return nil, err
	}
	outcome, err := s.propose(ctx, &replica.Command{
		Kind: &replica.Command_External{External: c}})
	return outcome.GetExternal(), err
}

// propose has a command applied in the caller's name.
func (s *Service) propose(ctx context.Context, c *replica.Command) (*replica.CommandOutcome,
	error) {
	c.Identity = s.identity(ctx)
	outcome, _, err := s.node.Propose(ctx, c)
	if err == nil && outcome.GetCode() != 0 {
		err = &state.Refusal{Code: outcome.GetCode(), Text: outcome.GetError()}
	}
	if err != nil {
		return nil, err
	}
	return outcome, nil
}

func refuse(c codes.Code, format string, args ...any) error {
	return &state.Refusal{Code: uint32(c), Text: fmt.Sprintf(format, args...)}
}

// about says in a refusal what it is about.
func about(what string, err error) error {
	var refusal *state.Refusal
	if errors.As(err, &refusal) {
		return refuse(codes.Code(refusal.Code), "%s: %s", what, refusal.Text)
	}
	return fmt.Errorf("%s: %w", what, err)
}
