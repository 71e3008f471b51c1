package api

import (
	"context"
	"fmt"
	"net/http"
	"runtime/debug"
	"slices"

	"connectrpc.com/connect"
	"connectrpc.com/grpchealth"
)

// health answers the health service: all services are well together.
type health struct{ ready func() error }

// Check implements grpchealth.Checker.
func (h health) Check(_ context.Context, r *grpchealth.CheckRequest) (*grpchealth.CheckResponse,
	error) {
	if r.Service != "" && !slices.Contains(services, r.Service) {
		return nil, connect.NewError(connect.CodeNotFound,
			fmt.Errorf("there is no service %.100q", r.Service))
	}
	if h.ready() != nil {
		return &grpchealth.CheckResponse{Status: grpchealth.StatusNotServing}, nil
	}
	return &grpchealth.CheckResponse{Status: grpchealth.StatusServing}, nil
}

// recovered makes an answer of a panic in a handler. No input should cause one.
func (g *guard) recovered(_ context.Context, spec connect.Spec, _ http.Header, panicked any) error {
	g.logger.Error("a call panicked", "method", spec.Procedure, "panic", panicked,
		"stack", string(debug.Stack()))
	return connect.NewError(connect.CodeInternal, fmt.Errorf("%s failed within", spec.Procedure))
}
