package reference_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"hash"
	"runtime"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/quotasched/quotasched/internal/invariants"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/reconciler"
	"github.com/quotasched/quotasched/scheduler"
)

// TestSameOnAnyMachine tells the same stories to the engine with one CPU and with two, as they are
// and with a restore from a snapshot after every operation: all results, events and states must be
// the same.
func TestSameOnAnyMachine(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for i := range profiles {
		p := &profiles[i]
		t.Run(p.name, func(t *testing.T) {
			for seed := range uint64(5) {
				runtime.GOMAXPROCS(1)
				one := tellEngine(t, p, seed, false)
				restored := tellEngine(t, p, seed, true)
				runtime.GOMAXPROCS(2)
				two := tellEngine(t, p, seed, false)
				if !bytes.Equal(one, two) {
					t.Errorf("seed %d: one CPU and two come to different ends", seed)
				}
				if !bytes.Equal(one, restored) {
					t.Errorf("seed %d: with restores it comes to a different end", seed)
				}
			}
		})
	}
}

// tellEngine tells a story to the engine alone, and returns a sum of all that came of it.
func tellEngine(t *testing.T, p *profile, seed uint64, restore bool) []byte {
	t.Helper()
	dice := newSeededDice(seed)
	engine, state := newEngine(t, dice, p)
	story := newStoryteller(dice, p)
	sum := sha256.New()
	for range 100 {
		op := story.next()
		sink := &recorder{}
		result, err := reconciler.Apply(context.Background(), state, engine,
			cloneOperation(op), sink)
		pool := &protos.Pool{Scheduler: engine.ToProto(), Reconciler: state.ToProto()}
		story.look(op, pool, sink.events)
		note(sum, err, result, pool, sink.events)
		if !restore {
			continue
		}
		if engine, err = scheduler.Restore(pool.GetScheduler()); err != nil {
			t.Fatal(err)
		}
		if state, err = reconciler.Restore(pool.GetReconciler()); err != nil {
			t.Fatal(err)
		}
		again := &protos.Pool{Scheduler: engine.ToProto(), Reconciler: state.ToProto()}
		if err := invariants.CheckSame(pool, again); err != nil {
			t.Fatal(err)
		}
	}
	return sum.Sum(nil)
}

// note adds what came of an operation to a sum.
func note(sum hash.Hash, err error, result *protos.Result, pool *protos.Pool,
	events []*protos.TaskEvent) {
	all := []proto.Message{pool}
	if result != nil {
		all = append(all, result)
	}
	for _, ev := range events {
		all = append(all, ev)
	}
	fmt.Fprintln(sum, err != nil, len(all))
	for _, m := range all {
		sum.Write(marshal(m))
	}
}
