package main

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/quotasched/quotasched/internal/words"
	"github.com/quotasched/quotasched/journal"
)

// longReplay is the environment variable that makes the tests of this file run at full length. Its
// value is after how many operations the hash of the state is taken, each time. With 1, after each
// of them, the 1.6 million operations of the KTH log cost about 40 minutes of processor time.
const longReplay = "QSIM_LONG_REPLAY"

// recordedExamples are the experiments whose runs are recorded and replayed, with what makes them
// short. Those with a log run only where QSIM_TRACES is set.
var recordedExamples = []struct {
	example, policy string
	log             bool
	short           []string // values to set
	// every, if it is set, is after how many operations the state is hashed: each state is large.
	// Such a run goes with the long ones.
	every string
}{
	{"device-lab", "fifo", false, []string{"workload.length=2h"}, ""},
	{"device-lab", "quota", false, []string{"workload.length=2h"}, ""},
	{"device-lab", "quota", false, []string{"workload.length=1h", "faults.restarts=48",
		"faults.worker_deaths=2", "faults.news_lost=0.02", "faults.snapshot_period=20m"}, ""},
	{"ci-fleet", "quota", false, []string{"workload.length=3h"}, ""},
	{"gpu-cluster", "shares", false, []string{"workload.length=4h", "warm_up=0s"}, ""},
	{"kth", "fair", true, []string{"trace.to=170h"}, ""},
	{"lpc", "fair", true, []string{"trace.to=999h"}, ""},
	{"sdsc-ds", "queues", true, []string{"trace.to=596h"}, ""},
	{"openb", "fifo", true, []string{"trace.to=20m"}, "1000"},
	{"google-2011", "priorities", true, []string{"sweep=[]", "trace.to=11m"}, "10000"},
}

// A run that is recorded with a hash of the state after each operation is replayed as the same, on
// one processor and on two, and from a snapshot at any operation.
func TestRecordedRunsAreReplayed(t *testing.T) {
	long := os.Getenv(longReplay) != ""
	for i, x := range recordedExamples {
		t.Run(fmt.Sprintf("%s/%s/%d", x.example, x.policy, i), func(t *testing.T) {
			if x.log && os.Getenv(tracesVariable) == "" {
				t.Skip(tracesVariable + " is not set")
			}
			if (testing.Short() || slowed) && i != 1 {
				t.Skip("one of them is enough")
			}
			if x.every != "" && !long {
				t.Skip(longReplay + " is not set")
			}
			args := []string{"record", "../../examples/experiments/" + x.example + ".yaml", "--only",
				x.policy, "--state-every", cmp.Or(x.every, os.Getenv(longReplay), "1"), "--checks", "off"}
			for _, set := range x.short {
				if long && !x.log && strings.HasPrefix(set, "workload.length") {
					continue
				}
				args = append(args, "--set", set)
			}
			recordAndReplay(t, args)
		})
	}
}

// The whole log of a machine, eleven months long, with a hash of the state after each operation.
func TestKTHIsReplayed(t *testing.T) {
	if os.Getenv(longReplay) == "" || os.Getenv(tracesVariable) == "" {
		t.Skip(longReplay + " or " + tracesVariable + " is not set")
	}
	recordAndReplay(t, []string{"record", "../../examples/experiments/kth.yaml", "--only", "fair",
		"--state-every", os.Getenv(longReplay), "--checks", "off"})
}

// onProcessors does something on so many processors.
func onProcessors(n int, do func()) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(n))
	do()
}

// recordAndReplay records a run and replays it, and fails unless all is the same.
func recordAndReplay(t *testing.T, args []string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "run.qsj.zst")
	begin := time.Now()
	args = append(args, "-o", path)
	onProcessors(1, func() { expect(t, 0, nil, []string{`operations written to `}, args...) })
	steps, states := stepsOf(t, path)
	t.Logf("%d operations and %d states recorded in %v", steps, states, time.Since(begin).Round(time.Second))
	seed := fnv.New64a()
	_, _ = fmt.Fprint(seed, args[1:len(args)-1])
	chance := rand.New(rand.NewPCG(seed.Sum64(), 1))
	for _, processors := range []int{1, 2} {
		begin := time.Now()
		restore := 1 + chance.Uint64N(steps)
		onProcessors(processors, func() {
			expect(t, 0, []string{fmt.Sprintf(
				`(?m)^%s operations replayed, .*\n.*\n?  compared: %s outcomes and %s states?, all the same\n`,
				words.Number(steps), words.Number(steps), words.Number(states))}, nil, "replay", path, "--restore-after", strconv.FormatUint(restore, 10))
		})
		t.Logf("%d operations replayed on GOMAXPROCS=%d, restored after operation %d, in %v", steps,
			processors, restore, time.Since(begin).Round(time.Second))
	}
}

// stepsOf counts the steps of a journal, and those with a hash of the state.
func stepsOf(t *testing.T, path string) (steps, states uint64) {
	t.Helper()
	r, err := journal.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	for {
		step, err := r.Next()
		if err != nil {
			break
		}
		steps++
		if len(step.GetStateHash()) > 0 {
			states++
		}
	}
	if states == 0 {
		t.Fatal("nothing was recorded")
	}
	return steps, states
}
