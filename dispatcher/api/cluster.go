package api

import (
	"context"
	"fmt"
	"net"
	"regexp"

	"connectrpc.com/connect"

	"github.com/quotasched/quotasched/protos/dispatch"
)

// cluster implements ClusterService.
type cluster struct{ *service }

// GetStatus implements ClusterService.
func (s cluster) GetStatus(context.Context, *connect.Request[dispatch.GetStatusRequest]) (
	*connect.Response[dispatch.GetStatusResponse], error) {
	return connect.NewResponse(s.node.Status()), nil
}

// nodeID is what an id of a node looks like.
var nodeID = regexp.MustCompile(`^[a-z][a-z0-9-]{0,62}$`)

func checkNodeID(id string) error {
	if !nodeID.MatchString(id) {
		return invalid("id: %.100q is not a lower-case letter, then at most 62 lower-case letters, "+
			"digits and dashes", id)
	}
	return nil
}

// AddMember implements ClusterService.
func (s cluster) AddMember(ctx context.Context, r *connect.Request[dispatch.AddMemberRequest]) (
	*connect.Response[dispatch.AddMemberResponse], error) {
	if err := checkNodeID(r.Msg.GetId()); err != nil {
		return nil, err
	}
	if _, _, err := net.SplitHostPort(r.Msg.GetAddress()); err != nil {
		return nil, invalid("address: %.200q is not HOST:PORT", r.Msg.GetAddress())
	}
	return change[dispatch.AddMemberResponse](s.node.AddMember(ctx, r.Msg.GetId(),
		r.Msg.GetAddress()))
}

// RemoveMember implements ClusterService.
func (s cluster) RemoveMember(ctx context.Context,
	r *connect.Request[dispatch.RemoveMemberRequest]) (
	*connect.Response[dispatch.RemoveMemberResponse], error) {
	if err := checkNodeID(r.Msg.GetId()); err != nil {
		return nil, err
	}
	return change[dispatch.RemoveMemberResponse](s.node.RemoveMember(ctx, r.Msg.GetId()))
}

// TransferLeadership implements ClusterService.
func (s cluster) TransferLeadership(ctx context.Context,
	r *connect.Request[dispatch.TransferLeadershipRequest]) (
	*connect.Response[dispatch.TransferLeadershipResponse], error) {
	if r.Msg.GetId() != "" {
		if err := checkNodeID(r.Msg.GetId()); err != nil {
			return nil, err
		}
	}
	return change[dispatch.TransferLeadershipResponse](s.node.Transfer(ctx, r.Msg.GetId()))
}

// change is the answer to a change of the members.
func change[A any](err error) (*connect.Response[A], error) {
	if err != nil {
		return nil, err
	}
	return connect.NewResponse(new(A)), nil
}

// invalid says what is wrong in a request.
func invalid(format string, args ...any) error {
	return connect.NewError(connect.CodeInvalidArgument, fmt.Errorf(format, args...))
}
