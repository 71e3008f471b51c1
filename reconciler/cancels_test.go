package reconciler_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/quotasched/quotasched/reconciler"
	"github.com/quotasched/quotasched/scheduler"
)

// A request is among the cancellations or not, as Cancels says.
func TestCancelsAgreesWithCancellations(t *testing.T) {
	ctx, cancelled := context.Background(), 0
	for seed := range uint64(10) {
		rng, d := rand.New(rand.NewPCG(seed, 9)), newDriven()
		for n := range 300 {
			op := randomOp(rng)
			op.Time = timestamppb.New(epoch.Add(time.Duration(n) * time.Second))
			if _, err := reconciler.Apply(ctx, d.state, d.s, op, nil); err != nil {
				t.Fatal(err)
			}
			among := map[string]bool{}
			for _, c := range d.state.Cancellations(ctx) {
				among[c.RequestID] = true
			}
			cancelled += len(among)
			for i := range 9 {
				id := fmt.Sprint("r", i)
				if got := d.state.Cancels(scheduler.RequestID(id)); got != among[id] {
					t.Fatalf("seed %d, step %d: Cancels(%s) is %v", seed, n, id, got)
				}
			}
		}
	}
	if cancelled == 0 {
		t.Fatal("nothing was cancelled")
	}
}
