package node

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/grpc/codes"

	"github.com/quotasched/quotasched/dispatcher/log"
	"github.com/quotasched/quotasched/dispatcher/state"
)

// AddMember adds a node to the log. Members change on the leader alone.
func (n *Node) AddMember(ctx context.Context, id, address string) error {
	return n.change(func() error { return n.log.AddMember(ctx, id, address) })
}

// RemoveMember removes a node.
func (n *Node) RemoveMember(ctx context.Context, id string) error {
	return n.change(func() error { return n.log.RemoveMember(ctx, id) })
}

// Transfer hands the lead to a node; an empty id means the one that is furthest.
func (n *Node) Transfer(ctx context.Context, id string) error {
	return n.change(func() error { return n.log.Transfer(ctx, id) })
}

// change makes a change of the members. What the log refuses is told to the caller.
func (n *Node) change(f func() error) error {
	if _, err := n.leading(); err != nil {
		return err
	}
	err := f()
	switch {
	case err == nil, errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, log.ErrNotLeader):
		return fmt.Errorf("%w: %w", ErrNotLeader, err)
	case errors.Is(err, log.ErrUnknown), errors.Is(err, log.ErrClosed):
		return fmt.Errorf("%w: %w", ErrUnknown, err)
	}
	return &state.Refusal{Code: uint32(codes.FailedPrecondition), Text: err.Error()}
}
