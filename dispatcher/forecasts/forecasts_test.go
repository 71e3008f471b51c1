package forecasts_test

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quotasched/quotasched/dispatcher/forecasts"
	"github.com/quotasched/quotasched/dispatcher/journals"
	"github.com/quotasched/quotasched/pool"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

var start = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// A world is a pool with one worker, whose journal is kept.
type world struct {
	t    *testing.T
	to   *journals.Journals
	pool *pool.Pool
	now  time.Time
}

func newWorld(t *testing.T) *world {
	j, err := journals.New(journals.Options{Dir: t.TempDir(), KeepBytes: 1 << 30, KeepFor: time.Hour,
		Logger: slog.New(slog.NewTextHandler(t.Output(), nil))})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, j.Close()) })
	p, err := pool.New(start, &scheduler.Config{})
	require.NoError(t, err)
	j.Begin("lab", 1, [][]byte{p.AppendSnapshot(nil)})
	return &world{t: t, to: j, pool: p, now: start}
}

func (w *world) tell(op *protos.Operation) *protos.Outcome {
	outcome, err := w.pool.Step(context.Background(), op)
	require.NoError(w.t, err)
	w.to.Step("lab", op, outcome)
	return outcome
}

func (w *world) submit(id string) {
	w.tell(pool.TaskWaiting(w.now, scheduler.TaskRequest{ID: scheduler.RequestID(id),
		EnqueueTime: w.now, BaseLabels: []string{"os:linux"}}))
}

// run lets the worker pull and run a task to its end.
func (w *world) run(id string, d time.Duration) {
	w.begin(id)
	w.now = w.now.Add(d)
	w.tell(pool.TaskAbsent(w.now, scheduler.RequestID(id)))
}

func (w *world) begin(id string) {
	w.tell(pool.AssignTasks(w.now, pool.IdleWorker("w/0", "os:linux")))
	w.tell(pool.TaskRunning(w.now, scheduler.RequestID(id), "w/0"))
}

// The answer rests on the runs in the journal, and says on how many. What came since is known at the
// next question.
func TestAForecastRestsOnTheJournal(t *testing.T) {
	w := newWorld(t)
	for i := range 20 {
		id := fmt.Sprint("old-", i)
		w.submit(id)
		w.run(id, 10*time.Minute)
	}
	w.submit("first")
	w.submit("second")
	w.begin("first")
	f := forecasts.New(w.to)
	answer, text, err := f.Of(t.Context(), forecasts.Question{Pool: "lab", Task: "second", Now: w.now})
	require.NoError(t, err)
	require.Len(t, answer.GetRequests(), 1)
	require.Equal(t, protos.RequestForecast_ANSWER_STARTS, answer.GetRequests()[0].GetAnswer())
	require.Contains(t, text, "20")
	likely := answer.GetRequests()[0].GetLikely().AsTime()
	require.WithinDuration(t, w.now.Add(10*time.Minute), likely, 2*time.Minute)

	_, _, err = f.Of(t.Context(), forecasts.Question{Pool: "lab", Task: "first", Now: w.now})
	require.ErrorIs(t, err, forecasts.ErrNotWaiting)
	_, _, err = f.Of(t.Context(), forecasts.Question{Pool: "no", Task: "first", Now: w.now})
	require.ErrorIs(t, err, journals.ErrNone)
	w.submit("third")
	answer, _, err = f.Of(t.Context(), forecasts.Question{Pool: "lab", Task: "third", Now: w.now})
	require.NoError(t, err)
	require.Equal(t, "third", answer.GetRequests()[0].GetRequestId())
}
