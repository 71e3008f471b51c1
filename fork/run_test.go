package fork_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.chromium.org/luci/common/data/stringset"
	"google.golang.org/protobuf/proto"

	"github.com/quotasched/quotasched/fork"
	"github.com/quotasched/quotasched/pool"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/reconciler"
	"github.com/quotasched/quotasched/scheduler"
)

var nine = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// lab is a pool with the worker "phone", which runs "test" since nine, and with "next" waiting.
func lab(t *testing.T) *protos.Pool {
	t.Helper()
	ctx := context.Background()
	p, err := pool.New(nine, &scheduler.Config{})
	if err != nil {
		t.Fatal(err)
	}
	waits := func(id scheduler.RequestID, at time.Time) {
		t.Helper()
		err := p.Reconciler().NotifyTaskWaiting(ctx, p.Scheduler(), nil,
			&reconciler.TaskWaitingRequest{RequestID: id, EnqueueTime: at, Time: at,
				BaseLabels: stringset.NewFromSlice("os:android")})
		if err != nil {
			t.Fatal(err)
		}
	}
	waits("test", nine)
	p.Reconciler().AssignTasks(ctx, p.Scheduler(), nine, nil, &reconciler.IdleWorker{ID: "phone",
		Labels: stringset.NewFromSlice("os:android", "model:a")})
	err = p.Reconciler().NotifyTaskRunning(ctx, p.Scheduler(), nil,
		&reconciler.TaskRunningRequest{RequestID: "test", WorkerID: "phone", Time: nine})
	if err != nil {
		t.Fatal(err)
	}
	waits("next", nine.Add(time.Minute))
	return p.Snapshot()
}

func quarter(fork.Task) time.Duration { return 15 * time.Minute }

// in is when something happens in a fork of the lab.
func in(t *testing.T, w *fork.World, o fork.Options, k fork.Kind,
	id scheduler.RequestID) (when time.Time, r *fork.Result) {
	t.Helper()
	o.Observe = func(h fork.Happening) {
		if h.Kind == k && h.Task.Request.ID == id && when.IsZero() {
			when = h.Time
		}
	}
	r, err := fork.Run(context.Background(), lab(t), w, o)
	if err != nil {
		t.Fatal(err)
	}
	return when, r
}

func TestARequestStartsWhenATaskEnds(t *testing.T) {
	snapshot := lab(t)
	w := &fork.World{Workers: fork.WorkersOf(snapshot), RunTime: quarter}
	when, r := in(t, w, fork.Options{Until: nine.Add(time.Hour)}, fork.Started, "next")
	if want := nine.Add(15 * time.Minute); !when.Equal(want) || r.Reason != fork.Done {
		t.Errorf("next starts at %v, and then the fork is %v; want %v, done", when, r.Reason, want)
	}
	if !r.Begin.Equal(nine.Add(time.Minute)) || !r.Time.Equal(nine.Add(30*time.Minute)) {
		t.Errorf("the fork went from %v to %v", r.Begin, r.Time)
	}
	if !proto.Equal(snapshot, lab(t)) {
		t.Error("the snapshot was changed")
	}
}

func TestAWorkerOutsideOfTheWorldNeverPulls(t *testing.T) {
	when, r := in(t, &fork.World{RunTime: quarter}, fork.Options{Until: nine.Add(time.Hour)},
		fork.Ended, "test")
	if !when.Equal(nine.Add(15*time.Minute)) || r.Reason != fork.UntilReached {
		t.Errorf("test ends at %v, then the fork is %v", when, r.Reason)
	}
	if _, waits := r.Pool.Scheduler().Request("next"); !waits {
		t.Error("next does not wait at the end")
	}
}

func TestWhatEndsAFork(t *testing.T) {
	w := &fork.World{RunTime: quarter}
	_, r := in(t, w, fork.Options{MaxOperations: 10}, fork.Started, "next")
	if r.Reason != fork.BudgetSpent || r.Operations < 10 || r.Operations > 13 {
		t.Errorf("%v after %d operations of 10", r.Reason, r.Operations)
	}
	_, r = in(t, w, fork.Options{MaxOperations: 10, Stop: func() bool { return true }},
		fork.Started, "next")
	if r.Reason != fork.Stopped || !r.Time.Equal(nine.Add(time.Minute)) {
		t.Errorf("%v at %v", r.Reason, r.Time)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	r, err := fork.Run(ctx, lab(t), w, fork.Options{MaxOperations: 10})
	if !errors.Is(err, context.Canceled) || r.Reason != fork.Canceled || r.Pool == nil {
		t.Errorf("%v, %v", r, err)
	}
}

func TestBadForks(t *testing.T) {
	good := func() (*protos.Pool, *fork.World, *fork.Options) {
		return lab(t), &fork.World{Workers: []fork.Worker{{ID: "phone"}}, RunTime: quarter},
			&fork.Options{Until: nine.Add(time.Hour)}
	}
	arrival := func(id scheduler.RequestID, minute time.Duration) fork.Arrival {
		return fork.Arrival{Time: nine.Add(minute * time.Minute),
			Request: scheduler.TaskRequest{ID: id, EnqueueTime: nine}}
	}
	for _, c := range []struct {
		want  string
		spoil func(*protos.Pool, *fork.World, *fork.Options)
	}{
		{"neither Until nor MaxOperations", func(_ *protos.Pool, _ *fork.World, o *fork.Options) {
			*o = fork.Options{}
		}},
		{"-1 operations", func(_ *protos.Pool, _ *fork.World, o *fork.Options) {
			o.MaxOperations = -1
		}},
		{"before the beginning, 2026-03-02T09:01:00Z",
			func(_ *protos.Pool, _ *fork.World, o *fork.Options) { o.Until = nine }},
		{"no run times", func(_ *protos.Pool, w *fork.World, _ *fork.Options) { w.RunTime = nil }},
		{"tick of -1ns", func(_ *protos.Pool, w *fork.World, _ *fork.Options) { w.Timing.Tick-- }},
		{"heartbeat of -1ns", func(_ *protos.Pool, w *fork.World, _ *fork.Options) {
			w.Timing.Heartbeat--
		}},
		{"worker 1 has no id", func(_ *protos.Pool, w *fork.World, _ *fork.Options) {
			w.Workers = append(w.Workers, fork.Worker{})
		}},
		{`worker "phone" is listed twice`, func(_ *protos.Pool, w *fork.World, _ *fork.Options) {
			w.Workers = append(w.Workers, w.Workers[0])
		}},
		{`worker "phone": label "\xff" is not UTF-8`,
			func(_ *protos.Pool, w *fork.World, _ *fork.Options) {
				w.Workers[0].Labels = []string{"\xff"}
			}},
		{"order 1 is at ", func(_ *protos.Pool, w *fork.World, _ *fork.Options) {
			w.Orders = []*protos.Operation{
				pool.CordonWorker(scheduler.Order{Time: nine.Add(3 * time.Minute)}, "phone"),
				pool.UncordonWorker(scheduler.Order{Time: nine.Add(2 * time.Minute)}, "phone")}
		}},
		{"order 0 changes worker_expiration", func(_ *protos.Pool, w *fork.World, _ *fork.Options) {
			w.Orders = []*protos.Operation{pool.Configure(scheduler.Order{
				Time: nine.Add(2 * time.Minute)}, &scheduler.Config{}, "worker_expiration")}
		}},
		{"order 0 is none of an operator", func(_ *protos.Pool, w *fork.World, _ *fork.Options) {
			w.Orders = []*protos.Operation{pool.Wipe(scheduler.Order{Time: nine.Add(2 * time.Minute)})}
		}},
		{`request "next" is in the snapshot`, func(_ *protos.Pool, w *fork.World, _ *fork.Options) {
			w.Arrivals = []fork.Arrival{arrival("next", 2)}
		}},
		{`request "x" arrives twice`, func(_ *protos.Pool, w *fork.World, _ *fork.Options) {
			w.Arrivals = []fork.Arrival{arrival("x", 2), arrival("x", 2)}
		}},
		{`request "x" arrives at 2026-03-02T09:00:00Z, before the beginning`,
			func(_ *protos.Pool, w *fork.World, _ *fork.Options) {
				w.Arrivals = []fork.Arrival{arrival("x", 0)}
			}},
		{`request "y" arrives at 2026-03-02T09:02:00Z, before request "x"`,
			func(_ *protos.Pool, w *fork.World, _ *fork.Options) {
				w.Arrivals = []fork.Arrival{arrival("x", 3), arrival("y", 2)}
			}},
		{"arrival 0: ", func(_ *protos.Pool, w *fork.World, _ *fork.Options) {
			w.Arrivals = []fork.Arrival{arrival("", 2)}
		}},
		{"invalid snapshot", func(p *protos.Pool, _ *fork.World, _ *fork.Options) {
			p.Scheduler.Workers[0].LabelSet = 99
		}},
	} {
		snapshot, w, o := good()
		c.spoil(snapshot, w, o)
		_, err := fork.Run(context.Background(), snapshot, w, *o)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want one with %q", err, c.want)
		}
	}
	if _, err := fork.Run(context.Background(), nil, nil, fork.Options{}); err == nil {
		t.Error("no error without a pool")
	}
	if _, err := fork.Run(context.Background(), lab(t), nil, fork.Options{}); err == nil {
		t.Error("no error without a world")
	}
}

func TestFleetOfASnapshot(t *testing.T) {
	workers := fork.WorkersOf(lab(t))
	if len(workers) != 1 || workers[0].ID != "phone" ||
		strings.Join(workers[0].Labels, " ") != "model:a os:android" {
		t.Errorf("%+v", workers)
	}
	// Of a snapshot that does not restore it is what can be read.
	spoiled := lab(t)
	spoiled.Scheduler.LabelSets[0].LabelIds[0] = 99
	spoiled.Scheduler.Workers = append(spoiled.Scheduler.Workers, &protos.Worker{LabelSet: 9}, nil)
	if n := len(fork.WorkersOf(spoiled)); n != 3 {
		t.Errorf("%d workers", n)
	}
	if n := len(fork.WorkersOf(nil)); n != 0 {
		t.Errorf("%d workers of no pool", n)
	}
}

// Arrivals that are fetched when they are needed are as good as those that are there from the
// beginning, and checked as well.
func TestMoreArrivals(t *testing.T) {
	at := func(id scheduler.RequestID, minute time.Duration) fork.Arrival {
		return fork.Arrival{Time: nine.Add(minute * time.Minute), Request: scheduler.TaskRequest{
			ID: id, EnqueueTime: nine.Add(minute * time.Minute)}}
	}
	all := []fork.Arrival{at("a", 2), at("b", 20), at("c", 50)}
	happenings := func(w *fork.World) (list []fork.Happening, err error) {
		snapshot := lab(t)
		w.Workers, w.RunTime = fork.WorkersOf(snapshot), quarter
		_, err = fork.Run(t.Context(), snapshot, w, fork.Options{Until: nine.Add(6 * time.Hour),
			Observe: func(h fork.Happening) { list = append(list, h) }})
		return list, err
	}
	more := func(all []fork.Arrival) func() []fork.Arrival {
		return func() []fork.Arrival {
			if len(all) == 0 {
				return nil
			}
			next := all[:1]
			all = all[1:]
			return next
		}
	}
	want, err := happenings(&fork.World{Arrivals: all})
	require.NoError(t, err)
	got, err := happenings(&fork.World{Arrivals: all[:1], More: more(all[1:])})
	require.NoError(t, err)
	require.Equal(t, want, got)
	_, err = happenings(&fork.World{More: more([]fork.Arrival{at("a", 20), at("b", 2)})})
	require.ErrorIs(t, err, fork.ErrInvalid)
	require.ErrorContains(t, err, `request "b" arrives at 2026-03-02T09:02:00Z, before request "a"`)
}
