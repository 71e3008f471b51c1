package forecast_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quotasched/quotasched/forecast"
	"github.com/quotasched/quotasched/pool"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// campaigns is a history of an account whose runs are short or long, twenty times in a row, as its
// campaigns are; shuffled has the same runs in random order.
func campaigns(shuffled bool) *forecast.History {
	runs := make([]time.Duration, 100)
	for i := range runs {
		runs[i] = time.Duration(10+50*(i/20%2)) * time.Minute
	}
	if shuffled {
		rand.New(rand.NewPCG(1, 2)).Shuffle(len(runs), func(i, k int) {
			runs[i], runs[k] = runs[k], runs[i]
		})
	}
	h := forecast.NewHistory(forecast.HistoryOptions{})
	for _, run := range runs {
		h.Observe(of("lab", "phone"), run)
	}
	return h
}

func TestNeighboursInARecordAreSimilar(t *testing.T) {
	require.Greater(t, campaigns(false).Of(of("lab", "phone")).Similarity, 0.4)
	require.Less(t, campaigns(true).Of(of("lab", "phone")).Similarity, 0.15)

	h := forecast.NewHistory(forecast.HistoryOptions{})
	for range 100 {
		h.Observe(of("constant"), time.Hour)
	}
	require.Zero(t, h.Of(of("constant")).Similarity, "where all are the same, nothing is to mix")

	h = forecast.NewHistory(forecast.HistoryOptions{})
	for i := range 19 {
		h.Observe(of("new"), time.Duration(i)*time.Hour)
	}
	require.Zero(t, h.Of(of("new")).Similarity, "too few runs to tell")
}

// Of a queue of one account, nobody knows whether it is of a campaign of short runs or of long
// ones, so its last request may start early or late. If runs were independent, they would average
// out.
func TestAQueueOfOneAccountDoesNotAverageOut(t *testing.T) {
	p, err := pool.New(nine, &scheduler.Config{})
	require.NoError(t, err)
	const queue = 30
	for i := range queue {
		op := waits(fmt.Sprintf("r%02d", i), "lab", i, "phone")
		_, err := p.Apply(t.Context(), op, nil)
		require.NoError(t, err)
	}
	_, err = p.Apply(t.Context(), &protos.Operation{Time: timestamp(queue),
		Kind: &protos.Operation_AssignTasks{AssignTasks: &protos.AssignTasks{
			Workers: []*protos.IdleWorker{{WorkerId: "phone", Labels: []string{"phone"}}}}}}, nil)
	require.NoError(t, err)
	last := func(h *forecast.History) (likely, width time.Duration) {
		f := run(t, p.Snapshot(), h, forecast.Options{Forks: 200,
			Requests: []scheduler.RequestID{"r29"}})
		q := f.GetRequests()[0].GetStartInForks()
		return q.GetP50().AsDuration(), q.GetP90().AsDuration() - q.GetP10().AsDuration()
	}
	mean := 29 * 30 * time.Minute // 60 of 100 runs are short
	likely, width := last(campaigns(true))
	require.InDelta(t, mean.Hours(), likely.Hours(), 2)
	_, wide := last(campaigns(false))
	require.Greater(t, wide, 3*width/2)
	require.Greater(t, wide, mean/2)
}
