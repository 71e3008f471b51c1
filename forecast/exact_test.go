package forecast_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quotasched/quotasched/forecast"
	"github.com/quotasched/quotasched/fork"
	"github.com/quotasched/quotasched/internal/plain"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// TestExactRunTimesGiveExactStarts forecasts starts and completions of all waiting requests of
// hundreds of random states with the run times that tasks then have. The truth is a plain dispatcher
// over the naive pool.
func TestExactRunTimesGiveExactStarts(t *testing.T) {
	const horizon = 5 * time.Minute
	states := uint64(300)
	if testing.Short() || raceDetector {
		states = 60
	}
	answers := map[protos.RequestForecast_Answer]int{}
	preempted, late, completed := 0, 0, 0
	var events counter
	for seed := range states {
		s, err := plain.NewScene(seed)
		if err != nil {
			t.Fatal(err)
		}
		w := s.World(0, 90*time.Second)
		w.Orders = nil // which no forecast foresees
		run := w.RunTime
		w.RunTime = func(task fork.Task) time.Duration {
			task.Attempt = 0 // each attempt runs as long
			return run(task)
		}
		snapshot := s.Pool.ToProto()
		exact := forecast.RunTimesFunc(func(r *scheduler.TaskRequest) forecast.Estimate {
			return forecast.Estimate{RunTime: forecast.Exactly(w.RunTime(fork.Task{Request: *r})),
				Source: "the test"}
		})
		workers := w.Workers
		if workers == nil {
			workers = []fork.Worker{}
		}
		f, err := forecast.Run(context.Background(), snapshot, exact, forecast.Options{
			Workers: workers, Timing: w.Timing, NoRetry: w.NoRetry, Forks: 2, Horizon: horizon})
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		until := fork.Begin(snapshot).Add(horizon)
		_, err = fork.Run(context.Background(), snapshot, w, fork.Options{Until: until,
			Events: &events})
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		happenings, err := plain.Drive(s.Pool, w, until)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		starts, ends := map[string]time.Time{}, map[string]time.Time{}
		for _, h := range happenings {
			id := string(h.Task.Request.ID)
			if _, again := starts[id]; h.Kind == fork.Started && !again {
				starts[id] = h.Time
			}
			switch h.Kind {
			case fork.Preempted:
				preempted++
			case fork.Ended:
				ends[id] = h.Time
			}
		}
		for _, r := range f.GetRequests() {
			answers[r.GetAnswer()]++
			if c := r.GetCompletion(); c != nil {
				end, ok := ends[r.GetRequestId()]
				require.Equal(t, ok, c.GetLatest() != nil, "seed %d: %s ends at %v, not %v", seed,
					r.GetRequestId(), end, c)
				if ok {
					require.Equal(t, end.UTC(), c.GetLatest().AsTime(), "seed %d: %s", seed,
						r.GetRequestId())
					completed++
				}
			}
			if r.GetAnswer() == protos.RequestForecast_ANSWER_ON_WORKER {
				continue
			}
			start, ok := starts[r.GetRequestId()]
			switch {
			case ok != (r.GetAnswer() == protos.RequestForecast_ANSWER_STARTS):
				t.Fatalf("seed %d: %s starts at %v, and the answer is %v", seed, r.GetRequestId(),
					start, r)
			case ok && (!r.GetEarliest().AsTime().Equal(start) ||
				!r.GetLikely().AsTime().Equal(start) || !r.GetLatest().AsTime().Equal(start)):
				t.Fatalf("seed %d: %s starts at %v, and the answer is %v", seed, r.GetRequestId(),
					start, r)
			case ok && start.After(fork.Begin(snapshot).Add(time.Minute)):
				late++
			}
		}
	}
	t.Logf("%d states; answers %v; %d preemptions, %d changes of level, %d starts after more than "+
		"a minute", states, answers, preempted, events.reprioritized, late)
	if n := int(states); completed < n || preempted < n/30 || events.reprioritized < n/20 || late < n {
		t.Error("too little happened")
	}
}

// counter counts changes of level.
type counter struct{ reprioritized int }

func (c *counter) AddEvent(e *protos.TaskEvent) {
	if e.GetType() == protos.TaskEvent_TYPE_REPRIORITIZED {
		c.reprioritized++
	}
}
