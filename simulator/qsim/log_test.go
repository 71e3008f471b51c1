package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// oneJob is a log of a job of n processors that says nothing of its machine.
func oneJob(processors string) string {
	return "1 0 0 10 " + processors + " -1 -1 1 -1 -1 1 1 1 -1 -1 -1 -1 -1\n"
}

func TestRunsALog(t *testing.T) {
	expect(t, 0, []string{
		`^tiny.swf\ntiny.swf: 482 requests of 5 accounts, 16 workers, 1 seed\n` +
			`200 jobs, of which 2 never ran; 0 malformed lines skipped\n`,
		`fair: Of 5 accounts, 4 wait less than under fifo, 1 waits more`,
		`(?m)^group-2  fifo         216 .* 0$`,
		`(?m)^all      fifo         482 `,
		`(?m)^the log's own +9,671 +3,493 `,
		`\ntook \d.* s: 2 runs, 964 requests in all; [\d,]+ tasks started a second, after \S+ s of loading\n$`,
	}, nil, "run", tiny)
	expect(t, 0, []string{`^tiny.swf\n200 jobs, .*\npolicy fair: Each account has an equal share `,
		`(?m)^requests +482: 482 completed, 0 impossible, 0 lost, 0 unfinished$`,
	}, nil, "run", "--only", "fair", tiny)
}

func TestFlagsOfALog(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--account", "user-{user}"}, `(?m)^user-11  fifo `},
		{[]string{"--account", "queue"}, `482 requests of 1 account, 16 workers`},
		{[]string{"--account", "{queue|q}", "--table", "q=1:batch,*:rest"}, `(?m)^batch  `},
		{[]string{"--workers", "40"}, `482 requests of 5 accounts, 40 workers`},
		{[]string{"--size", "single", "--workers", "4"}, `198 requests of 5 accounts`},
		{[]string{"--per-worker", "2"}, `tiny.swf: \d{3} requests of 5 accounts, 8 workers`},
		{[]string{"--from", "1d", "--to", "1d6h"}, `tiny.swf: \d{2,3} requests of . accounts`},
		{[]string{"--load-factor", "2"}, `482 requests`},
		{[]string{"--importance", "queue {queue}"}, `(?m)^queue 1 `},
		{[]string{"--format", "swf", "--preset", "kth-sp2"}, `(?m)^group-2 |(?m)^2 `},
		{[]string{"--only", "fifo", "--top", "2"}, `(?m)^3 others `},
		{[]string{"--top", "0"}, `(?m)^group-5  fifo`},
		{[]string{"--only", "fair", "--set", "policies.fair.scheduler.disable_preemption=true"},
			` 0 preempted`},
		{[]string{"--only", "fair", "--set", "policies.fair.retry=false"}, `preempted for good`},
		{[]string{"--only", "fair", "--set", "timing.tick=1s", "--set", "timing.poll=1s"},
			`482 completed`},
		{[]string{"--parallel", "1", "--checks", "off"}, `\ntook `},
	} {
		expect(t, 0, []string{c.want}, nil, append(append([]string{"run"}, c.args...), tiny)...)
	}
}

// Without accounts there is nothing to share: the policy fair says so, and does what fifo does.
func TestALogWithoutAccounts(t *testing.T) {
	warning := `^qsim: warning: policy "fair": the workload has no accounts .*, so all tasks are free\n$`
	expect(t, 0, []string{`482 requests of 0 accounts`, `No difference at all from fifo`,
		`(?m)^\(no account\)  fifo +482`}, []string{warning}, "run", "--account", "none", tiny)
	expect(t, 0, []string{`482 completed`}, []string{warning}, "run", "--account", "none",
		"--only", "fair", tiny)
	expect(t, 0, []string{`482 completed`}, nil, "run", "--account", "none", "--only", "fifo", tiny)
}

// What is wrong with a log is said in the words of the command line: the experiment that is made of
// it has a text that nobody has seen.
func TestMistakesOfALogNameFlags(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--account", "{nope}"}, `--account: .* the log has no field "nope"; there are job, `},
		{[]string{"--base-label", "a", "--base-label", "{nope}"}, `--base-label: .* no field "nope"`},
		{[]string{"--provisionable-label", "{nope}"}, `--provisionable-label: .* no field "nope"`},
		{[]string{"--account", "{user|t}"}, `--account: .*table "t"`},
		{[]string{"--from", "2h", "--to", "1h"}, `--to: 1h0m0s is not after 2h0m0s`},
		{[]string{"--preset", "kth"}, `--preset: there is no preset "kth"; there are google-2011`},
		{[]string{"--size", "big"}, `--size: "big" is neither expand nor single`},
		{[]string{"--load-factor", "-1"}, `.*want a number from 0.01 to 1,000`},
		{[]string{"--format", "csv", "--submit-column", "t"}, `--run-column: no column is named`},
		{[]string{"--format", "csv", "--unit", "h"}, `(?m)--unit: "h" is`},
		{[]string{"--only", "x"}, `there is no policy "x"; there are: fifo, fair`},
		{[]string{"--set", "timing.tick=0s"}, `--set timing.tick=0s: timing.tick: 0s is not from 1ms`},
		{[]string{"--set", "policies.fair.max_charge=x"},
			`--set policies.fair.max_charge=x: .* "x" is not a duration such as 90s`},
		{[]string{"--set", "policies.fare.level=p0"}, `--set policies.fare.level=p0: .*fare`},
	} {
		expect(t, 2, nil, []string{`(?m)^(qsim: )?` + c.want},
			append(append([]string{"run"}, c.args...), tiny)...)
		_, _, stderr := qsim(append(append([]string{"run"}, c.args...), tiny)...)
		if strings.Contains(stderr, "tiny.swf:1") || strings.Contains(stderr, "trace.") {
			t.Errorf("%q names what nobody wrote: %s", c.args, stderr)
		}
	}
	expect(t, 2, nil, []string{`^qsim: --account: .* no field "nope"`},
		"convert", "--account", "{nope}", tiny, "-")
	expect(t, 2, nil, []string{`^qsim: --to: 1h0m0s is not after 2h0m0s`},
		"trace", "info", "--from", "2h", "--to", "1h", tiny)
}

func TestLogsThatCannotBeUsed(t *testing.T) {
	expect(t, 2, nil, []string{`^qsim: none.swf: no such file or directory\n$`}, "run", "none.swf")
	expect(t, 2, nil, []string{`is a directory`}, "run", t.TempDir())
	expect(t, 2, nil, []string{`^qsim: \S*empty.swf: no job in it ran \(0 jobs, 0 malformed lines\)\n$`},
		"run", write(t, "empty.swf", ""))
	expect(t, 2, nil, []string{`^qsim: \S*p.swf: no job in it ran \(0 jobs, 1 malformed line\)`},
		"run", write(t, "p.swf", "\x89PNG\r\n"))
	expect(t, 2, nil, []string{`^qsim: \S*r.json:1: not a native log`}, "run",
		write(t, "r.json", `{"version":1}`))
	expect(t, 2, nil, []string{`^qsim: --workers: is needed, as the log does not say how large its `},
		"run", write(t, "a.swf", oneJob("1")))
	expect(t, 0, []string{`1 completed`}, nil, "run", "--workers", "1", "--only", "fair",
		write(t, "a.swf", oneJob("1")))
}

func TestALogThatIsOutOfOrderIsSorted(t *testing.T) {
	late := strings.Replace(oneJob("1"), "1 0 0 10", "2 500 0 10", 1)
	expect(t, 0, []string{`2 requests`, `No difference at all`}, nil, "run", "--workers", "1",
		write(t, "a.swf", late+oneJob("1")))
}

func TestGzip(t *testing.T) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(read(t, tiny))); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	expect(t, 0, []string{`482 completed`}, nil, "run", "--only", "fifo",
		write(t, "tiny.swf.gz", b.String()))
	cut := write(t, "cut.swf.gz", b.String()[:b.Len()-100])
	expect(t, 2, nil, []string{`cut.swf.gz:\d+: compressed file is cut short`}, "run", cut)
}

func TestMalformedLines(t *testing.T) {
	text := strings.Replace(read(t, tiny), "\n   10 ", "\n   ten ", 1) + strings.Repeat("x\n", 8)
	path := write(t, "bad.swf", text)
	expect(t, 0, []string{`199 jobs, of which 2 never ran; 9 malformed lines skipped`}, []string{
		`^qsim: warning: malformed lines skipped: 9\n`,
		`bad.swf:29: field 1 \(job number\): "ten" is not a number\n`,
		`bad.swf:220: 1 fields, want 18\n`,
	}, "run", path)
	first := `^qsim: \S*bad.swf:29: field 1 \(job number\): "ten" is not a number\n$`
	expect(t, 2, nil, []string{first}, "run", "--strict", path)
}

// Jobs wider than the fleet are named and counted, and do not keep the others from running.
func TestImpossibleJobs(t *testing.T) {
	expect(t, 0, []string{
		`^IMPOSSIBLE: 96 of 482 requests \(19.9 %\) can never run on this fleet\n`,
		`386 completed, 96 impossible, 0 lost, 0 unfinished`,
	}, []string{
		`^qsim: warning: 96 of 482 requests \(19.9 %\) can never run on this fleet\n` +
			`qsim: warning: any worker: there are 10, and up to 16 are needed at once ` +
			`\(96 requests, the first: \d+\)\n$`,
	}, "run", "--only", "fifo", "--workers", "10", tiny)
	expect(t, 2, nil, []string{`^qsim: 96 of 482 requests .*, and more than 1 % is refused:\n`},
		"run", "--strict", "--only", "fifo", "--workers", "10", tiny)
	one := write(t, "a.swf", oneJob("3"))
	expect(t, 2, []string{`3 impossible`}, []string{`nothing could run: any worker: there are 2, and up to 3 are needed`},
		"run", "--only", "fair", "--workers", "2", one)
}

// What QSIM_TRACES holds runs, beside what really happened.
func TestARealLog(t *testing.T) {
	folder := os.Getenv(tracesVariable)
	if folder == "" {
		t.Skip("QSIM_TRACES is not set")
	}
	code, stdout, stderr := qsim("run", "--json", "-", "--wall-times", "off", "--only", "fifo",
		"--to", "30d", folder+"/KTH-SP2-1996-2.1-cln.swf.gz")
	var got struct {
		Variants []struct {
			Runs []struct {
				Figures struct {
					All         struct{ Requests, Completed int }
					Submissions struct {
						RealWait struct{ Count int } `json:"real_wait"`
					}
				}
			}
		}
	}
	if err := json.Unmarshal([]byte(stdout), &got); code != 0 || stderr != "" || err != nil {
		t.Fatalf("exit code %d, stderr %q, %v", code, stderr, err)
	}
	f := got.Variants[0].Runs[0].Figures
	if f.All.Requests < 1000 || f.All.Completed != f.All.Requests || f.Submissions.RealWait.Count < 100 {
		t.Errorf("%+v", f)
	}
}
