package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quotasched/quotasched/worker/boottime"
)

// chaos is how much of it there is.
type chaos struct {
	agents, slots, tasks int
	seconds              int // of faults
}

// faultEvery is how long there is no fault, on average. With many agents it is longer: faults of
// links, which agents share, and of the server reach many of them, and no task of a minute would
// ever end.
func (c chaos) faultEvery() time.Duration {
	return max(50*time.Millisecond, time.Duration(c.agents)*time.Millisecond)
}

// fleet is agents' processes that are killed, stopped and started again.
type fleet struct {
	*script
	agents []*exec.Cmd // nil for one that is down
	links  []*link     // that they share
	states string      // folder of their state directories
	slots  int
	faults map[string]int
	// timeline are the faults, with the time since the machine's start.
	timeline []string
	ended    chan struct{} // closed when the server has ended
}

// serve starts the server, again if it ends because its disk hangs.
func (f *fleet) serve() {
	for end := time.Now().Add(time.Minute); ; {
		err := f.tryStart(nil)
		if err == nil {
			break
		}
		_ = f.server.Wait()
		f.note("server ended")
		if text, _ := os.ReadFile(filepath.Join(f.dir, "server.log")); time.Now().After(end) {
			f.t.Fatalf("the server does not start: %v\n%s", err, text[max(0, len(text)-8000):])
		}
	}
	server, ended := f.server, make(chan struct{})
	f.ended = ended
	go func() {
		defer close(ended)
		_ = server.Wait()
	}()
}

// serveAgain starts the server if it has ended by itself, as it does when its disk hangs.
func (f *fleet) serveAgain() {
	select {
	case <-f.ended:
		f.note("server ended")
		f.serve()
	default:
	}
}

func (f *fleet) begin(i int) {
	name := fmt.Sprintf("host%d", i)
	c := f.command(filepath.Join(f.dir, "bin", "qsched"), "agent", "--pool", "lab", "--name", name,
		"--slots", strconv.Itoa(f.slots), "--state-dir", f.state(i), "--server",
		f.links[i%len(f.links)].url())
	log, err := os.OpenFile(filepath.Join(f.dir, name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	require.NoError(f.t, err)
	defer log.Close()
	c.Stderr = log
	require.NoError(f.t, c.Start())
	f.agents[i] = c
	f.note("agent started", name)
}

func (f *fleet) state(i int) string { return filepath.Join(f.states, fmt.Sprintf("state%d", i)) }

// kill kills an agent, and waits until it is gone.
func (f *fleet) kill(i int) {
	if c := f.agents[i]; c != nil {
		_ = c.Process.Kill()
		_ = c.Wait()
		f.agents[i] = nil
	}
}

// shims returns the processes that hold tasks of an agent.
func (f *fleet) shims(i int) (pids []int) {
	entries, err := os.ReadDir("/proc")
	require.NoError(f.t, err)
	for _, e := range entries {
		text, _ := os.ReadFile(filepath.Join("/proc", e.Name(), "cmdline"))
		if pid, err := strconv.Atoi(e.Name()); err == nil &&
			strings.Contains(string(text), "agent-shim\x00"+f.state(i)+"/") {
			pids = append(pids, pid)
		}
	}
	return pids
}

// fault does one harmful thing.
func (f *fleet) fault(rng *rand.Rand) {
	i := rng.IntN(len(f.agents))
	what := []string{"agent killed", "agent killed", "agent stopped", "shim killed", "shim stopped",
		"both killed", "server killed", "link cut", "link held"}[rng.IntN(9)]
	switch shims := f.shims(i); what {
	case "agent killed":
		f.kill(i)
	case "agent stopped":
		if f.agents[i] == nil {
			return
		}
		p := f.agents[i].Process
		_ = p.Signal(syscall.SIGSTOP)
		f.later(rng, func() { _ = p.Signal(syscall.SIGCONT) })
	case "shim killed", "both killed":
		if what == "both killed" {
			f.kill(i)
		}
		for _, pid := range shims {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	case "shim stopped":
		for _, pid := range shims {
			_ = syscall.Kill(pid, syscall.SIGSTOP)
			f.later(rng, func() { _ = syscall.Kill(pid, syscall.SIGCONT) })
		}
	case "server killed":
		if rng.IntN(len(f.agents)) >= 20 { // with more agents there are more faults
			return
		}
		_ = f.server.Process.Kill()
		<-f.ended
		f.serve()
	case "link cut", "link held":
		l := f.links[i%len(f.links)]
		if what == "link cut" {
			l.setCut()
		} else {
			l.hold()
		}
		f.later(rng, l.heal)
	}
	f.note(what, fmt.Sprintf("host%d", i))
}

// note notes what happened.
func (f *fleet) note(what string, where ...string) {
	f.faults[what]++
	f.timeline = append(f.timeline, fmt.Sprintf("%.2f %s %v", boottime.Now().Seconds(), what, where))
}

// later does something within six seconds, three lease TTLs.
func (f *fleet) later(rng *rand.Rand, do func()) {
	wait := time.Duration(rng.IntN(6000)) * time.Millisecond
	f.machines.Go(func() { time.Sleep(wait); do() })
}

// chaosTask holds a lock for as long as any of its processes lives, so that another attempt that
// runs at the same time is found, and notes by CLOCK_BOOTTIME when it begins and ends. What it
// leaves behind ignores SIGTERM.
const chaosTask = `exec 9>>"$CHAOS_DIR/locks/${QSCHED_LEASE%/*}"
if ! flock -n 9; then
read up rest </proc/uptime; echo "$up $QSCHED_LEASE" >>"$CHAOS_DIR/overlaps"; exit 99
fi
read up rest </proc/uptime; echo "begin $up $QSCHED_LEASE" >>"$CHAOS_DIR/times"
(trap '' TERM; exec setsid sleep 1000) &
sleep $SECONDS_LONG
read up rest </proc/uptime; echo "end $up $QSCHED_LEASE" >>"$CHAOS_DIR/times"
echo "$QSCHED_LEASE" >>"$CHAOS_DIR/done"`

// TestNoTaskRunsTwiceAtOnce kills and stops agents, shims and the server at random, and runs real
// commands meanwhile: no two attempts of a task overlap, all tasks succeed in the end, and no process
// is left. CHAOS_AGENTS=AGENTS,SECONDS runs more of it.
func TestNoTaskRunsTwiceAtOnce(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("agents are for Linux only")
	}
	size := chaos{agents: 20, slots: 1, seconds: 10}
	if slow {
		size = chaos{agents: 4, slots: 1, seconds: 4}
	}
	if text := os.Getenv("CHAOS_AGENTS"); text != "" {
		n, err := fmt.Sscanf(text, "%d,%d", &size.agents, &size.seconds)
		require.NoError(t, err)
		require.Equal(t, 2, n)
	}
	// Tasks run for a third of the time at most, so that the agents are busy for two thirds of it.
	longest := time.Duration(size.seconds) * time.Second / 3
	size.tasks = 4 * size.agents
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	f := &fleet{script: newScript(t), agents: make([]*exec.Cmd, size.agents), slots: size.slots,
		faults: map[string]int{}}
	f.states = f.dir
	if size.agents > 20 { // one disk is too slow for so many machines
		dir, err := os.MkdirTemp("/dev/shm", "qsched-chaos-")
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
		f.states = dir
	}
	require.NoError(t, os.Mkdir(filepath.Join(f.dir, "locks"), 0o700))
	f.serve()
	for range (size.agents + 9) / 10 {
		f.links = append(f.links, newLink(t, strings.TrimPrefix(f.url, "http://")))
	}
	out, code := f.sh("qsched pool create lab --lease-ttl 2s")
	require.Zero(t, code, out)
	f.submit(rng, size.tasks, longest)
	for i := range f.agents {
		f.begin(i)
	}
	t.Cleanup(func() {
		for i := range f.agents {
			f.kill(i)
		}
		_ = f.server.Process.Kill()
		<-f.ended
	})
	for end := time.Now().Add(time.Duration(size.seconds) * time.Second); time.Now().Before(end); {
		f.serveAgain()
		f.fault(rng)
		for i, c := range f.agents {
			if c == nil && rng.IntN(2) == 0 {
				f.begin(i)
			}
		}
		time.Sleep(time.Duration(rng.Int64N(2 * int64(size.faultEvery()))))
	}
	f.machines.Wait()
	for i, c := range f.agents {
		if c == nil {
			f.begin(i)
		}
	}
	f.settle(size)
	t.Logf("%v", f.faults)
	f.judge(size.tasks)
}

// settle waits until all tasks have ended.
func (f *fleet) settle(size chaos) {
	end := time.Now().Add(time.Minute + 3*time.Duration(size.seconds)*time.Second)
	for left := ""; left != "0"; time.Sleep(200 * time.Millisecond) {
		f.serveAgain()
		require.True(f.t, time.Now().Before(end), "%s tasks have not ended", left)
		out, _ := f.sh(`qsched task list lab --state WAITING --state ASSIGNED --state RUNNING ` +
			`--state STOPPING --limit 0 --json | wc -l`)
		left = strings.TrimSpace(out)
	}
}

// submit submits tasks that run for so long or less.
func (f *fleet) submit(rng *rand.Rand, tasks int, longest time.Duration) {
	var lines strings.Builder
	for range tasks {
		line, err := json.Marshal(map[string]any{
			"max_attempts": 100,
			"exec": map[string]any{
				"command": []string{"sh", "-c", chaosTask},
				"environment": map[string]string{"PATH": os.Getenv("PATH"), "CHAOS_DIR": f.dir,
					"SECONDS_LONG": fmt.Sprintf("%.3f", longest.Seconds()*rng.Float64())},
			},
		})
		require.NoError(f.t, err)
		lines.Write(append(line, '\n'))
	}
	require.NoError(f.t, os.WriteFile(filepath.Join(f.dir, "tasks"), []byte(lines.String()), 0o600))
	out, code := f.sh("split -l 1000 tasks part. && for p in part.*; do qsched task submit lab --from $p >>ids; done")
	require.Zero(f.t, code, out)
}

// judgeTimes looks at when attempts began and ended: no attempt begins before an earlier one of its
// task has ended.
func (f *fleet) judgeTimes() {
	text, err := os.ReadFile(filepath.Join(f.dir, "times"))
	require.NoError(f.t, err)
	type times struct{ begin, end float64 }
	attempts := map[string][]times{} // by task; in the order in which they began
	at := map[string]int{}           // by lease
	for line := range strings.Lines(string(text)) {
		var what, lease string
		var up float64
		_, err := fmt.Sscan(line, &what, &up, &lease)
		require.NoError(f.t, err, line)
		task, _, _ := strings.Cut(lease, "/")
		switch _, begun := at[lease]; {
		case what == "begin":
			require.False(f.t, begun, "%s began twice", lease)
			at[lease] = len(attempts[task])
			attempts[task] = append(attempts[task], times{begin: up})
		default:
			attempts[task][at[lease]].end = up
		}
	}
	for task, all := range attempts {
		for i, one := range all[1:] {
			require.GreaterOrEqual(f.t, one.begin, all[i].end, "attempts of %s overlap", task)
		}
	}
}

// story is what happened to the attempts of the first task of which two ran at once.
func (f *fleet) story(overlaps []byte) string {
	line, _, _ := strings.Cut(string(overlaps), "\n")
	_, lease, _ := strings.Cut(line, " ")
	task, _, _ := strings.Cut(lease, "/")
	out, _ := f.sh("grep -h " + task + " times; grep -H " + task + " host*.log server.log; " +
		"qsched events lab --json | grep " + task)
	return out + strings.Join(f.timeline, "\n")
}

// judge looks what has become of the tasks.
func (f *fleet) judge(tasks int) {
	overlaps, _ := os.ReadFile(filepath.Join(f.dir, "overlaps"))
	require.Empty(f.t, string(overlaps), "two attempts of a task ran at once\n%s", f.story(overlaps))
	done, err := os.ReadFile(filepath.Join(f.dir, "done"))
	require.NoError(f.t, err)
	byTask := map[string]bool{}
	for lease := range strings.FieldsSeq(string(done)) {
		byTask[strings.Split(lease, "/")[0]] = true
	}
	if len(byTask) != tasks {
		others, _ := f.sh("qsched task list lab --limit 0 --json | grep -v SUCCEEDED")
		require.Len(f.t, byTask, tasks, "not all tasks have run to their end:\n%s", others)
	}
	f.judgeTimes()
	out, _ := f.sh("qsched task list lab --state SUCCEEDED --limit 0 --json | wc -l")
	require.Equal(f.t, strconv.Itoa(tasks), strings.TrimSpace(out), "not all have succeeded")
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		left := ""
		entries, err := os.ReadDir("/proc")
		require.NoError(f.t, err)
		for _, e := range entries {
			text, _ := os.ReadFile(filepath.Join("/proc", e.Name(), "environ"))
			if strings.Contains(string(text), "CHAOS_DIR="+f.dir+"\x00") {
				left += e.Name() + " "
			}
		}
		if left == "" {
			return
		}
		require.True(f.t, time.Now().Before(end), "processes are left: %s", left)
	}
}
