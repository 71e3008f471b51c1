package worker_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quotasched/quotasched/protos/dispatch"
	"github.com/quotasched/quotasched/protos/dispatch/dispatchconnect"
	"github.com/quotasched/quotasched/worker"
	"github.com/quotasched/quotasched/worker/shim"
)

// The test's binary is the shim, and an agent, too.
func TestMain(m *testing.M) {
	switch {
	case len(os.Args) == 3 && os.Args[1] == "agent-shim":
		os.Exit(shim.Main(os.Args[2]))
	case len(os.Args) == 5 && os.Args[1] == "agent":
		runAgent(os.Args[2], os.Args[3], os.Args[4])
	}
	os.Exit(m.Run())
}

// runAgent is an agent's process.
func runAgent(url, dir, slots string) {
	n, err := strconv.Atoi(slots)
	if err == nil {
		err = worker.Run(context.Background(), worker.Config{
			Pool: "lab", Name: "host", Slots: n, StateDir: dir, Driver: &worker.Exec{},
			Dispatcher: dispatchconnect.NewWorkerServiceClient(plainClient(), url),
			Logger:     slog.New(slog.NewTextHandler(os.Stderr, nil)),
		})
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// plainClient speaks HTTP/2 without TLS.
func plainClient() *http.Client {
	protocols := &http.Protocols{}
	protocols.SetUnencryptedHTTP2(true)
	return &http.Client{Transport: &http.Transport{Protocols: protocols}}
}

// lab is a fake dispatcher on the machine's network, and an agent's process that tests kill.
type lab struct {
	*testing.T
	*fake
	server *httptest.Server
	dir    string // of the agent
	work   string // of the tasks
	agent  *exec.Cmd
	slots  int
}

func newLab(t *testing.T, slots int) *lab {
	l := &lab{T: t, fake: newFake(2 * time.Second), dir: t.TempDir(), work: t.TempDir(), slots: slots}
	mux := http.NewServeMux()
	mux.Handle(dispatchconnect.NewWorkerServiceHandler(l.fake))
	l.server = httptest.NewUnstartedServer(mux)
	l.server.Config.Protocols = &http.Protocols{}
	l.server.Config.Protocols.SetUnencryptedHTTP2(true)
	l.server.Start()
	t.Cleanup(l.server.Close)
	t.Cleanup(func() { l.kill() })
	return l
}

func (l *lab) begin() {
	l.Helper()
	log, err := os.OpenFile(filepath.Join(l.work, "agent.log"),
		os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	require.NoError(l, err)
	l.agent = exec.Command(os.Args[0], "agent", l.server.URL, l.dir, strconv.Itoa(l.slots))
	l.agent.Stderr = log
	require.NoError(l, l.agent.Start())
	require.NoError(l, log.Close())
}

// kill kills the agent with SIGKILL, and waits until it is gone.
func (l *lab) kill() {
	if l.agent != nil {
		_ = l.agent.Process.Kill()
		_ = l.agent.Wait()
		l.agent = nil
	}
}

// processes returns the ids of processes whose command line has a word.
func (l *lab) processes(word string) (pids []int) {
	l.Helper()
	entries, err := os.ReadDir("/proc")
	require.NoError(l, err)
	for _, e := range entries {
		text, _ := os.ReadFile(filepath.Join("/proc", e.Name(), "cmdline"))
		if pid, err := strconv.Atoi(e.Name()); err == nil && strings.Contains(string(text), word) {
			pids = append(pids, pid)
		}
	}
	return pids
}

// shims returns the ids of the agent's shims. A task's first process looks like its shim from its
// fork until it executes the task's program; it is none of them.
func (l *lab) shims() (pids []int) {
	l.Helper()
	alike := l.processes("agent-shim\x00" + l.dir)
	for _, pid := range alike {
		if !slices.Contains(alike, parent(pid)) {
			pids = append(pids, pid)
		}
	}
	return pids
}

// parent returns the id of a process's parent, or 0.
func parent(pid int) (id int) {
	stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if end := bytes.LastIndexByte(stat, ')'); end >= 0 {
		_, _ = fmt.Sscanf(string(stat[end+1:]), " %s %d", new(string), &id)
	}
	return id
}

// eventually waits for something to become true.
func (l *lab) eventually(what string, is func() bool) {
	l.Helper()
	if !assertEventually(is, 60*time.Second) {
		log, _ := os.ReadFile(filepath.Join(l.work, "agent.log"))
		l.Fatalf("%s: not within a minute; the agent says\n%s", what, log[max(0, len(log)-8000):])
	}
}

func assertEventually(is func() bool, within time.Duration) bool {
	for end := time.Now().Add(within); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		if is() {
			return true
		}
	}
	return false
}

// task is a command that notes its start and its end, and leaves a process behind.
func (l *lab) task(lease string, seconds float64) *dispatch.TaskSpec {
	script := fmt.Sprintf(`echo "start $QSCHED_LEASE" >>log
(setsid sleep 1000 #%s
) & sleep %.3f; echo "end $QSCHED_LEASE" >>log`, lease, seconds)
	return &dispatch.TaskSpec{Payload: &dispatch.TaskSpec_Exec{Exec: &dispatch.Exec{
		Command:   []string{"sh", "-c", script},
		Directory: l.work, Environment: map[string]string{"PATH": os.Getenv("PATH")},
	}}}
}

// noted returns how often the tasks noted something.
func (l *lab) noted(what string) int {
	log, _ := os.ReadFile(filepath.Join(l.work, "log"))
	return strings.Count("\n"+string(log), "\n"+what+"\n")
}

// TestAKilledAgentsTasksAreFoundAgain kills agents and shims with SIGKILL at random moments under
// load. Each task starts at most once; one that was noted to have ended by itself and whose shim
// lived is FINISHED; no process is left.
func TestAKilledAgentsTasksAreFoundAgain(t *testing.T) {
	rounds := 20
	if n, err := strconv.Atoi(os.Getenv("WORKER_CHAOS_ROUNDS")); err == nil {
		rounds = n
	}
	seed := uint64(time.Now().UnixNano())
	if n, err := strconv.ParseUint(os.Getenv("WORKER_CHAOS_SEED"), 10, 64); err == nil {
		seed = n
	}
	t.Logf("WORKER_CHAOS_SEED=%d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	const slots = 3
	l := newLab(t, slots)
	given, shims := 0, 0
	busy := make([]string, slots)
	refill := func() {
		for slot, lease := range busy {
			if lease == "" || l.fake.end(lease) != "" {
				given++
				busy[slot] = fmt.Sprintf("t%d/1", given)
				l.give(busy[slot], int32(slot), l.task(busy[slot], rng.Float64()/4))
			}
		}
	}
	for range rounds {
		l.begin()
		end := time.Now().Add(time.Duration(rng.IntN(400)) * time.Millisecond)
		for time.Now().Before(end) {
			refill()
			time.Sleep(2 * time.Millisecond)
		}
		l.kill()
		if pids := l.shims(); len(pids) > 0 && rng.IntN(3) == 0 {
			shims++
			_ = syscall.Kill(pids[rng.IntN(len(pids))], syscall.SIGKILL)
		}
	}
	l.begin()
	l.eventually("all tasks have ended", func() bool {
		for n := range given {
			if l.fake.end(fmt.Sprintf("t%d/1", n+1)) == "" {
				return false
			}
		}
		return true
	})
	finished := 0
	for n := range given {
		id := fmt.Sprintf("t%d/1", n+1)
		starts, ends, word := l.noted("start "+id), l.noted("end "+id), l.fake.end(id)
		require.LessOrEqual(t, starts, 1, "%s ran twice", id)
		switch word {
		case "FINISHED 0":
			finished++
			require.Equal(t, 1, ends, id)
		case "LOST":
		default:
			t.Errorf("%s: %s", id, word)
		}
	}
	t.Logf("%d tasks, %d finished, %d shims killed", given, finished, shims)
	require.Greater(t, finished, 0)
	l.eventually("no process is left", func() bool {
		entries, err := os.ReadDir(filepath.Join(l.dir, "leases"))
		return err == nil && len(entries) == 0 && len(l.shims()) == 0
	})
	l.kill()
	info, err := os.Stat(l.dir)
	require.NoError(t, err)
	stat := info.Sys().(*syscall.Stat_t)
	n, err := shim.Sweep(fmt.Sprintf("%x-%x", stat.Dev, stat.Ino), func(string) bool { return false })
	require.NoError(t, err)
	require.Zero(t, n, "processes of tasks are left")
}

// A new agent reports what it has found before it asks for work.
func TestANewAgentReportsWhatRunsInItsFirstReport(t *testing.T) {
	l := newLab(t, 1)
	l.begin()
	l.give("a/1", 0, l.task("a/1", 1000))
	l.eventually("the task runs", func() bool { return l.noted("start a/1") == 1 })
	l.eventually("it is said", func() bool { return l.told() == "a/1 RUNNING" })
	instance := l.newest().GetInstanceId()
	l.kill()
	l.begin()
	l.eventually("the next agent reports", func() bool {
		return l.newest().GetInstanceId() != instance
	})
	l.mu.Lock()
	var first *dispatch.Report
	for _, r := range l.reports {
		if first == nil && r.GetInstanceId() != instance {
			first = r
		}
	}
	boot := l.reports[0].GetBootId()
	l.mu.Unlock()
	require.EqualValues(t, 1, first.GetSequence())
	require.Equal(t, boot, first.GetBootId())
	require.Len(t, first.GetLeases(), 1)
	require.Equal(t, dispatch.Phase_PHASE_RUNNING, first.GetLeases()[0].GetPhase())
	l.stop("a/1", 0)
	l.eventually("it has ended", func() bool { return l.fake.end("a/1") == "FINISHED SIGTERM" })
	require.Equal(t, 1, l.noted("start a/1"))
}

// A task whose agent is dead ends at its deadline: the shim sees to it.
func TestATaskOfADeadAgentEndsByItsDeadline(t *testing.T) {
	l := newLab(t, 1)
	l.begin()
	l.give("a/1", 0, l.task("a/1", 1000))
	l.eventually("the task runs", func() bool { return l.noted("start a/1") == 1 })
	l.kill()
	killed := time.Now()
	l.eventually("it has ended", func() bool {
		return len(l.shims()) == 0
	})
	require.Less(t, time.Since(killed), 4*time.Second) // the TTL is 2 s
	l.begin()
	l.eventually("it is said", func() bool { return l.fake.end("a/1") == "LOST" })
}

// A state directory that has lost its name is another boot to the dispatcher: nothing of it may
// run.
func TestAnAgentThatHasLostItsNameEndsWhatRan(t *testing.T) {
	l := newLab(t, 1)
	l.begin()
	l.give("a/1", 0, l.task("a/1", 1000))
	l.eventually("the task runs", func() bool { return l.told() == "a/1 RUNNING" })
	boot := l.newest().GetBootId()
	l.kill()
	require.NoError(t, os.Truncate(filepath.Join(l.dir, "uuid"), 5))
	l.begin()
	l.eventually("another boot", func() bool { return l.newest().GetBootId() != boot })
	require.Empty(t, l.processes("agent-shim\x00"+l.dir))
}

// Heartbeats share nothing with tasks: they go on for five TTLs while all cores are busy and each of
// twenty tasks writes a thousand lines a second.
func TestHeartbeatsGoOnUnderLoad(t *testing.T) {
	if os.Getenv("WORKER_CHAOS_ROUNDS") == "" {
		t.Skip("WORKER_CHAOS_ROUNDS is not set: this keeps the machine busy for a while")
	}
	const writers = 20
	tasks := writers + runtime.NumCPU()
	l := newLab(t, tasks)
	l.begin()
	for i := range tasks {
		task := l.task("", 0)
		task.GetExec().Command = []string{"sh", "-c", "lines=$(yes a line of a log | head -n 100); " +
			"while :; do echo \"$lines\"; sleep 0.1; done"}
		if i >= writers {
			task.GetExec().Command = []string{"sh", "-c", "while :; do :; done"}
		}
		l.give(fmt.Sprintf("t%d/1", i), int32(i), task)
	}
	l.eventually("all run", func() bool { return strings.Count(l.told(), "RUNNING") == tasks })
	end := time.Now().Add(5 * l.ttl)
	l.eventually("five TTLs pass", func() bool { return time.Now().After(end) })
	for i := range tasks {
		require.Empty(t, l.fake.end(fmt.Sprintf("t%d/1", i)))
		l.stop(fmt.Sprintf("t%d/1", i), 0)
	}
	l.eventually("all have ended", func() bool { return len(l.told()) == 0 })
}
