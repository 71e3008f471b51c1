package worker_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quotasched/quotasched/protos/dispatch"
	"github.com/quotasched/quotasched/worker"
)

// writer is a driver whose tasks have written so many lines when they begin to run.
type writer struct {
	worker.Simulated
	lines int
	dir   string // of the newest task
}

func (w *writer) Start(ctx context.Context, t worker.Task) (worker.Process, error) {
	w.dir = t.Dir
	w.write(0, lines(0, w.lines))
	return w.Simulated.Start(ctx, t)
}

// write writes a file of output that begins at a byte.
func (w *writer) write(begin int, text string) {
	if text == "" {
		return
	}
	path := filepath.Join(w.dir, fmt.Sprintf("output.%d", begin))
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		panic(err)
	}
}

// lines are lines of 10 bytes each.
func lines(from, to int) string {
	var b strings.Builder
	for n := from; n < to; n++ {
		fmt.Fprintf(&b, "%09d\n", n)
	}
	return b.String()
}

// playWriter is play with tasks that write.
func playWriter(t *testing.T, w *writer, change func(*stage), test func(*stage)) {
	play(t, func(s *stage) {
		w.Clock = s.config.Clock
		s.config.Driver = w
		if change != nil {
			change(s)
		}
	}, test)
}

func fetch(id, lease string, change func(*dispatch.Fetch)) *dispatch.Fetch {
	f := &dispatch.Fetch{Id: id, LeaseId: lease}
	if change != nil {
		change(f)
	}
	return f
}

func follow(f *dispatch.Fetch) { f.Follow = true }

func TestALogIsSentWhenSomebodyAsks(t *testing.T) {
	for name, change := range map[string]func(*stage){
		"by stream": nil,
		"by calls":  func(s *stage) { s.config.CallsOnly = true },
	} {
		t.Run(name, func(t *testing.T) {
			playWriter(t, &writer{lines: 20_000}, change, func(s *stage) {
				s.give("a/1", 0, simulate("10m", "0"))
				s.wait(time.Second)
				all := s.fetch(fetch("all", "a/1", nil), nil)
				tail := s.fetch(fetch("tail", "a/1", func(f *dispatch.Fetch) { f.TailBytes = 20 }), nil)
				rest := s.fetch(fetch("rest", "a/1", func(f *dispatch.Fetch) { f.Offset = 199_990 }), nil)
				beyond := s.fetch(fetch("beyond", "a/1", func(f *dispatch.Fetch) { f.Offset = 1 << 40 }), nil)
				other := s.fetch(fetch("other", "b/1", nil), nil)
				s.wait(ttl / 2) // an agent that uses calls asks then
				require.Equal(s, lines(0, 20_000), s.sent(all).text)
				require.True(s, s.sent(all).ended)
				require.Equal(s, 4, s.sent(all).parts)
				require.Equal(s, lines(19_998, 20_000), s.sent(tail).text)
				require.Equal(s, lines(19_999, 20_000), s.sent(rest).text)
				require.Empty(s, s.sent(beyond).text)
				require.True(s, s.sent(beyond).ended)
				require.Equal(s, "it keeps no log of b/1 any more, or never had one", s.sent(other).failure)
				require.Equal(s, "a/1 RUNNING", s.told())
			})
		})
	}
}

func TestALogIsFollowedToTheEndOfItsTask(t *testing.T) {
	w := &writer{lines: 2}
	playWriter(t, w, nil, func(s *stage) {
		s.give("a/1", 0, simulate("10m", "0"))
		s.wait(time.Second)
		log := s.fetch(fetch("f", "a/1", follow), nil)
		s.wait(time.Second)
		require.Equal(s, lines(0, 2), s.sent(log).text)
		w.write(20, lines(2, 5)) // the next file
		s.wait(time.Second)
		require.Equal(s, lines(0, 5), s.sent(log).text)
		before := s.sent(log).parts
		s.wait(20 * time.Second)
		require.InDelta(s, 4, s.sent(log).parts-before, 1, "now and then it asks whether anybody reads")
		require.NoError(s, os.Remove(filepath.Join(w.dir, "output.0")))
		w.write(100, lines(10, 11)) // what was between is gone before anybody looked
		require.NoError(s, os.Remove(filepath.Join(w.dir, "output.20")))
		s.wait(time.Second)
		require.Equal(s, lines(0, 5)+lines(10, 11), s.sent(log).text)
		require.EqualValues(s, 50, s.sent(log).missing)
		require.False(s, s.sent(log).ended)
		s.wait(10 * time.Minute)
		require.Equal(s, "FINISHED 0", s.fake.end("a/1"))
		require.True(s, s.sent(log).ended)
	})
}

// A log never keeps a result waiting: its reader takes nothing, and the task's end is told.
func TestAReaderThatTakesNothingKeepsNoResultWaiting(t *testing.T) {
	playWriter(t, &writer{lines: 100_000}, nil, func(s *stage) {
		s.give("a/1", 0, simulate("10m", "0"))
		s.wait(time.Second)
		blocked := make(chan struct{})
		log := s.fetch(fetch("f", "a/1", follow), blocked)
		before := s.said()
		s.wait(10 * time.Minute)
		require.Greater(s, s.said()-before, 20, "reports go on")
		require.Equal(s, "FINISHED 0", s.fake.end("a/1"))
		require.Zero(s, s.sent(log).parts)
		close(blocked)
		s.wait(time.Second)
		require.Equal(s, lines(0, 100_000), s.sent(log).text, "it is kept")
	})
}

// Bounded disk: the oldest output goes first.
func TestWhatEndedTasksWroteIsKeptWithinBounds(t *testing.T) {
	for name, c := range map[string]struct {
		keep worker.LogsKept
		want string
	}{
		"bytes":  {worker.LogsKept{Bytes: 250}, "t3/1 t4/1"},
		"number": {worker.LogsKept{Number: 3}, "t2/1 t3/1 t4/1"},
		"time":   {worker.LogsKept{Time: 2 * time.Minute}, "t3/1 t4/1"},
	} {
		t.Run(name, func(t *testing.T) {
			playWriter(t, &writer{lines: 10}, func(s *stage) { s.config.Logs = c.keep }, func(s *stage) {
				var all []string
				for n := range 5 {
					all = append(all, fmt.Sprintf("t%d/1", n))
					s.give(all[n], 0, simulate("59s", "0"))
					s.wait(time.Minute)
				}
				s.wait(25 * time.Second)
				kept := ""
				for _, id := range all {
					log := s.fetch(fetch(id, id, nil), nil)
					s.wait(time.Second)
					if s.sent(log).text == lines(0, 10) {
						kept += " " + id
					}
				}
				require.Equal(s, c.want, strings.TrimSpace(kept))
				entries, err := os.ReadDir(filepath.Join(s.stateIn, "logs"))
				require.NoError(s, err)
				require.Len(s, entries, len(strings.Fields(c.want)))
				for _, e := range entries { // an order has secrets
					require.NoFileExists(s, filepath.Join(s.stateIn, "logs", e.Name(), "run"))
				}
			})
		})
	}
}

func TestTheNextAgentHasTheLogsOfTheOneBefore(t *testing.T) {
	playWriter(t, &writer{lines: 3}, nil, func(s *stage) {
		s.give("a/1", 0, simulate("1s", "0"))
		s.wait(ttl)
		s.drain()
		require.NoError(s, <-s.ended)
		s.start()
		log := s.fetch(fetch("f", "a/1", nil), nil)
		s.wait(time.Second)
		require.Equal(s, lines(0, 3), s.sent(log).text)
	})
}

// Nomad's task runner: the last 10 events of a task. Those of an attempt that did not do what was
// wanted are a part of its result.
func TestTheLastEventsOfATaskAreInItsResult(t *testing.T) {
	play(t, nil, func(s *stage) {
		s.give("good/1", 0, simulate("1s", "0"))
		s.give("bad/1", 1, simulate("1h", "0"))
		s.wait(10 * time.Second)
		s.stop("bad/1", time.Minute)
		s.wait(ttl)
		require.Empty(s, s.result("good/1").GetEvents())
		require.Equal(s, []string{"00:00:01 preparing", "00:00:01 running", "00:00:11 stopped, grace 1m0s"},
			s.result("bad/1").GetEvents())
	})
	long := strings.Repeat("x", 200)
	fails := func(context.Context, *dispatch.Run) error { return errors.New(long) }
	play(t, func(s *stage) {
		for range 20 {
			s.config.Hooks = append(s.config.Hooks, worker.Hook{Name: "h", Exited: fails})
		}
	}, func(s *stage) {
		s.give("bad/1", 0, simulate("1s", "7"))
		s.wait(10 * time.Second)
		events := s.result("bad/1").GetEvents()
		require.Len(s, events, 10, "the oldest have gone")
		require.LessOrEqual(s, len(strings.Join(events, "\n")), 1024)
		require.Contains(s, events[9], "hook h, exited: xxx")
	})
}
