package explain

import (
	"fmt"
	"strings"

	"github.com/quotasched/quotasched/internal/words"
	"github.com/quotasched/quotasched/protos"
)

// suggestionMessage says a change with which the request would start.
func suggestionMessage(e *protos.Explanation, s *protos.Suggestion) string {
	switch c := s.GetChange().GetKind().(type) {
	case *protos.Change_Balance:
		return fmt.Sprintf("balance +%s at %s", words.Amount(c.Balance.GetAmount()),
			level(c.Balance.GetLevel()))
	case *protos.Change_LabelLimit:
		return fmt.Sprintf("label limit %s %s→%s", c.LabelLimit.GetKey(),
			words.Number(c.LabelLimit.GetFrom()),
			words.Number(c.LabelLimit.GetTo()))
	case *protos.Change_Fanout:
		return fmt.Sprintf("fanout limit %s→%s", words.Number(c.Fanout.GetFrom()),
			words.Number(c.Fanout.GetTo()))
	case *protos.Change_AllowFree:
		return fmt.Sprintf("allow free tasks for account %q", e.GetAccountId())
	case *protos.Change_Resume:
		return fmt.Sprintf("resume account %q", e.GetAccountId())
	case *protos.Change_Unblock:
		return "clear its error, so that it is not blocked"
	case *protos.Change_FreeWorker:
		return anyOf(c.FreeWorker.GetWorkerIds()) + " free"
	case *protos.Change_UncordonWorker:
		return "uncordon " + anyOf(c.UncordonWorker.GetWorkerIds())
	case *protos.Change_MoreWorkers:
		return words.Count(c.MoreWorkers.GetCount(), "more idle worker") + " with " +
			listed(c.MoreWorkers.GetLabels())
	}
	return s.GetMessage()
}

// anyOf names a worker, or says that any one of several will do.
func anyOf(workers []string) string {
	if len(workers) == 1 {
		return "worker " + workers[0]
	}
	return "any one of " + strings.Join(workers, ", ")
}

// listed returns labels as they are, between commas.
func listed(labels []string) string {
	if len(labels) == 0 {
		return "no labels"
	}
	return strings.Join(labels, ", ")
}
