package explain

import (
	"fmt"

	"github.com/quotasched/quotasched/internal/words"
	"github.com/quotasched/quotasched/protos"
)

// contenderMessage says why a contender does not take the worker of a task, or that it does.
func contenderMessage(e *protos.Explanation, c *protos.Contender) string {
	switch c.GetCode() {
	case protos.Finding_CODE_UNSPECIFIED:
		return "takes the worker in the next pass"
	case protos.Finding_LevelNotBetter:
		return levelName(c.GetLevel()) + " is not better than " + levelName(e.GetRunning().GetLevel())
	case protos.Finding_PreemptionDisabled:
		return plainMessages[c.GetCode()]
	case protos.Finding_WorkersCordoned:
		return "the worker is cordoned"
	case protos.Finding_Protected:
		return "the task has too much work at stake"
	case protos.Finding_LabelLimitReached:
		return "a label limit of its account is reached"
	case protos.Finding_PriceTooHigh:
		return fmt.Sprintf("the task has cost %s, and its account has not more than it needs without "+
			"what that is at %s and better levels: %s",
			words.Amounts(e.GetRunning().GetCost()), level(c.GetLevel()), words.Amounts(c.GetBalance()))
	case protos.Finding_CheaperFirst:
		return "it takes another worker, or waits for older requests"
	}
	return c.GetMessage()
}
