package main

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/quotasched/quotasched/explain"
	"github.com/quotasched/quotasched/protos"
)

// Of all that wait, the first thing that keeps them is told; of one, all of it, in three formats
// that say the same, from a journal and from a snapshot of the same moment.
func TestExplain(t *testing.T) {
	t.Parallel()
	journal, at := busyJournal(t), []string{"--at", "2026-01-05T04:00"}
	code, overview, stderr := qsim(append([]string{"explain", journal}, at...)...)
	rows := regexp.MustCompile(`(?m)^(\S+) +([\d,]+) .* (NoIdleWorker|BalanceTooLow) +(\S+)$`).
		FindAllStringSubmatch(overview, -1)
	if code != 0 || stderr != "" || len(rows) == 0 {
		t.Fatalf("exit code %d, %s\n%s", code, stderr, overview)
	}
	id := rows[0][4]
	text := func(args ...string) string {
		code, out, stderr := qsim(append([]string{"explain"}, args...)...)
		if code != 0 || stderr != "" {
			t.Fatalf("%q: exit code %d, %s", args, code, stderr)
		}
		return out
	}
	one := text(append(at, journal, id)...)
	if !strings.HasPrefix(one, id+" WAITS") || !strings.Contains(one, rows[0][3]) {
		t.Errorf("the explanation is\n%s", one)
	}
	var fromJSON, fromProto protos.Explanation
	out := text(append(at, journal, id, "--json", "-")...)
	if err := protojson.Unmarshal([]byte(out), &fromJSON); err != nil {
		t.Fatal(err)
	}
	words := strings.Join(strings.Fields(one), " ")
	if m := fromJSON.GetFindings()[0].GetMessage(); m == "" || !strings.Contains(words, m) {
		t.Errorf("the message of the first finding is %q", m)
	}
	out = text(append(at, journal, id, "--format", "proto")...)
	if err := proto.Unmarshal([]byte(out), &fromProto); err != nil {
		t.Fatal(err)
	}
	if !proto.Equal(&fromJSON, &fromProto) || explain.Text(&fromJSON) != one {
		t.Error("the formats do not say the same")
	}
	snapshot := filepath.Join(t.TempDir(), "state.json")
	if code, _, stderr := qsim("replay", journal, "--until", at[1], "--save", snapshot); code != 0 {
		t.Fatal(stderr)
	}
	if again := text(snapshot, id); again != one {
		t.Errorf("of the snapshot:\n%s\nof the journal:\n%s", again, one)
	}
}

func TestBadExplainCommands(t *testing.T) {
	journal := busyJournal(t)
	snapshot := filepath.Join(t.TempDir(), "state.pb")
	if code, _, stderr := qsim("replay", journal, "--save", snapshot); code != 0 {
		t.Fatal(stderr)
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{nil, `want SNAPSHOT or JOURNAL`},
		{[]string{journal, "nobody"}, `busy.qsj.gz: .*"nobody"`},
		{[]string{journal, "--format", "yaml"}, `want text or proto`},
		{[]string{journal, "--json", "-"}, `--json is for requests that are named`},
		{[]string{journal, "a", "b", "--format", "proto"}, `proto is for one REQUEST`},
		{[]string{snapshot, "--at", "7"}, `is a snapshot, and not a journal`},
		{[]string{"nowhere.pb"}, `nowhere.pb: no such file`},
		{[]string{write(t, "x.yaml", smallYAML)}, `neither a journal nor a snapshot`},
	} {
		expect(t, 2, nil, []string{`(?s)^qsim: .*` + c.want}, append([]string{"explain"}, c.args...)...)
	}
}

// At the end of a run nothing waits.
func TestExplainNothing(t *testing.T) {
	expect(t, 0, []string{`^no request waits\n$`}, []string{`^$`}, "explain", busyJournal(t))
}
