package explain

import (
	"time"

	"github.com/quotasched/quotasched/protos"
)

// running says the numbers of a task, and what may become of it.
func (t *text) running(e *protos.Explanation) {
	r := e.GetRunning()
	now, since := e.GetTime().AsTime(), r.GetStartTime().AsTime()
	t.blank()
	t.item("started", "%s, at %s", ago(now.Sub(since)), since.Format(time.RFC3339))
	t.item("cost", "%s", amounts(r.GetCost()))
	t.levels(r.GetLevels())
	if d := r.GetDemotion(); d != nil {
		t.item("demoted", "if the balance at %s is below %s: %s would go now, %s cheaper first",
			level(r.GetLevel()), amount(d.GetBalanceBelow()), number(d.GetCount()),
			number(d.GetCheaperFirst()))
	}
	for _, p := range r.GetPromotions() {
		t.item("promoted", "if the balance at %s is above %s: %s would go now, %s dearer first",
			level(p.GetLevel()), amount(p.GetBalanceAbove()), number(p.GetCount()),
			number(p.GetDearerFirst()))
	}
	for _, c := range r.GetContenders() {
		code := ""
		if c.GetCode() != "" {
			code = c.GetCode() + ", "
		}
		t.item("contender", "%s %s %s: %s%s", quoted(c.GetRequestId()), of(c.GetAccountId()),
			where(c.GetLevel()), code, c.GetMessage())
	}
	if len(r.GetContenders()) == 0 {
		t.item("contender", "none: no waiting request of another account matches its worker")
	}
}
