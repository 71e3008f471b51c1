package simulator_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/quotasched/quotasched/internal/invariants"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
	"github.com/quotasched/quotasched/simulator"
)

// forgetful is a pool that loses what its snapshot says of waiting requests when it is restored.
type forgetful struct{ simulator.Pool }

func (p *forgetful) Restore(snapshot []byte) error {
	var read protos.Pool
	if err := proto.Unmarshal(snapshot, &read); err != nil {
		return err
	}
	read.Scheduler.WaitingRequests = nil
	left, err := proto.Marshal(&read)
	if err != nil {
		return err
	}
	return p.Pool.Restore(left)
}

// A pool that breaks an invariant stops the run, with an error that says which, at which operation
// and with which seed.
func TestABrokenInvariantStopsTheRun(t *testing.T) {
	type applier = func(*protos.Operation) *protos.Result
	meddling := func(meddle func(*protos.Operation, applier) *protos.Result) simulator.PoolMaker {
		return func(at time.Time, c *scheduler.Config) (simulator.Pool, error) {
			pool, err := simulator.NewPool(at, c)
			return &meddler{Pool: pool, meddle: meddle}, err
		}
	}
	for _, c := range []struct {
		name  string
		pool  simulator.PoolMaker
		want  invariants.Check
		texts []string
	}{
		{"two workers get one request", meddling(func(op *protos.Operation,
			apply applier) *protos.Result {
			result := apply(op)
			if len(result.Assignments) == 2 {
				result.Assignments[1].RequestId = result.Assignments[0].RequestId
			}
			return result
		}), invariants.OnePlace, []string{`(assign_tasks "worker-0"`}},
		{"a request is lost", meddling(func(op *protos.Operation, apply applier) *protos.Result {
			if op.GetTaskWaiting().GetRequestId() == "b" {
				return &protos.Result{}
			}
			return apply(op)
		}), invariants.NothingDropped, []string{`operation 3 at `, `(task_waiting "b" of account ""`}},
		{"an account has less than it was given", meddling(func(op *protos.Operation,
			apply applier) *protos.Result {
			if a := op.GetAddAccount(); a != nil {
				op = proto.CloneOf(op)
				op.GetAddAccount().Balance[0]--
			}
			return apply(op)
		}), invariants.Conserved, []string{`(task_waiting "a" of account "team"`}},
		{"a snapshot is not restored as it was", func(at time.Time,
			c *scheduler.Config) (simulator.Pool, error) {
			pool, err := simulator.NewPool(at, c)
			return &forgetful{pool}, err
		}, invariants.SameState, []string{"a restored pool has a state of"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			setup := handMade(2, sub("a", "team", 0, 10), sub("b", "", 0, 20), sub("c", "", 0, 10))
			quota(setup, "team")
			setup.Seed = 42
			setup.NewPool = c.pool
			_, err := simulator.Run(context.Background(), setup)
			var found *invariants.Violation
			if !errors.As(err, &found) || found.Check != c.want {
				t.Fatalf("got %v, want a violation of %s", err, c.want)
			}
			for _, text := range append(c.texts, "seed 42, operation ") {
				if !strings.Contains(err.Error(), text) {
					t.Errorf("got %v, want in it: %s", err, text)
				}
			}
		})
	}
}

// A pool that forgets something at a restart of the dispatcher stops the run too, also where the
// other checks are left out.
func TestARestartFindsALostState(t *testing.T) {
	setup := ward(1, 1000)
	setup.SkipChecks = true
	setup.Workers = setup.Workers[:30]   // so that requests wait,
	setup.Timing.Resync = 24 * time.Hour // and the journal does not tell all of them again
	setup.Faults = simulator.Faults{Restarts: 100, SnapshotPeriod: 10 * time.Minute}
	setup.NewPool = func(at time.Time, c *scheduler.Config) (simulator.Pool, error) {
		pool, err := simulator.NewPool(at, c)
		return &forgetful{pool}, err
	}
	_, err := simulator.Run(context.Background(), setup)
	var found *invariants.Violation
	if !errors.As(err, &found) || found.Check != invariants.SameState ||
		!strings.Contains(err.Error(), "(restart with ") {
		t.Errorf("got %v", err)
	}
}

// With faults, a request that a pool never takes in hangs, and the run ends and says how.
func TestAHangIsExplained(t *testing.T) {
	setup := handMade(1, sub("a", "", 0, 10), sub("b", "", 0, 20))
	setup.SkipChecks = true // they would end the run first
	setup.Faults.NewsLost = 0.1
	setup.NewPool = func(at time.Time, c *scheduler.Config) (simulator.Pool, error) {
		pool, err := simulator.NewPool(at, c)
		return &meddler{Pool: pool, meddle: func(op *protos.Operation,
			apply func(*protos.Operation) *protos.Result) *protos.Result {
			if op.GetTaskWaiting().GetRequestId() == "b" {
				return &protos.Result{}
			}
			return apply(op)
		}}, err
	}
	f, err := simulator.Run(context.Background(), setup)
	if err != nil {
		t.Fatal(err)
	}
	want := `request "b" hangs: the pool takes it for gone, the dispatcher for waiting`
	if len(f.Broken) != 1 || !strings.HasSuffix(f.Broken[0], want) {
		t.Errorf("got %q, want %s", f.Broken, want)
	}
	equal(t, "unfinished", f.All.Unfinished, 1)
}
