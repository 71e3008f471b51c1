package history_test

import (
	"context"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/quotasched/quotasched/fork"
	"github.com/quotasched/quotasched/history"
	"github.com/quotasched/quotasched/internal/recording"
	"github.com/quotasched/quotasched/pool"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

var monday = time.Date(2026, time.January, 5, 0, 0, 0, 0, time.UTC)

// recorded returns the history of a recording from after its accounts were made, and the snapshot
// then.
func recorded(t interface{ Fatal(...any) }, r *recording.Recording) (*history.History,
	*protos.Pool) {
	p, n := r.Opened()
	snapshot := p.Snapshot()
	recorder, err := history.New(snapshot)
	if err != nil {
		t.Fatal(err)
	}
	for _, op := range r.Operations[n:] {
		outcome, _ := p.Step(context.Background(), op)
		recorder.Step(op, outcome)
	}
	return recorder.History(), snapshot
}

// starts returns when each request last started in a fork of the recorded world.
func starts(t interface{ Fatal(...any) }, h *history.History,
	snapshot *protos.Pool) map[scheduler.RequestID]time.Time {
	world, _ := h.World(snapshot, 0)
	started := map[scheduler.RequestID]time.Time{}
	_, err := fork.Run(context.Background(), snapshot, world, fork.Options{Until: h.End.Add(time.Minute),
		Observe: func(h fork.Happening) {
			if h.Kind == fork.Started {
				started[h.Task.Request.ID] = h.Task.Start
			}
		}})
	if err != nil {
		t.Fatal(err)
	}
	return started
}

// A fork of the recorded world, under the recorded settings, is what was recorded, if the
// dispatcher was like that of a fork: from the beginning, and from any later step.
func TestWorldIsWhatWasRecorded(t *testing.T) {
	preempted, later := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		accounts := map[scheduler.AccountID]*scheduler.AccountConfig{}
		for i, id := range []scheduler.AccountID{"a", "b"} {
			a := &scheduler.AccountConfig{MaxCharge: time.Hour}
			a.ChargeRate[i] = scheduler.Rate(500 * rapid.IntRange(1, 4).Draw(t, "rate"))
			accounts[id] = a
		}
		p, err := pool.New(monday.Add(-time.Hour), &scheduler.Config{Accounts: accounts})
		if err != nil {
			t.Fatal(err)
		}
		p.Step(context.Background(), pool.AssignTasks(monday))
		d := &dispatcher{pool: p, workers: map[string]*busy{}}
		for i := range rapid.IntRange(1, 4).Draw(t, "workers") {
			d.workers[fmt.Sprintf("w%d", i)] = &busy{}
		}
		snapshot := p.Snapshot()
		if d.recorder, err = history.New(snapshot); err != nil {
			t.Fatal(err)
		}
		var jobs []job
		at := time.Duration(0)
		for i := range rapid.IntRange(1, 30).Draw(t, "requests") {
			at += time.Duration(rapid.IntRange(0, 30_000).Draw(t, "gap")) * time.Millisecond
			jobs = append(jobs, job{id: fmt.Sprintf("r%02d", i), at: at,
				account: rapid.SampledFrom([]string{"a", "b", ""}).Draw(t, "account"),
				run:     time.Duration(rapid.IntRange(1, 200_000).Draw(t, "run")) * time.Millisecond})
		}
		d.cut = rapid.IntRange(1, 300).Draw(t, "cut")
		d.run(jobs, 6*time.Hour)
		h := d.recorder.History()
		for _, request := range h.Requests {
			for i := range request.Runs {
				if request.Runs[i].Ending == history.Preempted {
					preempted++
				}
			}
			if request.Fate != history.Done {
				t.Errorf("%s is %s", request.Content.ID, request.Fate)
			}
		}
		same(t, h, snapshot, 0)
		if d.snapshot != nil {
			later++
			same(t, h, d.snapshot, int64(d.cut))
		}
	})
	if preempted < 10 || later < 10 {
		t.Errorf("only %d runs were preempted, and %d forks began later", preempted, later)
	}
}

// same checks that a fork starts all tasks when they were recorded to start.
func same(t *rapid.T, h *history.History, snapshot *protos.Pool, steps int64) {
	world, _ := h.World(snapshot, steps)
	want := map[scheduler.RequestID][]time.Time{}
	for _, request := range h.Requests {
		for i := range request.Runs {
			if run := &request.Runs[i]; !run.Start.Before(world.Begin) {
				want[request.Content.ID] = append(want[request.Content.ID], run.Start)
			}
		}
	}
	got := map[scheduler.RequestID][]time.Time{}
	_, err := fork.Run(context.Background(), snapshot, world, fork.Options{Until: h.End.Add(time.Minute),
		Observe: func(h fork.Happening) {
			id := h.Task.Request.ID
			if h.Kind == fork.Started {
				got[id] = append(got[id], h.Task.Start)
			}
		}})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("after step %d, starts (-recorded +fork):\n%s", steps, diff)
	}
}

// On the device lab, whose devices poll and are provisioned, a fork comes close.
func TestDeviceLabComesClose(t *testing.T) {
	r, err := recording.Example("device-lab.yaml", "quota", "workload.length=36h")
	if err != nil {
		t.Fatal(err)
	}
	h, snapshot := recorded(t, r)
	started := starts(t, h, snapshot)
	type sum struct {
		recorded, fork float64
		n              int
	}
	sums := map[scheduler.AccountID]*sum{}
	for _, request := range h.Requests {
		a, b := started[request.Content.ID], time.Time{}
		b, _ = request.LastStart()
		if a.IsZero() || b.IsZero() {
			t.Errorf("%s did not start: recorded %v, fork %v", request.Content.ID, b, a)
			continue
		}
		s := sums[request.Content.Account]
		if s == nil {
			s = &sum{}
			sums[request.Content.Account] = s
		}
		s.n++
		s.recorded += b.Sub(request.Content.EnqueueTime).Seconds()
		s.fork += a.Sub(request.Content.EnqueueTime).Seconds()
	}
	_, assumptions := h.World(snapshot, 0)
	for _, s := range assumptions.Sentences() {
		t.Log(s)
	}
	for id, s := range sums {
		recorded, fork := s.recorded/float64(s.n), s.fork/float64(s.n)
		t.Logf("%s: %d requests wait %.0f s in the mean, in the fork %.0f s", id, s.n, recorded, fork)
		if d := math.Abs(fork - recorded); d > 60 && d > recorded/4 {
			t.Errorf("%s waits %.0f s, in the fork %.0f s", id, recorded, fork)
		}
	}
}
