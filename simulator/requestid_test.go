package simulator_test

import (
	"testing"
	"time"

	"github.com/quotasched/quotasched/scheduler"
	"github.com/quotasched/quotasched/simulator"
)

func TestSubmissionOf(t *testing.T) {
	two := time.Date(2026, 1, 7, 2, 0, 0, 0, time.UTC)
	of := func(id scheduler.RequestID, account scheduler.AccountID, at time.Time) string {
		return simulator.SubmissionOf(&scheduler.TaskRequest{ID: id, Account: account, EnqueueTime: at})
	}
	first := of("cq-35.0", "cq", two)
	if of("cq-35.12", "cq", two) != first || of("cq-35.12", "cq", two.Local()) != first {
		t.Error("requests of one submission are told apart")
	}
	for name, other := range map[string]string{
		"another id":        of("cq-36.0", "cq", two),
		"another time":      of("cq-35.0", "cq", two.Add(1)),
		"another account":   of("cq-35.0", "qc", two),
		"two numbers":       of("cq-35.0.1", "cq", two),
		"nothing to number": of("cq-35.", "cq", two),
		"no number":         of("cq-35.x1", "cq", two),
	} {
		if other == first {
			t.Errorf("%s: the same submission", name)
		}
	}
	if of("nightly-1", "nightly", two) == of("nightly-2", "nightly", two) {
		t.Error("different tests that arrive together are one submission")
	}
}
