package api

import (
	"context"
	"fmt"
	"time"

	"connectrpc.com/connect"

	"github.com/quotasched/quotasched/dispatcher/state"
	"github.com/quotasched/quotasched/protos/dispatch"
)

// Events is where the events of this node are.
type Events interface {
	// Follow calls send with the events of a pool after a position, in order, and goes on with new
	// ones if follow says so. It calls send with none when nothing has happened for a while.
	Follow(ctx context.Context, f Following, send func([]*dispatch.Event) error) error
}

// A Following is what a reader of events wants.
type Following struct {
	Pool   string
	After  *dispatch.Position
	Follow bool
	// Quiet is how long nothing may happen until send is called with nothing.
	Quiet time.Duration
}

// followQuiet is how often a follower hears that all is well.
const followQuiet = 20 * time.Second

// events implements EventService. Each node answers from its own files, which may be behind the
// leader's.
type events struct{ *service }

// FollowEvents implements EventService.
func (s events) FollowEvents(ctx context.Context,
	r *connect.Request[dispatch.FollowEventsRequest],
	stream *connect.ServerStream[dispatch.FollowEventsResponse]) error {
	if pool := r.Msg.GetPool(); pool != "" && r.Msg.GetAfter() == nil {
		if err := s.knows(ctx, pool); err != nil {
			return err
		}
	}
	return s.events.Follow(ctx, Following{Pool: r.Msg.GetPool(), After: r.Msg.GetAfter(),
		Follow: r.Msg.GetFollow(), Quiet: followQuiet}, func(es []*dispatch.Event) error {
		return within(ctx, func() error {
			return stream.Send(&dispatch.FollowEventsResponse{Events: es})
		})
	})
}

// knows returns an error if there is no such pool, as this node sees it. Events of a pool that was
// deleted can be read from a position that somebody knows.
func (s *service) knows(ctx context.Context, pool string) error {
	var found *dispatch.ListPoolsResponse
	var refused error
	_, err := s.node.Read(ctx, &dispatch.ReadOptions{Stale: true}, func(m *state.Machine) {
		found, refused = m.ListPools(&dispatch.ListPoolsRequest{},
			func(name string) bool { return name == pool })
	})
	switch {
	case err != nil:
		return err
	case refused != nil:
		return refused
	case len(found.GetPools()) == 0:
		if err := s.node.Ready(); err != nil { // it may be there by the time that it is
			return err
		}
		return connect.NewError(connect.CodeNotFound, fmt.Errorf("there is no pool %q", pool))
	}
	return nil
}
