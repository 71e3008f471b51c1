package explain

import (
	"fmt"
	"time"

	"github.com/quotasched/quotasched/internal/words"
	"github.com/quotasched/quotasched/protos"
)

// Text returns an explanation in words, in lines of plain text. A nil explanation has no words.
func Text(e *protos.Explanation) string {
	if e == nil {
		return ""
	}
	t := &text{}
	t.verdict(e)
	t.findings(e.GetFindings(), func(f *protos.Finding) string { return findingMessage(e, f) })
	if e.GetWaiting() != nil {
		t.waiting(e)
	}
	if e.GetRunning() != nil {
		t.running(e)
	}
	return t.String()
}

// FeasibilityText returns the answer whether a request can ever run, in words. A nil one has none.
func FeasibilityText(f *protos.Feasibility) string {
	if f == nil {
		return ""
	}
	t := &text{}
	if f.GetPossible() {
		t.line(0, "It can run: %s with its base labels.", words.Count(f.GetWorkers(), "known worker"))
	} else {
		t.line(0, "It can NEVER run.")
	}
	t.findings(f.GetFindings(), func(finding *protos.Finding) string {
		return feasibilityMessage(f, finding)
	})
	return t.String()
}

// verdict says what becomes of the request, and what it is.
func (t *text) verdict(e *protos.Explanation) {
	id := quoted(e.GetRequestId())
	switch e.GetVerdict() {
	case protos.Explanation_VERDICT_STARTS:
		t.line(2, "%s STARTS in the next pass: %s.", id, start(e.GetWaiting().GetStart()))
	case protos.Explanation_VERDICT_WAITS:
		t.line(2, "%s WAITS: the next pass does not start it.", id)
	case protos.Explanation_VERDICT_NEVER:
		t.line(2, "%s can NEVER run, as things are.", id)
	case protos.Explanation_VERDICT_RUNS:
		r := e.GetRunning()
		t.line(2, "%s RUNS on %s %s (%s).", id, quoted(r.GetWorkerId()), where(r.GetLevel()),
			r.GetStage())
	default:
		t.line(2, "%s: nothing is said of what becomes of it.", id)
	}
	account := "of no account"
	if e.GetAccountId() != "" {
		account = "of account " + quoted(e.GetAccountId())
		if !e.GetAccountExists() {
			account += " (which does not exist)"
		}
	}
	now, since := e.GetTime().AsTime(), e.GetEnqueueTime().AsTime()
	t.line(4, "  %s, enqueued %s, at %s", account, words.Ago(now.Sub(since)),
		since.Format(time.RFC3339))
	t.line(4, "  needs %s%s", labels(e.GetBaseLabels()), provisionable(e.GetProvisionableLabels()))
}

func provisionable(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return "; can be given " + labels(list)
}

// findings lists the gates, each with its message.
func (t *text) findings(all []*protos.Finding, message func(*protos.Finding) string) {
	if len(all) == 0 {
		return
	}
	t.blank()
	for _, f := range all {
		mark := "fails"
		if f.GetPassed() {
			mark = "ok   "
		}
		t.line(6, "%s %s: %s", mark, f.GetCode(), message(f))
	}
}

// start says where and how a request starts.
func start(s *protos.StartDetails) string {
	worker := quoted(s.GetWorkerId())
	if s.GetWorkerId() == "" {
		worker = "a new worker"
	}
	how := fmt.Sprintf("on %s %s", worker, where(s.GetLevel()))
	if s.GetPreemptedRequestId() != "" {
		how += ", which loses " + quoted(s.GetPreemptedRequestId())
	}
	return how
}
