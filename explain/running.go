package explain

import (
	"fmt"
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
	switch d := r.GetDemotion(); {
	case d == nil:
	case d.GetSafe():
		t.item("demoted", "not while it is safe: protected from requests at every level")
	default:
		t.item("demoted", "if the balance at %s is below %s: %s would go now, %s cheaper first",
			level(r.GetLevel()), words.Amount(d.GetBalanceBelow()), words.Number(d.GetCount()),
			words.Number(d.GetCheaperFirst()))
	}
	if d := r.GetWorkAtStake().AsDuration(); d > 0 {
		t.item("at stake", "%s%s", words.ExactDuration(d), lostBefore(r.GetLostWork().AsDuration()))
	}
	t.protections(r.GetProtections())
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

// lostBefore says how much of the work at stake earlier tries have lost.
func lostBefore(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return fmt.Sprintf(", of which %s lost by earlier tries", words.ExactDuration(d))
}

// protections says from which levels a task is protected, those with the same limit together.
func (t *text) protections(all []*protos.ProtectionDetails) {
	for i := 0; i < len(all); {
		d, from := all[i], i
		for i < len(all) && all[i].GetProtected() == d.GetProtected() &&
			(all[i].GetLimit() == nil) == (d.GetLimit() == nil) &&
			all[i].GetLimit().AsDuration() == d.GetLimit().AsDuration() {
			i++
		}
		levels := level(int32(from))
		if i-from > 1 {
			levels += " to " + level(int32(i-1))
		}
		whose := "pool"
		if d.GetOfAccount() {
			whose = "account"
		}
		switch {
		case d.GetLimit() == nil:
			t.item("protected", "never from %s, as its %s says", levels, whose)
		case d.GetProtected():
			t.item("protected", "from %s, with more than %s at stake, as its %s says", levels,
				words.ExactDuration(d.GetLimit().AsDuration()), whose)
		default:
			t.item("protected", "from %s once more than %s is at stake, as its %s says", levels,
				words.ExactDuration(d.GetLimit().AsDuration()), whose)
		}
	}
}
