package scheduler_test

import (
	"errors"
	"testing"
	"time"

	"go.chromium.org/luci/common/data/stringset"

	"github.com/quotasched/quotasched/scheduler"
)

// Ids that no request can have and requests that are not known are errors, and nothing changes.
func TestExplainRefusesBadQuestions(t *testing.T) {
	begin := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	s := scheduler.New(begin)
	before := s.Hash()
	for id, want := range map[scheduler.RequestID]error{
		"": scheduler.ErrInvalid, "\xff": scheduler.ErrInvalid, "r": scheduler.ErrUnknownRequest,
	} {
		if e, err := s.Explain(id); !errors.Is(err, want) || e != nil {
			t.Errorf("Explain(%q) returns %v, %v", id, e, err)
		}
	}
	for _, r := range []*scheduler.TaskRequest{
		nil, {}, {ID: "r"}, {ID: "r", EnqueueTime: begin, BaseLabels: []string{"\xff"}},
	} {
		if f, err := s.CanEverRun(r); !errors.Is(err, scheduler.ErrInvalid) || f != nil {
			t.Errorf("CanEverRun(%v) returns %v, %v", r, f, err)
		}
	}
	if s.Hash() != before {
		t.Error("a question changes the state")
	}
}

// CanEverRun takes labels as sets, and keeps none of them.
func TestCanEverRunTakesAnyLabels(t *testing.T) {
	begin := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	s := scheduler.New(begin)
	if err := s.MarkIdle("w", stringset.NewFromSlice("a", "b"), begin, nil); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		base     []string
		possible bool
		missing  int
	}{
		{nil, true, 0},
		{[]string{"b", "a", "b"}, true, 0},
		{[]string{"c", "a", "c", "d"}, false, 2},
	} {
		f, err := s.CanEverRun(&scheduler.TaskRequest{ID: "r", EnqueueTime: begin, BaseLabels: c.base})
		if err != nil || f.GetPossible() != c.possible || len(f.GetMissingLabels()) != c.missing {
			t.Errorf("%q: %v, %v", c.base, f, err)
		}
	}
	if labels := s.ToProto().GetLabels(); len(labels) != 2 {
		t.Errorf("the labels known are %q", labels)
	}
}
