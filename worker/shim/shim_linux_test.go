package shim_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/quotasched/quotasched/protos/dispatch"
	"github.com/quotasched/quotasched/worker/boottime"
	"github.com/quotasched/quotasched/worker/shim"
)

// The test's binary is the shim, too.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == "agent-shim" {
		os.Exit(shim.Main(os.Args[2]))
	}
	if len(os.Args) == 4 && os.Args[1] == starter {
		os.Exit(startAndLeave(os.Args[2], os.Args[3]))
	}
	os.Exit(m.Run())
}

func TestACommandRunsInAFreshDirectoryWithItsEnvironmentAlone(t *testing.T) {
	t.Parallel()
	s := newScene(t, "sh", "-c", "pwd; env; cat; echo oops >&2; exit 3")
	s.task.GetExec().Environment["COLOR"] = "blue"
	require.Equal(t, "FINISHED 3", s.end(s.start()))
	lines := strings.Split(strings.TrimSpace(s.written()), "\n")
	require.Equal(t, filepath.Join(s.dir, "work"), lines[0])
	require.Contains(t, lines, "COLOR=blue")
	require.Contains(t, lines, "QSCHED_LEASE=task/1")
	require.Equal(t, "oops", lines[len(lines)-1])
	require.NotContains(t, s.written(), "HOME=")
	require.NoDirExists(t, filepath.Join(s.dir, "work"))
}

func TestWhatDoesNotStartIsRejectedWithTheReason(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		want   string
		change func(*dispatch.TaskSpec, *shim.Setup)
	}{
		{`no program "nothing-like-this"`, func(t *dispatch.TaskSpec, _ *shim.Setup) {
			t.GetExec().Command = []string{"nothing-like-this"}
		}},
		{"the command is empty", func(t *dispatch.TaskSpec, _ *shim.Setup) { t.Payload = nil }},
		{`there is no signal "SIGNOTHING"`, func(t *dispatch.TaskSpec, _ *shim.Setup) {
			t.StopSignal = "SIGNOTHING"
		}},
		{"no such file or directory", func(t *dispatch.TaskSpec, _ *shim.Setup) {
			t.GetExec().Directory = "/nowhere"
		}},
		{`the directory "some/where" is not absolute`, func(t *dispatch.TaskSpec, _ *shim.Setup) {
			t.GetExec().Directory = "some/where"
		}},
		{"unknown user nobody-at-all", func(t *dispatch.TaskSpec, _ *shim.Setup) {
			t.GetExec().User = "nobody-at-all"
		}},
		{"no cgroup", func(t *dispatch.TaskSpec, _ *shim.Setup) {
			t.GetExec().Limits = &dispatch.Limits{MemoryBytes: 1 << 20}
		}},
		{"nothing was heard", func(_ *dispatch.TaskSpec, s *shim.Setup) {
			s.Deadline, s.Margin = boottime.Now()+5*time.Second, 10*time.Second
		}},
	} {
		s := newScene(t, "true")
		c.change(s.task, &s.set)
		end := s.end(s.start())
		require.Contains(t, end, "REJECTED: ")
		require.Contains(t, end, c.want)
	}
}

func TestAStopIsTheSignalThenGraceThenSIGKILL(t *testing.T) {
	t.Parallel()
	s := newScene(t, "sh", "-c", "trap 'echo stopping; exit 5' INT; echo up; while :; do sleep "+
		"0.01; done")
	s.task.StopSignal = "SIGINT"
	sh := s.start()
	s.await("up")
	sh.Stop(time.Minute, false)
	require.Equal(t, "FINISHED 5", s.end(sh))
	require.Contains(t, s.written(), "stopping")

	s = newScene(t, "sh", "-c", "trap '' TERM; echo up; while :; do sleep 0.01; done")
	sh = s.start()
	s.await("up")
	sh.Stop(50*time.Millisecond, false)
	require.Equal(t, "FINISHED SIGKILL", s.end(sh))
}

// deaf ignores SIGTERM, and leaves a process behind that does so too, in a session of its own.
const deaf = `trap '' TERM; setsid sh -c 'trap "" TERM; echo left $$; exec sleep 1000' & ` +
	`sleep 0.1; echo up; wait`

func TestAChildThatIgnoresSIGTERMAndForksIsKilledWhole(t *testing.T) {
	t.Parallel()
	s := newScene(t, "sh", "-c", deaf)
	sh := s.start()
	left := s.await("left ")
	s.await("up")
	sh.Stop(0, false)
	require.Equal(t, "FINISHED SIGKILL", s.end(sh))
	require.True(t, gone(left))
}

func TestWhatATaskLeavesBehindIsKilledBeforeItsEndIsSaid(t *testing.T) {
	t.Parallel()
	s := newScene(t, "sh", "-c", "setsid sleep 1000 & echo left $!; exit 0")
	require.Equal(t, "FINISHED 0", s.end(s.start()))
	require.True(t, gone(s.await("left ")))
}

func TestATaskThatRunsForTooLongIsStopped(t *testing.T) {
	t.Parallel()
	s := newScene(t, "sleep", "1000")
	s.task.Timeout = durationpb.New(50 * time.Millisecond)
	require.Equal(t, "FINISHED SIGTERM timed out", s.end(s.start()))
}

func TestSilenceEndsATaskThatIsNotRenewed(t *testing.T) {
	t.Parallel()
	s := newScene(t, "sh", "-c", deaf)
	s.set.Deadline, s.set.Margin = boottime.Now()+1500*time.Millisecond, 200*time.Millisecond
	sh := s.start()
	sh.Renew(s.set.Deadline+500*time.Millisecond, s.set.Margin)
	require.Equal(t, "LOST", s.end(sh))
	require.GreaterOrEqual(t, boottime.Now(), s.set.Deadline+500*time.Millisecond)
	require.True(t, gone(s.await("left ")))
}

// Nomad's task runner: a running task is found again after the agent's restart.
func TestAShimIsFoundAgain(t *testing.T) {
	t.Parallel()
	s := newScene(t, "sh", "-c", "echo up; sleep 1000")
	first := s.start()
	s.await("up")
	second, err := shim.Find(s.dir, s.mark)
	require.NoError(t, err)
	<-second.Began()
	require.Equal(t, first.Since(), second.Since())
	second.Stop(time.Minute, true)
	require.Equal(t, "LOST", s.end(second), "the worker stopped it for reasons of its own")
	third, err := shim.Find(s.dir, s.mark)
	require.NoError(t, err)
	require.Equal(t, "LOST", s.end(third))
}

// Zombies: a task that nobody holds is killed.
func TestATaskWhoseShimIsKilledIsKilledAndLost(t *testing.T) {
	t.Parallel()
	s := newScene(t, "sh", "-c", deaf)
	sh := s.start()
	left := s.await("left ")
	s.await("up")
	require.NoError(t, unix.Kill(s.shimPID(), unix.SIGKILL))
	require.Equal(t, "LOST", s.end(sh))
	require.True(t, gone(left))
}

func TestATaskWhoseShimIsStoppedEndsAtTheDeadline(t *testing.T) {
	t.Parallel()
	s := newScene(t, "sh", "-c", deaf)
	s.set.Deadline, s.set.Margin = boottime.Now()+1500*time.Millisecond, 200*time.Millisecond
	sh := s.start()
	left := s.await("left ")
	require.NoError(t, unix.Kill(s.shimPID(), unix.SIGSTOP))
	require.Equal(t, "LOST", s.end(sh))
	require.True(t, gone(left))
}

func TestAShimThatIsStoppedGoesOnAtTheDeadlineByItself(t *testing.T) {
	for name, newScene := range map[string]func(*testing.T, ...string) *scene{
		"shared pids": newScene, "namespace": newNamespaceScene} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t, "sh", "-c", hidden)
			lock := s.hide()
			s.set.Deadline, s.set.Margin = boottime.Now()+3*time.Second, time.Second
			s.startAndLeave() // no agent is there that could end it
			s.await("ready")
			require.NoError(t, unix.Kill(s.shimPID(), unix.SIGSTOP))
			requireFree(t, lock)
			requireFree(t, filepath.Join(s.dir, "lock")) // the shim's own
			end, err := shim.ReadEnd(s.dir)
			require.NoError(t, err)
			require.Equal(t, dispatch.Phase_PHASE_LOST, end.GetPhase())
		})
	}
}

// A record that an agent or a shim left half written is no end.
func TestAnEndThatIsCutAtAnyByteIsNone(t *testing.T) {
	t.Parallel()
	s := newScene(t, "true")
	require.Equal(t, "FINISHED 0", s.end(s.start()))
	path := filepath.Join(s.dir, "end")
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	end, err := shim.ReadEnd(s.dir)
	require.NoError(t, err)
	head := len(whole) - 4096 // the record's head, before its content and the room for a longer one
	for n := range head + 4 {
		require.NoError(t, os.WriteFile(path, whole[:n], 0o600))
		_, err := shim.ReadEnd(s.dir)
		require.Error(t, err, "cut at %d", n)
	}
	require.Equal(t, dispatch.Phase_PHASE_FINISHED, end.GetPhase())
}
