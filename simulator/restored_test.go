package simulator_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
	"github.com/quotasched/quotasched/simulator"
)

// doubted is a pool beside which, at every so many pulls, a new one is made from its snapshot and
// given the same operation.
type doubted struct {
	simulator.Pool
	t     *testing.T
	every int
	pulls int
	asked int // how often a restored pool was
	given int // the assignments that they made
}

func (p *doubted) Apply(ctx context.Context, op *protos.Operation,
	e scheduler.EventSink) (*protos.Result, error) {
	if op.GetAssignTasks() == nil {
		return p.Pool.Apply(ctx, op, e)
	}
	if p.pulls++; p.pulls%p.every > 0 {
		return p.Pool.Apply(ctx, op, e)
	}
	restored, err := simulator.NewPool(op.Time.AsTime(), &scheduler.Config{})
	require.NoError(p.t, err)
	require.NoError(p.t, restored.Restore(p.AppendSnapshot(nil)))
	want, err := restored.Apply(ctx, proto.CloneOf(op), nil)
	require.NoError(p.t, err)
	want = proto.CloneOf(want)
	at := op.Time.AsTime()
	got, err := p.Pool.Apply(ctx, op, e)
	require.NoError(p.t, err)
	if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" {
		p.t.Fatalf("pull %d, at %v: a restored pool (-) and this one (+) decide\n%s", p.pulls, at, diff)
	}
	if restored.Hash() != p.Hash() {
		diff := cmp.Diff(restored.Snapshot(), p.Snapshot(), protocmp.Transform())
		p.t.Fatalf("pull %d, at %v: a restored pool (-) and this one (+) come to\n%s", p.pulls, at, diff)
	}
	p.asked++
	p.given += len(got.Assignments)
	return got, nil
}

// A pool decides what one decides that was made from its snapshot a moment ago: nothing that it
// keeps beside makes a difference, such as what passes have looked at in vain.
func TestARestoredPoolGoesOnTheSame(t *testing.T) {
	setup := labDays(t, 1, 2)
	setup.SkipChecks = true // they restore pools too, but rarely
	p := &doubted{t: t, every: 97}
	setup.NewPool = func(at time.Time, c *scheduler.Config) (simulator.Pool, error) {
		if p.Pool != nil {
			return simulator.NewPool(at, c)
		}
		var err error
		p.Pool, err = simulator.NewPool(at, c)
		return p, err
	}
	f, err := simulator.Run(t.Context(), setup)
	require.NoError(t, err)
	require.Positive(t, f.All.Preempted, "runs are preempted")
	require.Greater(t, p.asked, 30)
	require.Positive(t, p.given, "restored pools assign tasks")
	t.Logf("%d pulls, %d of them asked twice, with %d assignments", p.pulls, p.asked, p.given)
}
