package api

import (
	"context"
	"errors"
	"io"

	"connectrpc.com/connect"

	"github.com/quotasched/quotasched/dispatcher/access"
	"github.com/quotasched/quotasched/dispatcher/eventlog"
	"github.com/quotasched/quotasched/dispatcher/forecasts"
	"github.com/quotasched/quotasched/dispatcher/journals"
	"github.com/quotasched/quotasched/dispatcher/node"
	"github.com/quotasched/quotasched/dispatcher/state"
)

// Headers of answers, and of the trailers or metadata of errors.
const (
	// LeaderHeader is where a node that does not lead says which one does: a URL.
	LeaderHeader = "qsched-leader"
	// IndexHeader and TimeHeader say as of which entry and time an answer is.
	IndexHeader = "qsched-index"
	TimeHeader  = "qsched-time"
)

// codesOf are the codes of errors, the first that fits.
var codesOf = []struct {
	err  error
	code connect.Code
}{
	{access.ErrUnauthenticated, connect.CodeUnauthenticated},
	{access.ErrDenied, connect.CodePermissionDenied},
	{node.ErrNotLeader, connect.CodeUnavailable},
	{context.DeadlineExceeded, connect.CodeDeadlineExceeded},
	{node.ErrUnknown, connect.CodeUnavailable}, // also where a server that ends has cancelled a call
	{context.Canceled, connect.CodeCanceled},
	{node.ErrOverloaded, connect.CodeResourceExhausted},
	{node.ErrBehind, connect.CodeUnavailable},
	{node.ErrStopped, connect.CodeUnavailable},
	{node.ErrContested, connect.CodePermissionDenied},
	{node.ErrReplaced, connect.CodeAborted},
	{node.ErrSilent, connect.CodeAborted},
	{node.ErrEarly, connect.CodeAborted},
	{eventlog.ErrClosed, connect.CodeUnavailable},
	{node.ErrSlow, connect.CodeResourceExhausted},
	{node.ErrNotEmpty, connect.CodeFailedPrecondition},
	{node.ErrBadBackup, connect.CodeInvalidArgument},
	{journals.ErrNone, connect.CodeNotFound},
	{journals.ErrClosed, connect.CodeUnavailable},
	{forecasts.ErrNotWaiting, connect.CodeFailedPrecondition},
	{node.ErrNoFetch, connect.CodeNotFound},
	{node.ErrNoAnswer, connect.CodeDeadlineExceeded},
}

// connectError returns an error as callers see it.
func connectError(err error) error {
	var told *connect.Error
	var refusal *state.Refusal
	var old *eventlog.TooOldError
	switch {
	case err == nil || errors.Is(err, io.EOF):
		return nil
	case errors.As(err, &told):
		return told
	case errors.As(err, &refusal):
		return connect.NewError(connect.Code(refusal.Code), refusal)
	}
	if errors.As(err, &old) {
		return connect.NewError(connect.CodeOutOfRange, err)
	}
	for _, c := range codesOf {
		if errors.Is(err, c.err) {
			return connect.NewError(c.code, err)
		}
	}
	return connect.NewError(connect.CodeInternal, err)
}
