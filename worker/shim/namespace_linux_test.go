package shim_test

import (
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/quotasched/quotasched/worker/boottime"
	"github.com/quotasched/quotasched/worker/shim"
)

// newNamespaceScene is newScene for a task with a PID namespace of its own.
func newNamespaceScene(t *testing.T, command ...string) *scene {
	t.Helper()
	if err := shim.CheckNamespace([]string{os.Args[0], "agent-shim"}); err != nil {
		t.Skip("no PID namespace can be made here: ", err)
	}
	s := newScene(t, command...)
	s.set.Namespace = true
	return s
}

// hidden leaves a process behind that has no environment, has left the session and ignores signals.
// It holds a lock for as long as it lives.
const hidden = `exec 9>>"$LOCK"; flock 9
(trap '' TERM; exec env -i "$(command -v setsid)" "$(command -v sleep)" 1000) &
echo ready; sleep 1000`

// requireFree requires that nobody holds a lock for long.
func requireFree(t *testing.T, path string) {
	t.Helper()
	f, err := os.Open(path)
	require.NoError(t, err)
	defer f.Close()
	require.Eventually(t, func() bool {
		return unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) == nil
	}, 20*time.Second, 2*time.Millisecond)
}

func (s *scene) hide() (lock string) {
	lock = s.dir + ".lock"
	s.task.GetExec().Environment["LOCK"] = lock
	return lock
}

func TestWhatAKilledShimLeavesInANamespaceDiesWithIt(t *testing.T) {
	t.Parallel()
	s := newNamespaceScene(t, "sh", "-c", hidden)
	lock := s.hide()
	sh := s.start()
	s.await("ready")
	require.NoError(t, unix.Kill(s.shimPID(), unix.SIGKILL))
	requireFree(t, lock)
	require.Equal(t, "LOST", s.end(sh))
}

func TestANamespaceEndsAtTheDeadline(t *testing.T) {
	t.Parallel()
	s := newNamespaceScene(t, "sh", "-c", hidden)
	lock := s.hide()
	s.set.Deadline, s.set.Margin = boottime.Now()+time.Second, 100*time.Millisecond
	sh := s.start()
	s.await("ready")
	require.Equal(t, "LOST", s.end(sh))
	require.GreaterOrEqual(t, boottime.Now(), s.set.Deadline-s.set.Margin)
	requireFree(t, lock)
}

func TestWhatATaskLeavesInANamespaceIsKilledAtItsEnd(t *testing.T) {
	t.Parallel()
	s := newNamespaceScene(t, "sh", "-c", strings.TrimSuffix(hidden, "sleep 1000")+"exit 7")
	lock := s.hide()
	require.Equal(t, "FINISHED 7", s.end(s.start()))
	requireFree(t, lock)
}

func TestATaskInANamespaceSeesItsOwnProcessesAlone(t *testing.T) {
	t.Parallel()
	s := newNamespaceScene(t, "sh", "-c", `kill -9 1; kill -TERM 1; cd /proc; echo pids: [0-9]*`)
	require.Equal(t, "FINISHED 0", s.end(s.start()), "and it cannot end its shim")
	pids := strings.Fields(s.await("pids: "))
	require.Len(t, pids, 2, "the shim and the task")
	require.Equal(t, "1", pids[0])
	_, err := os.Stat("/proc/" + strconv.Itoa(os.Getpid()))
	require.NoError(t, err, "the machine's own /proc is as it was")
}
