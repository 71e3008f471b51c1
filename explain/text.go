package explain

import (
	"fmt"
	"strings"
	"time"

	"github.com/quotasched/quotasched/protos"
)

// Text returns an explanation in words, in lines of plain text. A nil explanation has no words.
func Text(e *protos.Explanation) string {
	if e == nil {
		return ""
	}
	t := &text{}
	t.verdict(e)
	t.findings(e.GetFindings())
	if e.GetWaiting() != nil {
		t.waiting(e.GetWaiting())
	}
	if e.GetRunning() != nil {
		t.running(e.GetRunning())
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
		t.line("It can run: %s with its base labels.", workers(f.GetWorkers(), "known"))
	} else {
		t.line("It can NEVER run.")
	}
	t.findings(f.GetFindings())
	return t.String()
}

// text is lines of text.
type text struct{ strings.Builder }

func (t *text) line(format string, args ...any) {
	fmt.Fprintf(t, format+"\n", args...)
}

// verdict says what becomes of the request, and what it is.
func (t *text) verdict(e *protos.Explanation) {
	id := quoted(e.GetRequestId())
	switch e.GetVerdict() {
	case protos.Explanation_VERDICT_STARTS:
		t.line("%s STARTS in the next pass: %s.", id, start(e.GetWaiting().GetStart()))
	case protos.Explanation_VERDICT_WAITS:
		t.line("%s WAITS: the next pass does not start it.", id)
	case protos.Explanation_VERDICT_NEVER:
		t.line("%s can NEVER run, as things are.", id)
	case protos.Explanation_VERDICT_RUNS:
		r := e.GetRunning()
		t.line("%s RUNS on %s at %s (%s).", id, quoted(r.GetWorkerId()), level(r.GetLevel()),
			r.GetStage())
	default:
		t.line("%s: nothing is said of what becomes of it.", id)
	}
	account := "of no account"
	if e.GetAccountId() != "" {
		account = "of account " + quoted(e.GetAccountId())
		if !e.GetAccountExists() {
			account += " (which does not exist)"
		}
	}
	now, since := e.GetTime().AsTime(), e.GetEnqueueTime().AsTime()
	t.line("  %s, enqueued %s, at %s", account, ago(now.Sub(since)), since.Format(time.RFC3339))
	t.line("  needs %s%s", labels(e.GetBaseLabels()), provisionable(e.GetProvisionableLabels()))
}

// ago returns how long ago something was, or is to be.
func ago(d time.Duration) string {
	if d < 0 {
		return fmt.Sprintf("%v from now", -d.Round(time.Millisecond))
	}
	return fmt.Sprintf("%v ago", d.Round(time.Millisecond))
}

func provisionable(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return "; can be given " + labels(list)
}

// findings lists the gates.
func (t *text) findings(all []*protos.Finding) {
	if len(all) == 0 {
		return
	}
	t.line("")
	for _, f := range all {
		mark := "fails"
		if f.GetPassed() {
			mark = "ok   "
		}
		t.line("%s %s: %s", mark, f.GetCode(), f.GetMessage())
	}
}

// start says where and how a request starts.
func start(s *protos.StartDetails) string {
	where := quoted(s.GetWorkerId())
	if s.GetWorkerId() == "" {
		where = "a new worker"
	}
	how := fmt.Sprintf("on %s at %s", where, level(s.GetLevel()))
	if s.GetPreemptedRequestId() != "" {
		how += ", which loses " + quoted(s.GetPreemptedRequestId())
	}
	return how
}
