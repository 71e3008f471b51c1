package reference_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/quotasched/quotasched/scheduler"
)

// TestExplanationsComeEverywhere asserts that tiny states, in which explanations are compared with
// brute force, come to every verdict, every finding that fails and every kind of suggestion.
func TestExplanationsComeEverywhere(t *testing.T) {
	seen := sights{}
	for seed := range uint64(400) {
		snapshot := tinyState(t, newSeededDice(seed))
		s, err := scheduler.Restore(snapshot)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range snapshot.GetWaitingRequests() {
			seen.explained(t, s, r.GetId())
		}
		for _, w := range snapshot.GetWorkers() {
			if w.GetRun() != nil {
				seen.explained(t, s, w.GetRun().GetRequest().GetId())
			}
		}
	}
	for _, name := range []string{
		"VERDICT_STARTS", "VERDICT_WAITS", "VERDICT_NEVER", "VERDICT_RUNS",
		"Balance", "LabelLimit", "Fanout", "AllowFree", "FreeWorker", "MoreWorkers", "Unblock",
		"Resume", "UncordonWorker", "AccountSuspended", "WorkersCordoned",
		"Blocked", "NoSuchWorker", "NoAccount", "BalanceTooLow", "NeverPays", "FanoutReached",
		"FreeDisabled", "LabelLimitReached", "NoIdleWorker", "OthersFirst", "OwnFirst",
		"PreemptionDisabled", "FreePreemptsNothing", "NothingToPreempt",
		"PriceTooHigh", "PreemptedNext", "DemotedNext", "LevelNotBetter", "CheaperFirst",
		"several steps", "through another level",
	} {
		if seen[name] == 0 {
			t.Errorf("never came to: %s", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(seen)) {
		t.Logf("%6d %s", seen[name], name)
	}
}

// explained counts what is said of a request.
func (s sights) explained(t *testing.T, from *scheduler.Scheduler, id string) {
	t.Helper()
	e, err := from.Explain(scheduler.RequestID(id))
	if err != nil {
		t.Fatal(err)
	}
	s[e.GetVerdict().String()]++
	for _, f := range e.GetFindings() {
		s.see(!f.GetPassed(), "%s", f.GetCode())
	}
	for _, c := range e.GetRunning().GetContenders() {
		s[c.GetCode().String()]++
	}
	for _, f := range e.GetWaiting().GetSuggestions() {
		s[strings.TrimPrefix(fmt.Sprintf("%T", f.GetChange().GetKind()), "*protos.Change_")]++
		if b := f.GetChange().GetBalance(); b != nil {
			l := e.GetWaiting().GetLevels()[b.GetLevel()]
			s.see(b.GetAmount() > l.GetBalanceToStartAbove()-l.GetBalance()+1, "several steps")
			s.see(b.GetLevel() != f.GetStart().GetLevel(), "through another level")
		}
	}
}
