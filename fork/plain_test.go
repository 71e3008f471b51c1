package fork_test

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/quotasched/quotasched/fork"
	"github.com/quotasched/quotasched/internal/plain"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// story returns happenings in an order in which those of one instant are sorted.
func story(hs []fork.Happening) []fork.Happening {
	slices.SortStableFunc(hs, func(a, b fork.Happening) int {
		return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.Kind, b.Kind),
			cmp.Compare(a.Task.Worker, b.Task.Worker),
			cmp.Compare(a.Task.Request.ID, b.Task.Request.ID))
	})
	return hs
}

// TestAgreesWithThePlainDriver goes on from random states in random worlds: what happens must be
// what happens if all workers pull at all ticks, on the naive pool.
func TestAgreesWithThePlainDriver(t *testing.T) {
	counts := map[fork.Kind]int{}
	states := uint64(200)
	if raceDetector {
		states = 40
	}
	for seed := range states {
		s, err := plain.NewScene(seed)
		if err != nil {
			t.Fatal(err)
		}
		w := s.World(int(seed%12), 90*time.Second)
		snapshot := s.Pool.ToProto()
		until := fork.Begin(snapshot).Add(5 * time.Minute)
		var got []fork.Happening
		result, err := fork.Run(context.Background(), snapshot, w, fork.Options{Until: until,
			Observe: func(h fork.Happening) {
				counts[h.Kind]++
				got = append(got, h)
			}})
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		want, err := plain.Drive(s.Pool, w, until)
		if err != nil {
			t.Fatalf("seed %d: plain: %v", seed, err)
		}
		ignored := cmpopts.IgnoreFields(scheduler.TaskRequest{}, "ConfirmedTime", "Blocked",
			"Worker")
		if diff := gocmp.Diff(story(want), story(got), ignored, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("seed %d, %v (-plain +fork):\n%s", seed, result.Reason, diff)
		}
		// When they were last heard of is all that pulls left out may change.
		diff := gocmp.Diff(s.Pool.ToProto(), result.Pool.Snapshot(), protocmp.Transform(),
			protocmp.IgnoreFields(&protos.Request{}, "confirmed_time"),
			protocmp.IgnoreFields(&protos.Worker{}, "confirmed_time"))
		if diff != "" {
			t.Fatalf("seed %d, %v: pools (-plain +fork):\n%s", seed, result.Reason, diff)
		}
	}
	for k := fork.Arrived; k <= fork.WorkerGone; k++ {
		if counts[k] == 0 && !raceDetector {
			t.Errorf("nothing was %v", k)
		}
	}
	t.Log(fmt.Sprint(counts))
}
