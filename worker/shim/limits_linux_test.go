package shim_test

import (
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/quotasched/quotasched/protos/dispatch"
	"github.com/quotasched/quotasched/worker/shim"
)

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
	root := ""
	for _, path := range []string{"/sys/fs/cgroup/unified", "/sys/fs/cgroup"} {
		text, err := os.ReadFile(path + "/cgroup.controllers")
		if err == nil && strings.Contains(string(text), "pids") {
			root = path
		}
	}
	if root == "" {
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
