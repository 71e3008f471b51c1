package worker_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quotasched/quotasched/protos/dispatch"
	"github.com/quotasched/quotasched/worker"
)

const ttl = 60 * time.Second

// stage is an agent with simulated tasks and its dispatcher, in virtual time.
type stage struct {
	*testing.T
	*fake
	config  worker.Config
	ended   chan error
	drain   context.CancelFunc
	end     func()
	abort   func()
	stateIn string
}

// play runs a test in virtual time, with an agent that is connected.
func play(t *testing.T, change func(*stage), test func(*stage)) {
	t.Helper()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := &stage{T: t, fake: newFake(ttl), stateIn: dir}
		begin := time.Now()
		clock := func() time.Duration { return time.Since(begin) + time.Hour }
		s.config = worker.Config{
			Pool: "lab", Name: "host", Labels: []string{"os:linux"}, Slots: 2, StateDir: dir,
			Driver: &worker.Simulated{Clock: clock, StopTakes: time.Second}, Clock: clock,
		}
		s.config.Dispatcher, s.end = s.serve()
		if change != nil {
			change(s)
		}
		defer s.end()
		s.start()
		defer func() {
			s.drain()
			s.abort()
			s.setCut(false)
			s.change(func() { s.mute, s.withhold = false, false })
			<-s.ended
		}()
		test(s)
	})
}

func (s *stage) start() {
	ctx, cancel := context.WithCancel(context.Background())
	s.drain = cancel
	abort := make(chan struct{})
	s.config.Abort = abort
	s.abort = sync.OnceFunc(func() { close(abort) })
	ended, config := make(chan error, 1), s.config
	s.ended = ended
	go func() {
		defer close(ended)
		ended <- worker.Run(ctx, config)
	}()
	s.wait(time.Second)
}

// wait lets time pass.
func (s *stage) wait(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func simulate(run, exit string) *dispatch.TaskSpec {
	return &dispatch.TaskSpec{Payload: &dispatch.TaskSpec_Exec{Exec: &dispatch.Exec{
		Command: []string{"simulate", run, exit},
	}}}
}

func TestAnAgentRunsATaskAndSaysSo(t *testing.T) {
	play(t, nil, func(s *stage) {
		r := s.newest()
		require.True(s, r.GetAcceptsWork())
		require.EqualValues(s, 2, r.GetSlots())
		require.Equal(s, []string{"os:linux"}, r.GetLabels())
		s.give("a/1", 0, simulate("10m", "3"))
		s.wait(time.Second)
		require.Equal(s, "a/1 RUNNING", s.told())
		s.wait(9 * time.Minute)
		require.Equal(s, "a/1 RUNNING", s.told())
		require.Greater(s, s.newest().GetLeases()[0].GetRunningFor().AsDuration(), 8*time.Minute)
		s.wait(time.Minute)
		require.Equal(s, "FINISHED 3", s.fake.end("a/1"))
		s.wait(ttl)
		require.Empty(s, s.told(), "what is recorded is still reported")
	})
}

// SwarmKit's sessions: a lost one is made anew, and all statuses are sent in it.
func TestABrokenConnectionIsMadeAnewAndAllIsSaidAgain(t *testing.T) {
	play(t, nil, func(s *stage) {
		s.give("a/1", 0, simulate("1h", "0"))
		s.wait(time.Second)
		s.setCut(true)
		s.wait(20 * time.Second)
		s.mu.Lock()
		dials := s.dials
		s.mu.Unlock()
		require.Greater(s, dials, 5)
		require.Less(s, dials, 20, "it does not back off")
		s.setCut(false)
		s.wait(20 * time.Second)
		require.Equal(s, "a/1 RUNNING", s.told())
		require.Empty(s, s.fake.end("a/1"))
	})
}

// A worker stops its tasks by its own clock before the dispatcher gives them to another.
func TestATaskOfAWorkerThatIsCutOffEndsWithinTheTTL(t *testing.T) {
	play(t, nil, func(s *stage) {
		goesOn := simulate("1h", "0")
		goesOn.OnDisconnect = dispatch.TaskSpec_ON_DISCONNECT_CONTINUE
		s.give("a/1", 0, simulate("1h", "0"))
		s.give("b/1", 1, goesOn)
		s.wait(time.Second)
		s.setCut(true)
		s.wait(ttl)
		s.setCut(false)
		s.wait(ttl)
		require.Equal(s, "LOST", s.fake.end("a/1"))
		require.Empty(s, s.fake.end("b/1"))
		require.Contains(s, s.told(), "b/1 RUNNING")
		s.stop("b/1", 0)
	})
}

// A dispatcher that takes reports and does not answer counts as silent, and its connection as dead.
func TestADispatcherThatDoesNotAnswerIsAskedAnew(t *testing.T) {
	play(t, nil, func(s *stage) {
		s.give("a/1", 0, simulate("1h", "0"))
		s.wait(time.Second)
		s.change(func() { s.mute = true })
		s.wait(ttl)
		s.change(func() { s.mute = false })
		s.wait(ttl)
		require.Equal(s, "LOST", s.fake.end("a/1"))
		require.Empty(s, s.told())
	})
}

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

func TestAgentsWorkWithoutStreams(t *testing.T) {
	for name, change := range map[string]func(*stage){
		"told":  func(s *stage) { s.config.CallsOnly = true },
		"found": func(s *stage) { s.noStream = true },
	} {
		t.Run(name, func(t *testing.T) {
			play(t, change, func(s *stage) {
				s.wait(5 * time.Minute) // idle polls
				n := s.said()
				require.Less(s, n, 30)
				s.give("a/1", 0, simulate("3m", "0"))
				s.wait(time.Minute)
				require.Equal(s, "a/1 RUNNING", s.told())
				s.wait(2*time.Minute + time.Second)
				require.Equal(s, "FINISHED 0", s.fake.end("a/1"))
				s.wait(ttl)
				require.Empty(s, s.told())
				require.Less(s, s.said()-n, 50)
			})
		})
	}
}

// A drain ends when the results are acknowledged.
func TestADrainFinishesWhatRunsAndWaitsUntilItIsRecorded(t *testing.T) {
	play(t, nil, func(s *stage) {
		s.give("a/1", 0, simulate("10m", "0"))
		s.wait(time.Second)
		s.change(func() { s.withhold = true })
		s.drain()
		s.wait(time.Second)
		require.False(s, s.newest().GetAcceptsWork())
		require.Equal(s, "the worker drains", s.newest().GetRefusal())
		s.wait(10 * time.Minute)
		require.Equal(s, "a/1 FINISHED", s.told())
		require.Empty(s, s.ended)
		s.change(func() { s.withhold = false })
		s.wait(time.Second)
		require.NoError(s, <-s.ended)
	})
}

// A poll that is given up may have been given work: an agent that ends is heard first.
func TestAnIdleAgentEndsWhenTheDispatcherKnows(t *testing.T) {
	play(t, nil, func(s *stage) {
		s.drain()
		require.NoError(s, <-s.ended)
		require.Equal(s, "the worker drains", s.newest().GetRefusal())
	})
	play(t, nil, func(s *stage) {
		s.setCut(true)
		s.wait(time.Second)
		begin := time.Now()
		s.drain()
		require.NoError(s, <-s.ended)
		require.Equal(s, 10*time.Second, time.Since(begin))
	})
}

func TestAResultThatIsNotRecordedIsSaidByTheNextAgent(t *testing.T) {
	var leave chan struct{}
	play(t, func(s *stage) {
		leave = make(chan struct{}) // in the test's own time
		s.config.Leave = leave
	}, func(s *stage) {
		s.give("a/1", 0, simulate("10m", "7"))
		s.give("b/1", 1, simulate("10h", "0"))
		s.change(func() { s.withhold = true })
		s.wait(11 * time.Minute)
		close(leave)
		require.NoError(s, <-s.ended)
		s.config.Leave = nil
		s.change(func() { s.ends = map[string]*dispatch.LeaseReport{} })
		s.start()
		require.Equal(s, "FINISHED 7", s.fake.end("a/1"))
		require.Equal(s, "LOST", s.fake.end("b/1"), "it ended with its agent")
	})
}

func TestASecondSignalStopsTasks(t *testing.T) {
	play(t, nil, func(s *stage) {
		s.give("a/1", 0, simulate("10h", "0"))
		s.wait(time.Second)
		s.drain()
		s.wait(time.Minute)
		require.Equal(s, "a/1 RUNNING", s.told())
		s.abort()
		s.wait(2 * time.Second)
		require.Equal(s, "LOST", s.fake.end("a/1"))
		require.NoError(s, <-s.ended)
	})
}

func TestDirectives(t *testing.T) {
	play(t, nil, func(s *stage) {
		s.give("a/1", 0, simulate("10m", "0"))
		s.wait(time.Second)
		s.change(func() { s.directs = dispatch.Orders_DIRECTIVE_DRAIN })
		s.wait(time.Second)
		require.Equal(s, "the dispatcher said so", s.newest().GetRefusal())
		s.change(func() { s.directs = dispatch.Orders_DIRECTIVE_UNSPECIFIED })
		s.wait(ttl)
		require.True(s, s.newest().GetAcceptsWork())
		s.change(func() { s.directs = dispatch.Orders_DIRECTIVE_EXIT })
		s.wait(time.Second)
		s.change(func() { s.directs = dispatch.Orders_DIRECTIVE_UNSPECIFIED })
		s.wait(11 * time.Minute)
		require.Empty(s, s.ended, "it ends although that was taken back")
		s.give("b/1", 0, simulate("10m", "0"))
		s.wait(time.Second)
		s.change(func() { s.directs = dispatch.Orders_DIRECTIVE_UPGRADE })
		s.wait(11 * time.Minute)
		require.ErrorIs(s, <-s.ended, worker.ErrUpgrade)
	})
}

// A sick worker takes no work, and says why.
func TestChecksKeepTasksAway(t *testing.T) {
	var charged atomic.Bool
	play(t, func(s *stage) {
		s.config.Checks = []worker.Check{{Name: "battery", Run: func(context.Context) error {
			if !charged.Load() {
				return errors.New("the battery is flat")
			}
			return nil
		}}}
	}, func(s *stage) {
		require.False(s, s.newest().GetAcceptsWork())
		require.Equal(s, "hook battery, check: the battery is flat", s.newest().GetRefusal())
		charged.Store(true)
		s.wait(11 * time.Second)
		require.True(s, s.newest().GetAcceptsWork())
	})
}

func TestAMachineOnWhichNothingStartsIsInQuarantine(t *testing.T) {
	play(t, nil, func(s *stage) {
		for _, id := range []string{"a/1", "b/1", "c/1"} {
			require.True(s, s.newest().GetAcceptsWork())
			s.give(id, 0, simulate("forever", "0"))
			s.wait(time.Second)
			require.Equal(s, `REJECTED: "forever" is not a duration such as 10m`, s.fake.end(id))
		}
		require.Equal(s, "3 tasks in a row did not start", s.newest().GetRefusal())
		s.wait(5*time.Minute + 10*time.Second)
		require.True(s, s.newest().GetAcceptsWork())
		s.give("d/1", 0, simulate("forever", "0"))
		s.wait(time.Second)
		require.False(s, s.newest().GetAcceptsWork(), "one more begins the next quarantine")
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

// SwarmKit's task manager, ECS's task handler: changes of many tasks at once make few reports.
func TestChangesOfManyTasksAreGathered(t *testing.T) {
	play(t, func(s *stage) { s.config.Slots = 100 }, func(s *stage) {
		before := s.said()
		s.change(func() {
			for i := range 100 {
				id := fmt.Sprintf("t%d/1", i)
				s.runs[id] = &dispatch.Run{LeaseId: id, Slot: int32(i), Task: simulate("10s", "0")}
			}
		})
		s.wait(5 * time.Second)
		s.wait(6 * time.Second)
		s.mu.Lock()
		require.Len(s, s.ends, 100)
		s.mu.Unlock()
		require.LessOrEqual(s, s.said()-before, 8)
	})
}

// ECS's task handler: what does not matter alone waits for what does.
func TestPreparingAloneMakesNoReport(t *testing.T) {
	play(t, func(s *stage) {
		s.config.Hooks = []worker.Hook{{Name: "slow", Timeout: time.Hour,
			Prestart: func(ctx context.Context, _ *dispatch.Run) error {
				select {
				case <-ctx.Done():
				case <-time.After(time.Minute):
				}
				return ctx.Err()
			}}}
	}, func(s *stage) {
		s.wait(ttl/3 + ttl/10) // between two reports that are due
		before := s.said()
		s.give("a/1", 0, simulate("1h", "0"))
		s.wait(time.Second)
		require.Equal(s, before, s.said())
		s.wait(ttl / 3)
		require.Equal(s, "a/1 PREPARING", s.told())
		s.wait(ttl)
		require.Equal(s, "a/1 RUNNING", s.told())
	})
}

func TestADispatcherThatAnswersNothingUsefulDoesNoHarm(t *testing.T) {
	play(t, func(s *stage) { s.garbage = true }, func(s *stage) {
		s.wait(5 * time.Minute)
		require.Less(s, s.said(), 200)
		s.change(func() { s.garbage = false })
		s.wait(ttl)
		s.give("a/1", 0, simulate("1h", "0"))
		s.wait(time.Second)
		require.Equal(s, "a/1 RUNNING", s.told())
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

func TestAStateDirectoryHasOneAgent(t *testing.T) {
	play(t, nil, func(s *stage) {
		require.ErrorIs(s, worker.Run(context.Background(), s.config), worker.ErrInUse)
	})
}

func TestAWrongConfigurationIsRefused(t *testing.T) {
	err := worker.Run(context.Background(), worker.Config{Slots: 2000})
	require.EqualError(t, err, "worker: no pool is named\nno name is given\n"+
		"no state directory is given\nno dispatcher is given\nno driver is given\n"+
		"slots: 2000 is not from 1 to 1024")
}
