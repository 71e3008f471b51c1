package explain

import (
	"time"

	"github.com/quotasched/quotasched/internal/words"
	"github.com/quotasched/quotasched/protos"
)

// running says the numbers of a task, and what may become of it.
func (t *text) running(e *protos.Explanation) {
	r := e.GetRunning()
	now, since := e.GetTime().AsTime(), r.GetStartTime().AsTime()
	t.blank()
	t.item("started", "%s, at %s", words.Ago(now.Sub(since)), since.Format(time.RFC3339))
	t.item("cost", "%s", words.Amounts(r.GetCost()))
	t.levels(r.GetLevels())
	if d := r.GetDemotion(); d != nil {
		t.item("demoted", "if the balance at %s is below %s: %s would go now, %s cheaper first",
			level(r.GetLevel()), words.Amount(d.GetBalanceBelow()), words.Number(d.GetCount()),
			words.Number(d.GetCheaperFirst()))
	}
	for _, p := range r.GetPromotions() {
		t.item("promoted", "if the balance at %s is above %s: %s would go now, %s dearer first",
			level(p.GetLevel()), words.Amount(p.GetBalanceAbove()), words.Number(p.GetCount()),
			words.Number(p.GetDearerFirst()))
	}
	for _, c := range r.GetContenders() {
		code := ""
		if c.GetCode() != protos.Finding_CODE_UNSPECIFIED {
			code = c.GetCode().String() + ", "
		}
		t.item("contender", "%s %s %s: %s%s", quoted(c.GetRequestId()), of(c.GetAccountId()),
			where(c.GetLevel()), code, contenderMessage(e, c))
	}
	if len(r.GetContenders()) == 0 {
		t.item("contender", "none: no waiting request of another account matches its worker")
	}
}
