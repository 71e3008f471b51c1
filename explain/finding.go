package explain

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/quotasched/quotasched/internal/words"
	"github.com/quotasched/quotasched/protos"
)

// plainMessages are those of the findings that need no numbers.
var plainMessages = map[protos.Finding_Code]string{
	protos.Finding_Blocked:           "it has an error, and is blocked until that is cleared",
	protos.Finding_NotBlocked:        "it has no error",
	protos.Finding_FreeAllowed:       "it may run free, on what is left over",
	protos.Finding_WithinLabelLimits: "the account's label limits keep it from no worker",
	protos.Finding_NoIdleWorker:      "none of the workers that it could take is idle",
	protos.Finding_OwnFirst: "older requests of its account, which want other workers, use up what " +
		"the account may start",
	protos.Finding_PreemptionDisabled:  "no task is preempted in this pool",
	protos.Finding_NotSuspended:        "its account is not suspended",
	protos.Finding_FreePreemptsNothing: "it is free, and preempts nothing",
}

// findingMessage says a finding of an explanation, with the numbers behind it.
func findingMessage(e *protos.Explanation, f *protos.Finding) string {
	w, r := e.GetWaiting(), e.GetRunning()
	if text, ok := plainMessages[f.GetCode()]; ok {
		return text
	}
	switch f.GetCode() {
	case protos.Finding_NoSuchWorker:
		return noSuchWorker(missingLabels(w.GetLabels()))
	case protos.Finding_WorkersMatch:
		return words.Count(w.GetFleet().GetWorkers(), "known worker") + " with its base labels"
	case protos.Finding_NoAccount:
		return noAccount(e.GetAccountId())
	case protos.Finding_Paid:
		return paid(w.GetLevels())
	case protos.Finding_BalanceTooLow:
		return balanceTooLow(e.GetAccountId(), w.GetLevels())
	case protos.Finding_NeverPays:
		return neverPays(e.GetAccountId())
	case protos.Finding_FanoutReached:
		return fanout(w.GetFanout()) + ", so it is free"
	case protos.Finding_WithinFanout:
		return fanout(w.GetFanout())
	case protos.Finding_FreeDisabled:
		return fmt.Sprintf("account %q has free tasks disabled", e.GetAccountId())
	case protos.Finding_LabelLimitReached:
		return labelLimitReached(w)
	case protos.Finding_IdleWorkers:
		idle := w.GetFleet().GetIdle() - w.GetFleet().GetIdleOverLimit()
		return words.Count(idle, "idle worker") + " could take it"
	case protos.Finding_OthersFirst:
		return othersFirst(w.GetQueue())
	case protos.Finding_First:
		return first(w.GetQueue())
	case protos.Finding_AccountSuspended:
		return fmt.Sprintf("account %q is suspended", e.GetAccountId())
	case protos.Finding_WorkersCordoned:
		return words.Count(w.GetFleet().GetCordoned(), "worker") + " that could run it " +
			isAre(w.GetFleet().GetCordoned()) + " cordoned"
	case protos.Finding_Protected, protos.Finding_NothingToPreempt, protos.Finding_PriceTooHigh,
		protos.Finding_CanPreempt:
		return preemptionMessage(w, f.GetCode())
	case protos.Finding_KeepsWorker:
		return fmt.Sprintf("the next pass leaves it on %s %s", r.GetWorkerId(), where(r.GetLevel()))
	case protos.Finding_PreemptedNext:
		return fmt.Sprintf("the next pass gives %s to %s", r.GetWorkerId(), r.GetTakenBy())
	case protos.Finding_SafeFromDemotion:
		return fmt.Sprintf("its account is in debt at %s, and does not demote this task, which has too "+
			"much work at stake", level(r.GetLevel()))
	case protos.Finding_DemotedNext, protos.Finding_PromotedNext:
		return fmt.Sprintf("the next pass moves it from %s to %s", levelName(r.GetLevel()),
			levelName(r.GetNextLevel()))
	}
	return f.GetMessage()
}

// feasibilityMessage says why a request can never run.
func feasibilityMessage(f *protos.Feasibility, finding *protos.Finding) string {
	switch finding.GetCode() {
	case protos.Finding_NoSuchWorker:
		return noSuchWorker(f.GetMissingLabels())
	case protos.Finding_NeverPays:
		return neverPays(f.GetAccountId())
	}
	return finding.GetMessage()
}

// missingLabels returns the base labels that no known worker has.
func missingLabels(all []*protos.LabelDetails) (missing []string) {
	for _, l := range all {
		if !l.GetProvisionable() && l.GetWorkers() == 0 {
			missing = append(missing, l.GetLabel())
		}
	}
	return missing
}

// noSuchWorker says that no worker has these labels, or, if there are none, not all base labels.
func noSuchWorker(missing []string) string {
	if len(missing) == 0 {
		return "no known worker has all its base labels"
	}
	return "no known worker has " + strings.Join(missing, ", ")
}

func labelLimitReached(w *protos.WaitingDetails) string {
	text := "label limits keep it from " + words.Count(w.GetFleet().GetOverLimit(), "worker")
	if len(w.GetLabelLimits()) == 0 {
		return text
	}
	worst := slices.MaxFunc(w.GetLabelLimits(), func(a, b *protos.LabelLimitDetails) int {
		return cmp.Compare(a.GetRunning()-a.GetLimit(), b.GetRunning()-b.GetLimit())
	})
	return fmt.Sprintf("%s: %s of its account on %s, and the limit is %s", text,
		words.Count(worst.GetRunning(), "task"), worst.GetLabel(), words.Number(worst.GetLimit()))
}

func othersFirst(q *protos.QueueDetails) string {
	goes := "go"
	if q.GetAhead() == 1 {
		goes = "goes"
	}
	return fmt.Sprintf("%s of the %s that want the same workers %s first%s",
		words.Number(q.GetAhead()), words.Number(q.GetTotal()), goes, ownOf(q))
}

// ownOf says how many of the requests that go first are of the request's account.
func ownOf(q *protos.QueueDetails) string {
	switch {
	case q.GetAheadOwn() == 0:
		return ""
	case q.GetAhead() == 1:
		return ", of its own account"
	case q.GetAheadOwn() == q.GetAhead():
		return ", all of its own account"
	}
	return fmt.Sprintf(", %s of them of its own account", words.Number(q.GetAheadOwn()))
}

func first(q *protos.QueueDetails) string {
	if q.GetTotal() <= 1 {
		return "it is the only one that wants such workers"
	}
	return fmt.Sprintf("it goes first of %s that want the same workers", words.Number(q.GetTotal()))
}

// preemptionMessage says what the request could take from others at its level.
func preemptionMessage(w *protos.WaitingDetails, code protos.Finding_Code) string {
	p := level(w.GetLevel())
	d := w.GetPreemption()
	c := d.GetCheapest()
	switch code {
	case protos.Finding_Protected:
		return fmt.Sprintf("%s of others that it could preempt %s too much work at stake",
			words.Count(d.GetProtected(), "task"), hasHave(d.GetProtected()))
	case protos.Finding_PriceTooHigh:
		return fmt.Sprintf("the cheapest, %s on %s, has cost %s; without what it has paid at %s and "+
			"better levels, its account, which has %s, has not more than it needs there",
			c.GetRequestId(), c.GetWorkerId(), words.Amounts(c.GetCost()), p,
			words.Amounts(balances(w.GetLevels())))
	case protos.Finding_CanPreempt:
		return fmt.Sprintf("its account can pay for the cheapest, %s on %s, which has cost %s",
			c.GetRequestId(), c.GetWorkerId(), words.Amounts(c.GetCost()))
	}
	return fmt.Sprintf("no task of others at a level worse than %s is on a worker that it could "+
		"take", p)
}

// isAre and hasHave return the verb for a number of things.
func isAre(n int64) string {
	if n == 1 {
		return "is"
	}
	return "are"
}

func hasHave(n int64) string {
	if n == 1 {
		return "has"
	}
	return "have"
}
