package main

import (
	"bufio"
	"encoding/json"
	"fmt"
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

	"connectrpc.com/connect"
	"github.com/stretchr/testify/require"

	"github.com/quotasched/quotasched/dispatcher/client"
	"github.com/quotasched/quotasched/protos/dispatch"
)

// residentFileBytes returns how much of the files that a process has mapped is in its memory.
func residentFileBytes(t *testing.T, pid int) int64 { return memoryOf(t, pid, "RssFile:") }

// memoryOf returns a line of a process's status, in bytes.
func memoryOf(t *testing.T, pid int, line string) int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	require.NoError(t, err)
	_, rest, found := strings.Cut(string(text), line)
	require.True(t, found)
	kib, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
	require.NoError(t, err)
	return kib << 10
}

func TestMemoryThatOnlyTheStartNeededIsGivenBack(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("agents are for Linux only")
	}
	before := residentFileBytes(t, os.Getpid())
	require.NoError(t, trim())
	require.Less(t, residentFileBytes(t, os.Getpid()), before)
}

// processorTime returns how much of the processors a process has used.
func processorTime(t *testing.T, pid int) time.Duration {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	require.NoError(t, err)
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	const user, system, tick = 11, 12, 10 * time.Millisecond
	u, err := strconv.Atoi(fields[user])
	require.NoError(t, err)
	s, err := strconv.Atoi(fields[system])
	require.NoError(t, err)
	return time.Duration(u+s) * tick
}

// TestWhatAnAgentCosts measures an agent of the command as it is installed, on a machine that does
// nothing else: AGENT_COST=1.
func TestWhatAnAgentCosts(t *testing.T) {
	if os.Getenv("AGENT_COST") == "" {
		t.Skip("AGENT_COST is not set: this measures for a minute and a half")
	}
	s := newScript(t)
	program := filepath.Join(s.dir, "qsched-installed")
	out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput()
	require.NoError(t, err, "%s", out)
	s.start(nil)
	text, code := s.sh("qsched pool create lab")
	require.Zero(t, code, text)
	const slots, starts = 20, 200
	log := filepath.Join(s.dir, "agent.log")
	agent := s.command(program, "agent", "--pool", "lab", "--name", "host", "--state-dir", "state",
		"--slots", strconv.Itoa(slots), "--log-format", "json")
	file, err := os.Create(log)
	require.NoError(t, err)
	agent.Stderr = file
	require.NoError(t, agent.Start())
	t.Cleanup(func() {
		_ = agent.Process.Signal(syscall.SIGKILL)
		_ = agent.Wait()
		_ = file.Close()
	})

	time.Sleep(15 * time.Second)
	const idle = time.Minute
	before := processorTime(t, agent.Process.Pid)
	time.Sleep(idle)
	used := processorTime(t, agent.Process.Pid) - before
	resident := memoryOf(t, agent.Process.Pid, "VmRSS:")
	part := 100 * float64(used) / float64(idle)
	t.Logf("idle: %.1f MB resident, of which %.1f MB are of its own; %.2f %% of a core",
		float64(resident)/1e6, float64(memoryOf(t, agent.Process.Pid, "RssAnon:"))/1e6, part)

	// 20 tasks a second; each notes when it is executed.
	c, err := client.New(client.Config{Servers: []string{s.url}})
	require.NoError(t, err)
	defer c.Close()
	note := `echo "$(date +%s%N) $QSCHED_LEASE" >>` + s.dir + `/executed; sleep 0.3`
	task := &dispatch.TaskSpec{Payload: &dispatch.TaskSpec_Exec{Exec: &dispatch.Exec{
		Command: []string{"sh", "-c", note}}}}
	begin := time.Now()
	for n := range starts {
		time.Sleep(time.Until(begin.Add(time.Duration(n) * time.Second / slots)))
		_, err := c.Tasks.SubmitTasks(t.Context(), connect.NewRequest(&dispatch.SubmitTasksRequest{
			Pool: "lab", Tasks: []*dispatch.TaskSpec{task}}))
		require.NoError(t, err)
	}
	require.Eventually(t, func() bool {
		text, _ := os.ReadFile(filepath.Join(s.dir, "executed"))
		return strings.Count(string(text), "\n") == starts
	}, time.Minute, 100*time.Millisecond)
	waits, span := startsOf(t, log, filepath.Join(s.dir, "executed"))
	perSecond := float64(starts-1) / span.Seconds()
	t.Logf("from order to exec: p50 %v, p90 %v, p99 %v; %.1f starts a second", waits[starts/2],
		waits[starts*9/10], waits[starts*99/100], perSecond)
	require.Less(t, resident, int64(20_000_000))
	require.Less(t, part, 0.2)
	require.Less(t, waits[starts/2], 25*time.Millisecond)
	require.Greater(t, perSecond, 19.0)
}

// startsOf returns how long it took from each order to its execution, sorted, and how long all of
// them took.
func startsOf(t *testing.T, log, executed string) (waits []time.Duration, span time.Duration) {
	ordered := map[string]time.Time{} // by lease
	file, err := os.Open(log)
	require.NoError(t, err)
	defer file.Close()
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		var line struct {
			Time       time.Time
			Msg, Lease string
		}
		require.NoError(t, json.Unmarshal(lines.Bytes(), &line))
		if line.Msg == "a lease starts" {
			ordered[line.Lease] = line.Time
		}
	}
	text, err := os.ReadFile(executed)
	require.NoError(t, err)
	var all []time.Time
	for line := range strings.Lines(string(text)) {
		var at int64
		var lease string
		_, err := fmt.Sscan(line, &at, &lease)
		require.NoError(t, err)
		all = append(all, time.Unix(0, at))
		waits = append(waits, time.Unix(0, at).Sub(ordered[lease]))
	}
	slices.Sort(waits)
	slices.SortFunc(all, time.Time.Compare)
	return waits, all[len(all)-1].Sub(all[0])
}
