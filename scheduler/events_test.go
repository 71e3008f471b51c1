package scheduler_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.chromium.org/luci/common/data/stringset"

	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// eventCount counts events, and does not keep them.
type eventCount struct {
	onlyReads bool
	events    int
	last      *protos.TaskEvent
}

func (c *eventCount) AddEvent(e *protos.TaskEvent) { c.events, c.last = c.events+1, e }

func (c *eventCount) OnlyReads() bool { return c.onlyReads }

// oneTask lets a request with labels and tags wait, be placed and run, and be over.
func oneTask(t *testing.T, s *scheduler.Scheduler, sink scheduler.EventSink, now time.Time) {
	check := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	r := scheduler.TaskRequest{ID: "r", Account: "a", BaseLabels: lab[:2],
		ProvisionableLabels: lab[2:3], EnqueueTime: now}
	check(s.AddRequest(&r, now, lab[:1], sink))
	check(s.MarkIdleWith("w", lab, now, sink))
	s.UpdateTime(now, sink)
	if n := len(s.RunOnce(sink)); n != 1 {
		t.Fatalf("%d requests were placed instead of one", n)
	}
	check(s.NotifyTaskRunning("r", "w", now, sink))
	check(s.NotifyTaskAbsent("r", now, sink))
}

// keepLabels lets a task run that has the labels of oneTask, so that they stay known.
func keepLabels(t *testing.T, s *scheduler.Scheduler) {
	r := scheduler.TaskRequest{ID: "stays", Account: "a", BaseLabels: lab[:2],
		ProvisionableLabels: lab[2:3], EnqueueTime: aliasEpoch}
	for _, err := range []error{
		s.AddRequest(&r, aliasEpoch, nil, nil),
		s.MarkIdleWith("v", lab, aliasEpoch, nil),
		s.NotifyTaskRunning("stays", "v", aliasEpoch, nil),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
}

var lab = []string{"pool:lab", "os:linux", "build:7", "model:a", "cores:8"}

// A task makes three events. To make them costs a sink that only reads nothing, and one that keeps
// them at most four allocations each: the event with its usual parts, its details, and label lists.
func TestWhatEventsCost(t *testing.T) {
	cost := func(sink scheduler.EventSink) float64 {
		s := scheduler.New(aliasEpoch)
		balance := scheduler.Balance{1_000_000_000_000}
		if err := s.AddAccount("a", &scheduler.AccountConfig{}, balance); err != nil {
			t.Fatal(err)
		}
		now := aliasEpoch
		keepLabels(t, s)
		return testing.AllocsPerRun(100, func() {
			now = now.Add(time.Second)
			oneTask(t, s, sink, now)
		})
	}
	const runs = 101 // with the warm-up
	without := cost(nil)
	reader, keeper := &eventCount{onlyReads: true}, &eventCount{}
	if got := cost(reader); got > without {
		t.Errorf("%v allocations with a sink that only reads, %v without a sink", got, without)
	}
	if got, most := cost(keeper), without+3*5; got > most {
		t.Errorf("%v allocations with a sink that keeps events, should be at most %v", got, most)
	}
	if reader.events != 3*runs || keeper.events != 3*runs {
		t.Errorf("%d and %d events instead of %d", reader.events, keeper.events, 3*runs)
	}
	want := []string{"os:linux", "pool:lab"}
	if !slices.Equal(reader.last.BaseLabels, want) || !slices.Equal(keeper.last.BaseLabels, want) {
		t.Errorf("labels are %q and %q, should be %q", reader.last.BaseLabels,
			keeper.last.BaseLabels, want)
	}
}

// Whether a request's labels are on a worker does not depend on their order or on repetition.
func TestSatisfies(t *testing.T) {
	s := scheduler.New(aliasEpoch)
	r := scheduler.NewTaskRequest("r", "", stringset.NewFromSlice("p"),
		stringset.NewFromSlice("x", "y"), aliasEpoch)
	if err := s.AddRequest(r, aliasEpoch, nil, nil); err != nil {
		t.Fatal(err)
	}
	if err := s.MarkIdleWith("w", []string{"y", "x", "y"}, aliasEpoch, nil); err != nil {
		t.Fatal(err)
	}
	many := make([]string, 5000)
	for i := range many {
		many[i] = "x"
	}
	if base, _ := s.Satisfies([]string{"x", "y"}, "r", "w"); base {
		t.Error("a request is on a worker, although it waits")
	}
	s.RunOnce(nil)
	for _, c := range []struct {
		labels     []string
		base, prov bool
	}{
		{nil, false, false},
		{[]string{"x"}, false, false},
		{[]string{"y", "p"}, false, true},
		{[]string{"y", "z", "x", "x"}, true, false},
		{append([]string{"p", "y"}, many...), true, true},
		{many, false, false},
	} {
		base, prov := s.Satisfies(c.labels, "r", "w")
		if base != c.base || prov != c.prov {
			t.Errorf("%.20q: %v, %v instead of %v, %v", c.labels, base, prov, c.base, c.prov)
		}
	}
	base, prov := s.SatisfiesAgain("r", "w")
	require.True(t, base)
	require.False(t, prov, "the worker is not known with p")
	base, _ = s.SatisfiesAgain("r", "v")
	require.False(t, base)
}
