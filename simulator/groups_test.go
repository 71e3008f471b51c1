package simulator_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/quotasched/quotasched/simulator"
)

// twoPools is a setup of two pools, of which one is full: a has one worker and two requests at 0, b has
// two workers and one request; another request, of two tasks, runs anywhere.
func twoPools() *simulator.Setup {
	first, second, third := sub("a1", "x", 0, 100), sub("a2", "x", 0, 100), sub("b1", "y", 0, 50)
	first.BaseLabels, second.BaseLabels = []string{"pool:a"}, []string{"pool:a"}
	third.BaseLabels = []string{"pool:b"}
	both := sub("any", "y", 150, 10)
	both.Size = 2
	setup := handMade(3, first, second, third, both)
	setup.GroupBy = []string{"pool"}
	for i := range setup.Workers {
		setup.Workers[i].Labels = []string{"pool:" + []string{"a", "b", "b"}[i]}
	}
	return setup
}

// Pool a is busy all the time, and has a request that waits for half of them.
func TestFiguresByLabel(t *testing.T) {
	f := run(t, twoPools())
	require.Len(t, f.Groupings, 2)
	require.Equal(t, "pool", f.Groupings[0].By)
	groups := f.Groupings[0].Groups
	require.Len(t, groups, 3)
	anyPool, a, b := groups[0], groups[1], groups[2]
	require.Equal(t, []string{"", "a", "b"}, []string{anyPool.Value, a.Value, b.Value})
	require.Equal(t, []int{0, 1, 2}, []int{anyPool.Workers, a.Workers, b.Workers})
	require.Equal(t, []int{2, 2, 1}, []int{anyPool.Requests, a.Requests, b.Requests})
	require.Equal(t, []int{2, 2, 1}, []int{anyPool.Completed, a.Completed, b.Completed})
	require.Equal(t, 200.0, a.UsedSeconds)
	require.Greater(t, a.Utilisation, 0.99)
	require.Equal(t, 100.0, a.Wait.MaxSeconds)
	require.InDelta(t, 0.5, a.QueueMean, 0.01)
	require.Equal(t, 70.0, b.UsedSeconds, "its own request, and both tasks that run anywhere")
	require.Zero(t, anyPool.Utilisation, "there is no worker without a pool")
}

func TestFiguresBySize(t *testing.T) {
	f := run(t, twoPools())
	sizes := f.Groupings[1]
	require.Empty(t, sizes.By)
	require.Len(t, sizes.Groups, 2)
	one, two := sizes.Groups[0], sizes.Groups[1]
	require.Equal(t, []string{"1", "2"}, []string{one.Value, two.Value})
	require.Equal(t, []float64{250, 20}, []float64{one.UsedSeconds, two.UsedSeconds})
	require.InDelta(t, f.Pool.Utilisation, one.Utilisation+two.Utilisation, 1e-5)
	alone := run(t, handMade(1, sub("a", "", 0, 1)))
	require.Empty(t, alone.Groupings, "all requests have the size 1")
}

// Of twenty requests for one worker, the last ones wait for longest, and the one that was
// preempted is named.
func TestNotableRequests(t *testing.T) {
	var list []simulator.Submission
	for i := range 20 {
		list = append(list, sub(fmt.Sprint("r", i), "", i, 100))
	}
	list = append(list, sub("paid", "team", 20, 10))
	setup := handMade(1, list...)
	quota(setup, "team")
	f := run(t, setup)
	require.Len(t, f.LongestWaits, 10)
	require.EqualValues(t, "r19", f.LongestWaits[0].Request)
	require.True(t, slices.IsSortedFunc(f.LongestWaits, func(a, b simulator.NotableRequest) int {
		return int(b.WaitSeconds - a.WaitSeconds)
	}))
	require.Len(t, f.MostPreempted, 1)
	preempted := f.MostPreempted[0]
	require.EqualValues(t, "r0", preempted.Request)
	require.Equal(t, []int{1, 2}, []int{preempted.Preemptions, preempted.Runs})
	require.Equal(t, "completed", preempted.Outcome)
	require.Equal(t, monday, preempted.Submit)
	require.Greater(t, preempted.LostSeconds, 19.0)
}

func TestTooManyGroups(t *testing.T) {
	setup := handMade(1001, sub("a", "", 0, 1))
	for i := range setup.Workers {
		setup.Workers[i].Labels = []string{fmt.Sprint("serial:", i)}
	}
	setup.GroupBy = []string{"serial"}
	_, err := simulator.Run(t.Context(), setup)
	require.ErrorIs(t, err, simulator.ErrSetup)
	require.ErrorContains(t, err, `figures by label "serial": it has 1,002 values, more than 1,000`)
}

// checkGroupings: of each grouping, the groups sum up to the whole.
func checkGroupings(t *rapid.T, setup *simulator.Setup, f *simulator.Figures) {
	for _, g := range f.Groupings {
		var sum simulator.GroupFigures
		waits, queueSteps, busySteps := 0.0, 0.0, 0.0
		for _, x := range g.Groups {
			sum.Requests += x.Requests
			sum.Completed += x.Completed
			sum.Impossible += x.Impossible
			sum.Workers += x.Workers
			sum.Preempted += x.Preempted
			sum.LostSeconds += x.LostSeconds
			sum.UsedSeconds += x.UsedSeconds
			sum.QueueMean += x.QueueMean
			waits += x.Wait.MeanSeconds * float64(x.Wait.Count)
			queueSteps += integral(f, x.Queue)
			busySteps += integral(f, x.Busy)
		}
		same(t, "requests by "+g.By, sum.Requests, f.All.Requests)
		same(t, "completed by "+g.By, sum.Completed, f.All.Completed)
		same(t, "impossible by "+g.By, sum.Impossible, f.All.Impossible)
		near(t, "used by "+g.By, sum.UsedSeconds, f.All.UsedSeconds)
		within(t, "queue by "+g.By, 1e-4, sum.QueueMean, f.Pool.QueueMean)
		within(t, "waits by "+g.By, 0.1, waits, f.All.Wait.MeanSeconds*float64(f.All.Completed))
		tolerance := 0.001*f.Pool.SpanSeconds*float64(len(g.Groups)) + 1e-3
		within(t, "queue over time by "+g.By, tolerance, queueSteps, f.Pool.QueueMean*f.Pool.SpanSeconds)
		within(t, "busy over time by "+g.By, tolerance, busySteps, f.All.UsedSeconds)
		if g.By != "" {
			same(t, "workers by "+g.By, sum.Workers, f.Pool.Workers)
		}
		if setup.WarmUp == 0 {
			same(t, "preempted by "+g.By, sum.Preempted, f.All.Preempted)
			near(t, "lost by "+g.By, sum.LostSeconds, f.All.LostSeconds)
		}
	}
}

// checkNotables: they are those that the records say.
func checkNotables(t *rapid.T, f *simulator.Figures, records []simulator.TaskRecord) {
	preempted, longest := 0, time.Duration(0)
	for _, r := range records {
		preempted = max(preempted, r.Preemptions)
		if r.Outcome == "completed" {
			longest = max(longest, r.Start-r.Submit)
		}
	}
	if preempted > 0 {
		same(t, "most preempted", f.MostPreempted[0].Preemptions, preempted)
	} else {
		same(t, "preempted", len(f.MostPreempted), 0)
	}
	if longest > 0 && f.LongestWaits[0].WaitSeconds < longest.Seconds()-0.001 {
		t.Fatalf("%+v waited for longest, and one for %v", f.LongestWaits[0], longest)
	}
}
