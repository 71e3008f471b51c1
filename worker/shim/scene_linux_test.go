package shim_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quotasched/quotasched/protos/dispatch"
	"github.com/quotasched/quotasched/worker/shim"
)

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

// starter makes the test's binary an agent that starts a shim and is gone.
const starter = "start-and-leave"

// startAndLeave starts the task as an agent that is gone then.
func (s *scene) startAndLeave() {
	s.Helper()
	run := &dispatch.Run{LeaseId: s.mark.Lease, Slot: 2, Task: s.task}
	require.NoError(s, shim.WriteRun(s.dir, run))
	setup, err := json.Marshal(s.set)
	require.NoError(s, err)
	out, err := exec.Command(os.Args[0], starter, s.dir, string(setup)).CombinedOutput()
	require.NoError(s, err, string(out))
}

// startAndLeave is the process of such an agent; it returns its exit code.
func startAndLeave(dir, setup string) int {
	var set shim.Setup
	err := json.Unmarshal([]byte(setup), &set)
	if err == nil {
		var sh *shim.Shim
		if sh, err = shim.Start([]string{os.Args[0], "agent-shim"}, dir, set); err == nil {
			<-sh.Began()
			return 0
		}
	}
	fmt.Fprintln(os.Stderr, err)
	return 1
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
