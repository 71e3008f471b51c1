package explain

import (
	"time"

	"github.com/quotasched/quotasched/protos"
)

// running says the numbers of a task, and what may become of it.
func (t *text) running(r *protos.RunningDetails) {
	t.line("")
	t.line("started    at %s", r.GetStartTime().AsTime().Format(time.RFC3339))
	t.line("cost       %s", amounts(r.GetCost()))
	t.levels(r.GetLevels())
	if d := r.GetDemotion(); d != nil {
		t.line("demoted    if the balance at %s is below %s: %d would go now, %d cheaper ones first",
			level(r.GetLevel()), amount(d.GetBalanceBelow()), d.GetCount(), d.GetCheaperFirst())
	}
	for _, p := range r.GetPromotions() {
		t.line("promoted   if the balance at %s is above %s: %d would go now, %d dearer ones first",
			level(p.GetLevel()), amount(p.GetBalanceAbove()), p.GetCount(), p.GetDearerFirst())
	}
	for _, c := range r.GetContenders() {
		code := ""
		if c.GetCode() != "" {
			code = c.GetCode() + ", "
		}
		t.line("contender  %s %s at %s: %s%s", quoted(c.GetRequestId()), of(c.GetAccountId()),
			level(c.GetLevel()), code, c.GetMessage())
	}
	if len(r.GetContenders()) == 0 {
		t.line("contender  none: no waiting request of another account matches its worker")
	}
}
