package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/quotasched/quotasched/internal/recording"
	"github.com/quotasched/quotasched/journal"
	"github.com/quotasched/quotasched/plan"
	"github.com/quotasched/quotasched/replay"
)

// labJournal is the bytes of a journal of a day of the device lab under its policy quota.
var labJournal = sync.OnceValues(func() ([]byte, error) {
	r, err := recording.Example("device-lab.yaml", "quota", "workload.length=12h")
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	p := r.Pool()
	w, err := journal.NewWriter(&out, journal.Beginning{Snapshot: p.Snapshot()})
	if err != nil {
		return nil, err
	}
	recorder := replay.NewRecorder(p, w, replay.RecorderOptions{})
	for _, op := range r.Operations {
		if _, err := recorder.Step(context.Background(), op); err != nil {
			return nil, err
		}
	}
	err = w.Close()
	return out.Bytes(), err
})

// labFile writes the journal to a file.
func labFile(t *testing.T) string {
	t.Helper()
	b, err := labJournal()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "lab.qsj")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// quotaPolicy is the policy quota of the device lab as a policy alone.
const quotaPolicy = `accounts:
  cq:
    description: tests of changes before they land
    rates: {p0: 40}
    max_charge: 2h
  release: {rates: {p1: 15}, max_charge: 4h}
  perf: {rates: {p1: 6}, max_charge: 8h}
  bringup: {rates: {p1: 4}, max_charge: 4h, max_fanout: 6}
  nightly: {rates: {p2: 40}, max_charge: 4h}
  fuzz: {}
`

// policyFile writes a policy to a file.
func policyFile(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestPlan(t *testing.T) {
	t.Parallel()
	lab, example := labFile(t), filepath.Join("..", "..", "examples", "experiments", "device-lab.yaml")
	same := policyFile(t, "same.yaml", quotaPolicy)
	harm := policyFile(t, "harm.yaml", strings.Replace(quotaPolicy, "p0: 40", "p0: 4", 1))
	for _, c := range []struct {
		name string
		args []string
		code int
		want []string
	}{
		{"no change", []string{same}, exitOK, []string{
			"same.yaml instead of the recorded settings",
			"Nothing changes: every figure of every account is the same.",
			"What this assumes:",
			"requests come as recorded, whatever becomes of the earlier ones.",
			"How close a run under the recorded settings comes to what was recorded:"}},
		{"no change in an experiment", []string{"--policy", "quota", example, same,
			"--threshold", "wait_mean=+0s"}, exitOK, []string{"Nothing changes"}},
		{"harm", []string{same, harm}, exitOK, []string{
			"a request takes longer, with its wait and the work that is lost: cq "}},
		{"harm at a gate", []string{same, harm, "--threshold", "wait_p95=+20%,+60s",
			"--threshold", "wait_mean@cq=+1m"}, exitBroken, []string{
			"BROKEN: 2 thresholds:\n  wait_p95=+20%,+60s: cq: "}},
		{"other policies of one file", []string{"--old-policy", "quota", "--new-policy", "fair",
			example, example}, exitOK, []string{"device-lab.yaml, policy fair instead of "}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			args := append([]string{"plan", "--journal", lab}, c.args...)
			code, stdout, stderr := qsim(args...)
			if code != c.code {
				t.Errorf("exit code %d, want %d: %s", code, c.code, stderr)
			}
			for _, want := range c.want {
				if !strings.Contains(stdout, want) && !strings.Contains(oneLine(stdout), want) {
					t.Errorf("%q is not in\n%s", want, stdout)
				}
			}
			if _, again, _ := qsim(args...); again != stdout {
				t.Error("the second time, it says something else")
			}
		})
	}
}

// oneLine puts a text on one line.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

func TestPlanJSON(t *testing.T) {
	t.Parallel()
	lab := labFile(t)
	harm := policyFile(t, "harm.yaml", strings.Replace(quotaPolicy, "p0: 40", "p0: 4", 1))
	code, stdout, stderr := qsim("plan", "--journal", lab, harm, "--json", "-")
	var p plan.Plan
	if err := json.Unmarshal([]byte(stdout), &p); err != nil || code != exitOK {
		t.Fatalf("%v, exit code %d: %s", err, code, stderr)
	}
	if p.Version != plan.Version || p.Accounts[0].Account != "cq" || !p.OldAsRecorded {
		t.Errorf("got %+v", p)
	}
}

func TestPlanRefuses(t *testing.T) {
	lab := labFile(t)
	good := policyFile(t, "good.yaml", quotaPolicy)
	bytes, err := labJournal()
	if err != nil {
		t.Fatal(err)
	}
	write := func(name string, b []byte) string {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	flipped := slices.Clone(bytes)
	flipped[len(flipped)/2] ^= 1
	example := filepath.Join("..", "..", "examples", "experiments", "device-lab.yaml")
	for _, c := range []struct {
		name string
		args []string
		want string
	}{
		{"no journal", []string{good}, "--journal names no file"},
		{"no policy", []string{"--journal", lab}, "want NEW.yaml"},
		{"missing journal", []string{"--journal", "/none", good}, "/none: no such file"},
		{"not a journal", []string{"--journal", good, good}, "not a journal"},
		{"a flipped bit", []string{"--journal", write("bad.qsj", flipped), good}, "damaged"},
		{"cut at the beginning", []string{"--journal", write("cut.qsj", bytes[:20]), good},
			"nothing to go on from"},
		{"metric", []string{"--journal", lab, good, "--threshold", "wait=+1s"},
			`there is no metric "wait"`},
		{"sense", []string{"--journal", lab, good, "--threshold", "wait_p95=-1s"}, "no harm"},
		{"account", []string{"--journal", lab, good, "--threshold", "wait_p95@x=+1s"},
			`there is no account "x"`},
		{"which policy", []string{"--journal", lab, example},
			"several policies, of which one must be named: fifo, fair, quota"},
		{"unknown policy", []string{"--journal", lab, "--policy", "x", example},
			`has no policy "x"; there are: fifo, fair, quota`},
		{"mistakes", []string{"--journal", lab,
			policyFile(t, "bad.yaml", "accounts:\n  cq: {rate: 1}\n  b: {rates: {p9: 1}}\n")},
			"bad.yaml:3:15: accounts.b.rates: unknown field \"p9\""},
		{"a base", []string{"--journal", lab, policyFile(t, "base.yaml", "base: x\nbuiltin: fifo\n")},
			"base.yaml:1:7: base: a policy that stands alone has no other one"},
		{"an empty policy", []string{"--journal", lab, policyFile(t, "empty.yaml", "\n")}, "empty.yaml"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			code, stdout, stderr := qsim(append([]string{"plan"}, c.args...)...)
			if code != exitUsage || stdout != "" || !strings.Contains(stderr, c.want) {
				t.Errorf("exit code %d, %q, want %q in\n%s", code, stdout, c.want, stderr)
			}
		})
	}
}

// Of a torn journal, what is before that is used, and said.
func TestPlanWithATornJournal(t *testing.T) {
	b, err := labJournal()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "torn.qsj")
	if err := os.WriteFile(path, b[:len(b)*2/3], 0o600); err != nil {
		t.Fatal(err)
	}
	code, stdout, stderr := qsim("plan", "--journal", path, policyFile(t, "a.yaml", quotaPolicy))
	if code != exitOK || !strings.Contains(stdout, "The journal is torn: step ") ||
		!strings.Contains(stdout, "Nothing changes") {
		t.Errorf("exit code %d: %s\n%s", code, stdout, stderr)
	}
}

// A replay goes on under another policy, from the middle or from before the first operation, or
// has a shadow beside it.
func TestReplayWhatIf(t *testing.T) {
	t.Parallel()
	lab := labFile(t)
	same := policyFile(t, "same.yaml", quotaPolicy)
	harm := policyFile(t, "harm.yaml", strings.Replace(quotaPolicy, "p0: 40", "p0: 4", 1))
	drops := policyFile(t, "drops.yaml", strings.Replace(quotaPolicy, "  fuzz: {}\n", "", 1))
	for _, c := range []struct {
		name string
		args []string
		code int
		want []string
	}{
		{"fork", []string{"--until", "9000", "--fork", harm}, exitOK,
			[]string{"harm.yaml instead of the recorded settings", "that is lost: cq "}},
		{"fork at a time, and a gate", []string{"--until", "2026-01-05T08:00", "--fork", harm,
			"--threshold", "wait_p95@cq=+1m"}, exitBroken,
			[]string{"BROKEN: 1 threshold:", "from 2026-01-05 08:00:0"}},
		{"fork without a change", []string{"--until", "9000", "--fork", same}, exitOK,
			[]string{"Nothing changes"}},
		{"fork from before the accounts", []string{"--until", "0", "--fork", same}, exitOK,
			[]string{"6 later operations on accounts are ignored."}},
		{"shadow", []string{"--shadow", harm}, exitOK,
			[]string{"A shadow under", "They first differ at operation"}},
		{"shadow without a change", []string{"--shadow", same}, exitOK, []string{"They never differ."}},
		{"fork that drops an account", []string{"--until", "9000", "--fork", drops}, exitUsage,
			[]string{`drops.yaml: accounts with running tasks would be dropped: "fuzz" has`}},
		{"beyond the end", []string{"--until", "900000", "--fork", same}, exitUsage,
			[]string{"and no operation 900,000"}},
		{"shadow beyond the end", []string{"--until", "900000", "--shadow", same}, exitUsage,
			[]string{"and no operation 900,000"}},
		{"another pool", []string{"--pool", "x", "--fork", same}, exitUsage,
			[]string{"the journal of another pool"}},
		{"both", []string{"--fork", same, "--shadow", same}, exitUsage, []string{"two questions"}},
		{"neither", []string{"--top", "3"}, exitUsage, []string{"--top is for --fork and --shadow"}},
		{"save", []string{"--fork", same, "--save", "x"}, exitUsage, []string{"--save is for a replay"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			code, stdout, stderr := qsim(append([]string{"replay", lab}, c.args...)...)
			if code != c.code {
				t.Errorf("exit code %d, want %d: %s", code, c.code, stderr)
			}
			for _, want := range c.want {
				if !strings.Contains(oneLine(stdout+stderr), want) {
					t.Errorf("%q is not in\n%s%s", want, stdout, stderr)
				}
			}
		})
	}
}

// Each thing that takes long has a bar.
func TestPlansHaveBars(t *testing.T) {
	t.Parallel()
	lab, same := labFile(t), policyFile(t, "same.yaml", quotaPolicy)
	for _, c := range []struct{ args, bars []string }{
		{[]string{"plan", "--journal", lab, same}, []string{"reading", "run 1 of 2", "run 2 of 2"}},
		{[]string{"replay", lab, "--shadow", same}, []string{"reading", "with a shadow"}},
		{[]string{"replay", lab, "--runs", "2"}, []string{"run 1 of 2", "run 2 of 2"}},
	} {
		_, _, stderr := qsim(append(c.args, "--progress", "on")...)
		for _, bar := range c.bars {
			if !strings.Contains(stderr, "\r"+bar+" ") {
				t.Errorf("%q: no bar %q in %q", c.args, bar, stderr)
			}
		}
	}
}

// A plan that is interrupted, or that cannot be written, says so.
func TestPlanEnds(t *testing.T) {
	t.Parallel()
	lab, same := labFile(t), policyFile(t, "same.yaml", quotaPolicy)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for _, args := range [][]string{
		{"plan", "--journal", lab, same},
		{"replay", lab, "--until", "9000", "--fork", same},
		{"replay", lab, "--shadow", same},
	} {
		var stdout, stderr bytes.Buffer
		if code := execute(ctx, args, &stdout, &stderr); code != exitInterrupted || stdout.Len() > 0 {
			t.Errorf("%q: exit code %d: %s%s", args, code, &stdout, &stderr)
		}
		code := execute(context.Background(), args, fullDisk{}, &stderr)
		if code != exitUsage || !strings.Contains(stderr.String(), "standard output: ") {
			t.Errorf("%q on a full disk: exit code %d: %s", args, code, &stderr)
		}
	}
}
