package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quotasched/quotasched/journal"
	"github.com/quotasched/quotasched/pool"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/replay"
)

// recordedSmall returns the journal of a small run.
func recordedSmall(t *testing.T, name string, flags ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	args := append([]string{"record", write(t, "small.yaml", smallYAML), "--only", "quota",
		"--set", "workload.length=2h", "-o", path}, flags...)
	expect(t, 0, nil, []string{`^qsim: \d+ operations written to \S+` + name + `\n$`}, args...)
	return path
}

func TestRecordAndReplay(t *testing.T) {
	for _, name := range []string{"a.qsj", "a.qsj.gz", "a.qsj.zst"} {
		path := recordedSmall(t, name, "--seed", "7", "--outcomes")
		expect(t, 0, []string{
			`^\S+a.qsj\S*: pool small, written by qsim \S+.*\n  small.yaml: policy quota, seed 7\n` +
				`(\d+) operations replayed, from 2026-01-05T\S+Z to 2026-01-05T\S+Z \([^)]+\)\n` +
				`  took \S+ \S+: [\d,]+ times as fast as the real world\n` +
				`  compared: \d+ outcomes and \d+ states?, all the same\n  state: [0-9a-f]{64}\n` +
				`\d+ operations replayed, `,
		}, nil, "replay", path, "--runs", "2", "--restore-after", "50", "--pool", "small")
	}
}

// The same run gives the same journal, and another seed another one. Without --seed it is the
// first one of the file.
func TestRecordIsTheSame(t *testing.T) {
	one, two := read(t, recordedSmall(t, "a.qsj.zst")), read(t, recordedSmall(t, "b.qsj.zst", "--seed", "1"))
	if one != two {
		t.Error("the same run gave other bytes")
	}
	if read(t, recordedSmall(t, "c.qsj.zst", "--seed", "2")) == one {
		t.Error("another seed gave the same run")
	}
	_, stdout, stderr := qsim("record", tiny, "--only", "fair", "-o", "-")
	if !strings.HasPrefix(stdout, "\x89QSJ\r\n\x1a\x01") || !strings.Contains(stderr, "written to -") {
		t.Errorf("%d bytes on stdout, stderr %q", len(stdout), stderr)
	}
}

func TestRecordRefuses(t *testing.T) {
	file, out := write(t, "small.yaml", smallYAML), filepath.Join(t.TempDir(), "a.qsj")
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{file}, `name the journal with -o FILE`},
		{[]string{file, "-o", out}, `a journal is of one policy, and there are 2: fifo; quota; choose`},
		{[]string{file, "-o", out, "--only", "x"}, `there is no policy "x"`},
		{[]string{file, file, "-o", out}, `2 files were named`},
		{[]string{"none.yaml", "-o", out}, `none.yaml: no such file`},
		{[]string{file, "-o", filepath.Join(out, "x"), "--only", "fifo"}, `no such file or directory`},
		{[]string{file, "-o", out, "--workers", "3"}, `--workers is for a log`},
		{[]string{file, "-o", out, "--set", "sed=1"}, `unknown field "sed"`},
	} {
		expect(t, 2, nil, []string{c.want}, append([]string{"record"}, c.args...)...)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var stdout, stderr bytes.Buffer
	if code := execute(ctx, []string{"record", file, "--only", "fifo", "-o", out}, &stdout,
		&stderr); code != 130 || stderr.String() != "qsim: interrupted: nothing was written\n" {
		t.Errorf("interrupted: exit code %d, %s", code, stderr.String())
	}
	leftIn(t, filepath.Dir(out))
	var full bytes.Buffer
	if code := execute(t.Context(), []string{"record", file, "--only", "fifo", "-o", "-"}, fullDisk{},
		&full); code != 2 || !strings.Contains(full.String(), "no space left on device") {
		t.Errorf("full: exit code %d, %s", code, full.String())
	}
}

// A state that was saved at a point is the one that a journal leads to there, in all its forms.
func TestSaveAndLoad(t *testing.T) {
	path := recordedSmall(t, "a.qsj.zst")
	folder := t.TempDir()
	binary, text := filepath.Join(folder, "a.pb"), filepath.Join(folder, "a.json")
	for _, out := range []string{binary, text} {
		expect(t, 0, []string{`(?m)^60 operations replayed, .*; stopped there$`}, nil, "replay", path,
			"--until", "60", "--save", out)
	}
	_, stdout, _ := qsim("replay", path, "--until", "60", "--save", "-")
	if stdout != read(t, binary) {
		t.Errorf("%d bytes on stdout", len(stdout))
	}
	want, err := loadPool(t.Context(), path, replay.Options{Until: replay.Point{Step: 60}})
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{binary, text} {
		got, err := loadPool(t.Context(), file, replay.Options{})
		if err != nil || got.Pool.Hash() != want.Pool.Hash() {
			t.Errorf("%s: another pool, %v", file, err)
		}
		if _, err := loadPool(t.Context(), file, replay.Options{Until: replay.Point{Step: 1}}); err == nil {
			t.Errorf("%s: a snapshot has no points", file)
		}
	}
	expect(t, 0, []string{`(?m)^0 operations replayed; stopped there$`}, nil, "replay", path,
		"--until", "0")
	expect(t, 0, []string{`(?m)^\d+ operations replayed, from \S+ to 2026-01-05T00:\S+Z .*; stopped there$`},
		nil, "replay", path, "--until", "2026-01-05T01:00")
	expect(t, 2, nil, []string{`a.qsj.zst: has \d+ operations, and no operation 100,000`}, "replay",
		path, "--until", "100000")
	if _, err := loadPool(t.Context(), path, replay.Options{Until: replay.Point{Step: 100000}}); err == nil {
		t.Error("there is an operation 100000")
	}
}

// rewritten returns the journal with something changed in each step.
func rewritten(t *testing.T, path string, change func(*protos.JournalStep)) string {
	t.Helper()
	r, err := journal.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "changed.qsj")
	w, err := journal.Create(out, journal.Beginning{Header: r.Header(), Snapshot: r.Snapshot()})
	for err == nil {
		var step *protos.JournalStep
		if step, err = r.Next(); err == nil {
			change(step)
			err = w.Append(step)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out
}

// A journal that differs, is torn or damaged, or of another pool: each has its exit code, and says
// where.
func TestReplayOfBadJournals(t *testing.T) {
	path := recordedSmall(t, "a.qsj", "--outcomes")
	changed := rewritten(t, path, func(s *protos.JournalStep) {
		if s.GetNumber() == 50 {
			s.Outcome.Error = "\x1b[2J no"
			hash := pool.Digest(s.GetOutcome())
			s.OutcomeHash = hash[:]
		}
	})
	expect(t, 1, []string{`(?m)^49 operations replayed`, `DIFFERENT: operation 50 at 2026-01-05T`,
		`(?m)^  expected: \[2J no$`, `(?m)^       got: none$`},
		[]string{`^qsim: \S+changed.qsj: the replay differs from the journal at operation 50\n$`},
		"replay", changed)
	if _, err := loadPool(t.Context(), changed, replay.Options{}); exitCode(err) != 1 {
		t.Errorf("loaded: %v", err)
	}
	whole := []byte(read(t, path))
	torn := write(t, "torn.qsj", string(whole[:len(whole)-10]))
	expect(t, 0, []string{`all the same`},
		[]string{`^qsim: warning: \S+torn.qsj: torn: step [\d,]+ at byte [\d,]+ is not whole; all before it`},
		"replay", torn)
	if _, err := loadPool(t.Context(), torn, replay.Options{}); err != nil {
		t.Error(err)
	}
	whole[len(whole)-100] ^= 1
	damaged := write(t, "damaged.qsj", string(whole))
	expect(t, 2, nil, []string{`damaged.qsj: after \d+ operations that came out as in the journal: ` +
		`record [\d,]+ \(step [\d,]+\) at byte [\d,]+: damaged`}, "replay", damaged)
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{path, "--pool", "lab"}, `the journal of another pool: it is of "small", and "lab" was`},
		{[]string{tiny}, `tiny.swf: not a journal: it does not begin with the bytes 89 51 53 4A`},
		{[]string{"none.qsj"}, `^qsim: none.qsj: no such file or directory`},
		{[]string{filepath.Dir(path)}, `is a directory`},
		{[]string{path, "--until", "noon"}, `want a number of operations, or a time such as`},
		{[]string{path, "--runs", "0"}, `--runs 0 is less than 1`},
		{[]string{path, path}, `2 files were named, want FILE`},
	} {
		expect(t, 2, nil, []string{c.want}, append([]string{"replay"}, c.args...)...)
	}
	for _, file := range []string{tiny, write(t, "a.json", "{"), write(t, "empty.json", "{}")} {
		if _, err := loadPool(t.Context(), file, replay.Options{}); err == nil ||
			!strings.HasPrefix(err.Error(), file+": ") {
			t.Errorf("%s: %v", file, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if code := execute(ctx, []string{"replay", path}, os.Stdout, &bytes.Buffer{}); code != 130 {
		t.Errorf("interrupted: exit code %d", code)
	}
}
