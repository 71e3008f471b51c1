package replay_test

import (
	"bytes"
	"crypto/sha256"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/quotasched/quotasched/journal"
	"github.com/quotasched/quotasched/pool"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/replay"
)

// rewrite returns a journal whose steps were changed.
func rewrite(t *testing.T, file []byte, change func(*protos.JournalStep)) []byte {
	t.Helper()
	r := open(t, file)
	var out bytes.Buffer
	w, err := journal.NewWriter(&out, journal.Beginning{Header: r.Header(), Snapshot: r.Snapshot()})
	if err != nil {
		t.Fatal(err)
	}
	for {
		step, err := r.Next()
		if err != nil {
			break
		}
		change(step)
		if err := w.Append(step); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// A journal of other outcomes or states differs at the first of them, with what each has there.
func TestDifferences(t *testing.T) {
	whole, _ := record(t, replay.RecorderOptions{StateEvery: 1, Outcomes: true}, operations(40))
	bare, _ := record(t, replay.RecorderOptions{}, operations(40))
	// set gives step 13, the first pull after two requests, another outcome.
	set := func(change func(*protos.Outcome)) func(*protos.JournalStep) {
		return func(s *protos.JournalStep) {
			if s.GetNumber() != 13 {
				return
			}
			outcome := proto.CloneOf(s.GetOutcome())
			change(outcome)
			hash := pool.Digest(outcome)
			s.OutcomeHash = hash[:]
			s.Outcome = outcome
		}
	}
	other := sha256.Sum256(nil)
	for _, c := range []struct {
		name   string
		file   []byte
		change func(*protos.JournalStep)
		number uint64
		want   []string
	}{
		{"assignment", whole, set(func(o *protos.Outcome) {
			o.GetResult().GetAssignments()[0].WorkerId = "w9"
		}), 13, []string{`operation 13 at 2026-01-05T09:12:00Z: {"time":"2026-01-05T09:12:00Z","assign_tasks":`,
			`assignment 1 differs`, `expected: {"worker_id":"w9"`, `     got: {"worker_id":"w`}},
		{"one less", whole, set(func(o *protos.Outcome) {
			o.GetResult().Assignments = nil
		}), 13, []string{"assignment 1 differs", "expected: none\n", `got: {"worker_id":`}},
		{"one more event", whole, set(func(o *protos.Outcome) {
			o.Events = append(o.Events, &protos.TaskEvent{RequestId: "5"})
		}), 13, []string{`expected: {"request_id":"5"}`, "got: none\n"}},
		{"error", whole, set(func(o *protos.Outcome) { o.Error = "no" }), 13,
			[]string{"the error differs", "expected: no\n", "got: none\n"}},
		{"only a hash", bare, func(s *protos.JournalStep) {
			if s.GetNumber() == 20 {
				s.OutcomeHash = other[:]
			}
		}, 20, []string{"operation 20 at", "the journal does not have the outcome", "e3b0c44298fc1c14"}},
		{"state", whole, func(s *protos.JournalStep) {
			if s.GetNumber() == 30 {
				s.StateHash = other[:]
			}
		}, 30, []string{"the state after it is not", "expected: a state with the hash e3b0c44298fc1c14"}},
		{"operation", whole, func(s *protos.JournalStep) {
			if w := s.GetOperation().GetTaskWaiting(); w != nil && s.GetNumber() > 10 {
				w.AccountId = "nobody"
			}
		}, 11, []string{"operation 11 at", `event 1 differs`, `"account_id":"lab"`, `"account_id":"nobody","enq`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			report := run(t, rewrite(t, c.file, c.change), replay.Options{})
			d := report.Difference
			if d == nil || d.Number != c.number || report.Steps != c.number-1 {
				t.Fatalf("got %+v", report)
			}
			for _, want := range c.want {
				if !strings.Contains(d.String(), want) {
					t.Errorf("no %q in\n%s", want, d)
				}
			}
		})
	}
}
