package shim_test

import (
	"context"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
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
	os.Exit(m.Run())
}

// scene is a lease's directory and what its task was told.
type scene struct {
	*testing.T
	dir  string
	mark shim.Mark
	task *dispatch.TaskSpec
	set  shim.Setup
}

func newScene(t *testing.T, command ...string) *scene {
	t.Helper()
	s := &scene{
		T: t, dir: filepath.Join(t.TempDir(), strings.Repeat("long", 30)),
		mark: shim.Mark{Agent: t.TempDir(), Lease: "task/1"},
		task: &dispatch.TaskSpec{Payload: &dispatch.TaskSpec_Exec{Exec: &dispatch.Exec{
			Command: command, Environment: map[string]string{"PATH": os.Getenv("PATH")},
		}}},
	}
	s.set = shim.Setup{Agent: s.mark.Agent, OutputBytes: 1 << 20}
	require.NoError(t, os.Mkdir(s.dir, 0o700))
	t.Cleanup(func() {
		n, err := shim.Sweep(s.mark.Agent, func(string) bool { return false })
		require.NoError(t, err)
		require.Zero(t, n, "processes are left")
	})
	return s
}

func (s *scene) start() *shim.Shim {
	s.Helper()
	run := &dispatch.Run{LeaseId: s.mark.Lease, Slot: 2, Task: s.task}
	require.NoError(s, shim.WriteRun(s.dir, run))
	sh, err := shim.Start([]string{os.Args[0], "agent-shim"}, s.dir, s.set)
	require.NoError(s, err)
	<-sh.Began()
	return sh
}

// end waits for the end of a task, and says it in a word.
func (s *scene) end(sh *shim.Shim) string {
	s.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	end, err := sh.Wait(ctx)
	require.NoError(s, err)
	word := strings.TrimPrefix(end.GetPhase().String(), "PHASE_")
	switch o := end.GetResult().GetOutcome().(type) {
	case *dispatch.Result_ExitCode:
		word += fmt.Sprintf(" %d", o.ExitCode)
	case *dispatch.Result_Signal:
		word += " " + o.Signal
	}
	if end.GetResult().GetTimedOut() {
		word += " timed out"
	}
	if m := end.GetResult().GetMessage(); m != "" {
		word += ": " + m
	}
	return word
}

// written is what is kept of what the task wrote.
func (s *scene) written() string {
	var all []byte
	for {
		out, err := shim.ReadOutput(s.dir, int64(len(all)), 1<<20)
		if err != nil || len(out.Data) == 0 {
			return string(all)
		}
		all = append(all, out.Data...)
	}
}

// await waits until the task has written a word, and returns what follows it.
func (s *scene) await(word string) string {
	s.Helper()
	var rest string
	require.Eventually(s, func() bool {
		_, after, found := strings.Cut(s.written(), word)
		line, _, whole := strings.Cut(after, "\n")
		rest = strings.TrimSpace(line)
		return found && whole
	}, 20*time.Second, time.Millisecond)
	return rest
}

func (s *scene) shimPID() int {
	s.Helper()
	entries, err := os.ReadDir("/proc")
	require.NoError(s, err)
	for _, e := range entries {
		args, _ := os.ReadFile(filepath.Join("/proc", e.Name(), "cmdline"))
		if strings.HasSuffix(string(args), "agent-shim\x00"+s.dir+"\x00") {
			pid, err := strconv.Atoi(e.Name())
			require.NoError(s, err)
			return pid
		}
	}
	s.Fatal("there is no shim")
	return 0
}

func gone(pid string) bool {
	text, err := os.ReadFile("/proc/" + pid + "/stat")
	return err != nil || strings.Contains(string(text), ") Z ")
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

func TestATaskRunsAsItsUser(t *testing.T) {
	t.Parallel()
	nobody, err := user.Lookup("nobody")
	if err != nil || os.Getuid() != 0 {
		t.Skip("this needs root and a user nobody")
	}
	s := newScene(t, "sh", "-c", "id -u; touch here && echo may write; kill -9 $PPID || echo may not kill")
	for dir := s.dir; dir != os.TempDir() && len(dir) > 1; dir = filepath.Dir(dir) {
		require.NoError(t, os.Chmod(dir, 0o711))
	}
	s.task.GetExec().User = "nobody"
	require.Equal(t, "FINISHED 0", s.end(s.start()))
	lines := strings.Split(s.written(), "\n")
	require.Equal(t, nobody.Uid, lines[0])
	require.Contains(t, lines, "may write")
	require.Contains(t, lines, "may not kill")
}

func TestATaskHasACgroupOfItsOwn(t *testing.T) {
	t.Parallel()
	folder := ""
	for _, root := range []string{"/sys/fs/cgroup/unified", "/sys/fs/cgroup"} {
		path := filepath.Join(root, fmt.Sprintf("qsched-test-%d", os.Getpid()))
		if _, err := os.Stat(filepath.Join(root, "cgroup.procs")); err == nil &&
			os.Mkdir(path, 0o700) == nil {
			folder = path
			break
		}
	}
	if folder == "" {
		t.Skip("this needs a cgroup v2 in which one may make others")
	}
	defer func() { require.NoError(t, os.Remove(folder)) }()
	s := newScene(t, "sh", "-c", "cat /proc/self/cgroup; "+deaf)
	s.set.Cgroup = filepath.Join(folder, "task")
	sh := s.start()
	left := s.await("left ")
	s.await("up")
	require.Contains(t, s.written(), filepath.Base(folder)+"/task")
	sh.Stop(0, false)
	require.Equal(t, "FINISHED SIGKILL", s.end(sh))
	require.True(t, gone(left))
	require.NoDirExists(t, s.set.Cgroup)
}

// A task may not have more processes than its limit, where the machine can see to it.
func TestATasksLimitsHold(t *testing.T) {
	t.Parallel()
	const root = "/sys/fs/cgroup"
	if text, err := os.ReadFile(root + "/cgroup.controllers"); err != nil ||
		!strings.Contains(string(text), "pids") {
		t.Skip("this needs a cgroup v2 with the controller pids")
	}
	folder := filepath.Join(root, fmt.Sprintf("qsched-limits-%d", os.Getpid()))
	_ = os.WriteFile(root+"/cgroup.subtree_control", []byte("+pids"), 0)
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Skip("this needs a cgroup v2 in which one may make others: ", err)
	}
	defer func() { require.NoError(t, os.Remove(folder)) }()
	if err := os.WriteFile(folder+"/cgroup.subtree_control", []byte("+pids"), 0); err != nil {
		t.Skip("this needs the controller pids: ", err)
	}
	s := newScene(t, "sh", "-c", "sleep 0 & sleep 0 & sleep 0 & wait; echo all")
	s.set.Cgroup = filepath.Join(folder, "task")
	s.task.GetExec().Limits = &dispatch.Limits{Processes: 2}
	require.NotEqual(t, "FINISHED 0", s.end(s.start()))
	require.NotContains(t, s.written(), "all")
}

// A disk that is full neither keeps a task from ending nor loses its end, and starts nothing.
func TestAFullDisk(t *testing.T) {
	t.Parallel()
	s := newScene(t, "sh", "-c", "head -c 2000000 /dev/zero; echo up >&2; exit 6")
	if err := unix.Mount("tmpfs", s.dir, "tmpfs", 0, "size=64k"); err != nil {
		t.Skip("this needs a small disk: ", err)
	}
	defer func() { require.NoError(t, unix.Unmount(s.dir, unix.MNT_DETACH)) }()
	require.Contains(t, s.end(s.start()), "bytes of output were dropped")
	end, err := shim.ReadEnd(s.dir)
	require.NoError(t, err)
	require.EqualValues(t, 6, end.GetResult().GetExitCode())
	_, err = shim.Start([]string{os.Args[0], "agent-shim"}, s.dir, s.set)
	require.ErrorIs(t, err, unix.ENOSPC)
}

// An output of 10 GB, or of any length, takes no more than twice its bound.
func TestOutputIsBounded(t *testing.T) {
	t.Parallel()
	written := int64(50_000_000)
	if os.Getenv("WORKER_CHAOS_ROUNDS") != "" {
		written = 10_000_000_000
	}
	s := newScene(t, "sh", "-c", fmt.Sprintf("head -c %d /dev/zero; echo; echo last", written))
	sh := s.start()
	if written > 1_000_000_000 {
		<-sh.Done() // for longer than end waits
	}
	require.Equal(t, "FINISHED 0", s.end(sh))
	kept, err := shim.KeepOutput(s.dir)
	require.NoError(t, err)
	require.LessOrEqual(t, kept, int64(2<<20))
	entries, err := os.ReadDir(s.dir)
	require.NoError(t, err)
	require.Len(t, entries, 2, "nothing else is kept")
	out, err := shim.ReadOutput(s.dir, -5, 100)
	require.NoError(t, err)
	require.Equal(t, "last\n", string(out.Data))
	require.Equal(t, written+6, out.End)
	out, err = shim.ReadOutput(s.dir, 3, 100)
	require.NoError(t, err)
	require.Len(t, out.Data, 100)
	require.Equal(t, out.End-kept, out.Offset, "what is not kept is left out")
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
