package worker_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quotasched/quotasched/protos/dispatch"
	"github.com/quotasched/quotasched/worker"
)

func TestAStopIsFollowedAndItsGrace(t *testing.T) {
	play(t, nil, func(s *stage) {
		s.give("a/1", 0, simulate("1h", "0"))
		s.give("b/1", 1, simulate("1h", "0"))
		s.wait(time.Second)
		s.stop("a/1", time.Minute)
		s.stop("b/1", time.Millisecond)
		s.wait(100 * time.Millisecond)
		require.Equal(s, "FINISHED SIGKILL", s.fake.end("b/1"))
		require.Empty(s, s.fake.end("a/1"))
		s.wait(2 * time.Second)
		require.Equal(s, "FINISHED SIGTERM", s.fake.end("a/1"))
	})
}

// Nomad's task runner: hooks in order, before and after; one that fails keeps the task from
// starting.
func TestHooksRunInOrder(t *testing.T) {
	var calls []string
	note := func(what string) func(context.Context, *dispatch.Run) error {
		return func(_ context.Context, r *dispatch.Run) error {
			calls = append(calls, r.GetLeaseId()+" "+what)
			if what == "prestart 2" && r.GetLeaseId() == "bad/1" {
				return errors.New("no network")
			}
			return nil
		}
	}
	slow := func(ctx context.Context, _ *dispatch.Run) error { <-ctx.Done(); return nil }
	play(t, func(s *stage) {
		s.config.Hooks = []worker.Hook{
			{Name: "one", Prestart: note("prestart 1"), Poststart: note("poststart"),
				Stop: note("stop"), Exited: note("exited")},
			{Name: "two", Prestart: note("prestart 2"), Stop: slow, Timeout: time.Second},
		}
	}, func(s *stage) {
		s.give("ok/1", 0, simulate("1h", "0"))
		s.wait(time.Second)
		s.stop("ok/1", time.Minute)
		s.wait(5 * time.Second)
		require.Equal(s, []string{"ok/1 prestart 1", "ok/1 prestart 2", "ok/1 poststart",
			"ok/1 stop", "ok/1 exited"}, calls)
		s.give("bad/1", 0, simulate("1h", "0"))
		s.wait(time.Second)
		require.Equal(s, "REJECTED: hook two, prestart: no network", s.fake.end("bad/1"))
	})
}

func TestAStopEndsAPrestartHook(t *testing.T) {
	play(t, func(s *stage) {
		s.config.Hooks = []worker.Hook{{Name: "slow", Timeout: time.Hour,
			Prestart: func(ctx context.Context, _ *dispatch.Run) error {
				<-ctx.Done()
				return context.Cause(ctx)
			}}}
	}, func(s *stage) {
		s.give("a/1", 0, simulate("1h", "0"))
		s.wait(ttl)
		require.Equal(s, "a/1 PREPARING", s.told())
		s.stop("a/1", time.Minute)
		s.wait(time.Second)
		require.Equal(s, "REJECTED: hook slow, prestart: context canceled", s.fake.end("a/1"))
	})
}

func TestWhatATaskHasSavedIsSaid(t *testing.T) {
	play(t, func(s *stage) {
		s.config.Driver.(*worker.Simulated).SavesEvery = time.Minute
	}, func(s *stage) {
		s.give("a/1", 0, simulate("1h", "0"))
		s.wait(10*time.Minute + 40*time.Second)
		require.Equal(s, 10*time.Minute, s.newest().GetLeases()[0].GetSavedFor().AsDuration())
		s.stop("a/1", 0)
	})
}

// stuckDriver has tasks that cannot be killed while it says so.
type stuckDriver struct {
	worker.Simulated
	stuck atomic.Bool
}

type stuckProcess struct {
	worker.Process
	driver *stuckDriver
}

func (d *stuckDriver) Start(ctx context.Context, t worker.Task) (worker.Process, error) {
	p, err := d.Simulated.Start(ctx, t)
	return stuckProcess{p, d}, err
}

func (p stuckProcess) Stuck() bool { return p.driver.stuck.Load() }

// Never idle with a live child: a task that does not die keeps its slot, and the worker says why it
// takes no others.
func TestATaskThatDoesNotDieKeepsItsSlotAndTheWorkerFromWork(t *testing.T) {
	driver := &stuckDriver{}
	play(t, func(s *stage) {
		driver.Clock, driver.StopTakes = s.config.Clock, time.Hour
		s.config.Driver = driver
	}, func(s *stage) {
		s.give("a/1", 0, simulate("10h", "0"))
		s.wait(time.Second)
		driver.stuck.Store(true)
		s.stop("a/1", 5*time.Minute)
		s.give("b/1", 0, simulate("1h", "0"))
		s.wait(2 * time.Minute)
		require.Equal(s, "a/1 STOPPING, b/1 ACCEPTED", s.told())
		require.Equal(s, "cannot be killed: a/1", s.newest().GetRefusal())
		driver.stuck.Store(false)
		s.wait(4 * time.Minute)
		require.Equal(s, "FINISHED SIGKILL", s.fake.end("a/1"))
		require.Equal(s, "b/1 RUNNING", s.told())
		require.True(s, s.newest().GetAcceptsWork())
	})
}
