package state

import (
	"errors"
	"fmt"

	"google.golang.org/grpc/codes"

	"github.com/quotasched/quotasched/internal/check"
	"github.com/quotasched/quotasched/scheduler"
)

// A Refusal is why a call is refused: a code as gRPC and Connect number them, and a text for
// people. What was refused has changed nothing.
type Refusal struct {
	Code uint32
	Text string
}

// Error implements error.
func (r *Refusal) Error() string { return r.Text }

func refuse(c codes.Code, format string, args ...any) error {
	return &Refusal{Code: uint32(c), Text: fmt.Sprintf(format, args...)}
}

func invalid(format string, args ...any) error {
	return refuse(codes.InvalidArgument, format, args...)
}

func unknownPool(name string) error {
	return refuse(codes.NotFound, "there is no pool %s", check.Quote(name))
}

func unknownTask(pool, id string) error {
	return refuse(codes.NotFound, "pool %s: there is no task %s", pool, check.Quote(id))
}

func unknownAccount(pool, id string) error {
	return refuse(codes.NotFound, "pool %s: there is no account %s", pool, check.Quote(id))
}

func unknownWorker(pool, name string) error {
	return refuse(codes.NotFound, "pool %s: there is no worker %s", pool, check.Quote(name))
}

// exhausted says that a pool holds as much as it may of something.
func exhausted(pool, what string, n, most int64) error {
	return refuse(codes.ResourceExhausted, "pool %s: %s: %d are more than %d", pool, what, n, most)
}

// refusalOf returns the refusal of a call that a scheduler refused.
func refusalOf(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, scheduler.ErrUnknownAccount):
		return refuse(codes.NotFound, "%v", err)
	}
	return refuse(codes.InvalidArgument, "%v", err)
}
