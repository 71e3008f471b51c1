package simulator_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/quotasched/quotasched/pool"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
	"github.com/quotasched/quotasched/simulator"
)

// meddler is a pool with a defect: it passes operations and results through a function.
type meddler struct {
	simulator.Pool
	meddle func(op *protos.Operation, apply func(*protos.Operation) *protos.Result) *protos.Result
}

func (m *meddler) Apply(ctx context.Context, op *protos.Operation,
	e scheduler.EventSink) (*protos.Result, error) {
	var err error
	result := m.meddle(op, func(op *protos.Operation) *protos.Result {
		var result *protos.Result
		result, err = m.Pool.Apply(ctx, op, e)
		return result
	})
	return result, err
}

// A defective pool is found out: each of these breaks a promise, and the run ends all the same.
func TestBrokenPromisesAreFound(t *testing.T) {
	type applier = func(*protos.Operation) *protos.Result
	for _, c := range []struct {
		name   string
		meddle func(op *protos.Operation, apply applier) *protos.Result
		want   string
		lost   int
	}{
		{"a request is lost", func(op *protos.Operation, apply applier) *protos.Result {
			if op.GetTaskWaiting().GetRequestId() == "b" {
				return &protos.Result{}
			}
			return apply(op)
		}, `request "b" is lost`, 1},
		{"a waiting request is dropped", func(op *protos.Operation, apply applier) *protos.Result {
			if op.GetAssignTasks() != nil && op.Time.AsTime().Equal(monday.Add(7*time.Second)) {
				apply(pool.TaskAbsent(op.Time.AsTime(), "c"))
			}
			return apply(op)
		}, `took request "c" for ended`, 1},
		{"two workers get one request", func(op *protos.Operation, apply applier) *protos.Result {
			result := apply(op)
			if len(result.Assignments) == 2 {
				result.Assignments[1].RequestId = result.Assignments[0].RequestId
			}
			return result
		}, `request "a" was handed to`, 0},
		{"a request runs again", func(op *protos.Operation, apply applier) *protos.Result {
			result := apply(op)
			if len(result.Assignments) > 0 && result.Assignments[0].RequestId == "c" {
				again := proto.Clone(result.Assignments[0]).(*protos.Assignment)
				again.RequestId = "a"
				result.Assignments = append([]*protos.Assignment{again}, result.Assignments...)
			}
			return result
		}, `request "a" was handed to "worker-0", but it is not outstanding`, 0},
		{"a worker that did not ask", func(op *protos.Operation, apply applier) *protos.Result {
			result := apply(op)
			if len(result.Assignments) > 0 && result.Assignments[0].RequestId == "c" {
				result.Assignments = append(result.Assignments,
					&protos.Assignment{WorkerId: "worker-1", RequestId: "d"})
			}
			return result
		}, `request "d" was handed to "worker-1", which did not ask`, 0},
		{"a running task is ended", func(op *protos.Operation, apply applier) *protos.Result {
			if op.GetAssignTasks() != nil && op.Time.AsTime().Equal(monday.Add(3*time.Second)) {
				apply(pool.TaskAbsent(op.Time.AsTime(), "a"))
			}
			return apply(op)
		}, `the pool took request "a" for ended`, 0},
		{"a running task waits again", func(op *protos.Operation, apply applier) *protos.Result {
			if op.GetAssignTasks() != nil && op.Time.AsTime().Equal(monday.Add(3*time.Second)) {
				at := op.Time.AsTime()
				apply(pool.TaskWaiting(at, scheduler.TaskRequest{ID: "a", EnqueueTime: at}))
			}
			return apply(op)
		}, `the pool lets request "a" wait again`, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			setup := handMade(2, sub("a", "", 0, 10), sub("b", "", 0, 20), sub("c", "", 2, 10),
				sub("d", "", 2, 10), sub("tick-3", "", 3, 1), sub("tick-7", "", 7, 1))
			setup.NewPool = func(at time.Time, s *scheduler.Config) (simulator.Pool, error) {
				p, err := simulator.NewPool(at, s)
				return &meddler{Pool: p, meddle: c.meddle}, err
			}
			setup.SkipChecks = true // they would end the run first
			f, err := simulator.Run(context.Background(), setup)
			if err != nil {
				t.Fatal(err)
			}
			all := strings.Join(f.Broken, "\n")
			if f.BrokenCount == 0 || !strings.Contains(all, c.want) {
				t.Errorf("%d broken:\n%s\nwant one with: %s", f.BrokenCount, all, c.want)
			}
			equal(t, "lost", f.All.Lost, c.lost)
		})
	}
}

// An operation that the pool refuses ends the run with an error that says which.
func TestARefusedOperationIsAnError(t *testing.T) {
	refused := errors.New("no")
	setup := handMade(1, sub("a", "", 0, 10))
	setup.NewPool = func(time.Time, *scheduler.Config) (simulator.Pool, error) {
		return refuser{refused}, nil
	}
	_, err := simulator.Run(context.Background(), setup)
	if !errors.Is(err, refused) || errors.Is(err, simulator.ErrSetup) ||
		!strings.Contains(err.Error(), "operation 1 at 0s") {
		t.Errorf("got %v", err)
	}
}

type refuser struct{ err error }

func (r refuser) Apply(context.Context, *protos.Operation, scheduler.EventSink) (*protos.Result,
	error) {
	return nil, r.err
}
func (refuser) Knows(scheduler.RequestID) bool { return false }
func (refuser) Hash() [32]byte                 { return [32]byte{} }
func (refuser) Snapshot() *protos.Pool         { return &protos.Pool{} }
func (refuser) AppendSnapshot(b []byte) []byte { return b }
func (refuser) Restore([]byte) error           { return nil }
func (refuser) RunOnce(scheduler.EventSink) []scheduler.Assignment {
	return nil
}
func (refuser) Balance(scheduler.AccountID) (scheduler.Balance, bool) {
	return scheduler.Balance{}, false
}
