package explain

import (
	"time"

	"fmt"
	"strings"

	"github.com/quotasched/quotasched/internal/words"
	"github.com/quotasched/quotasched/protos"
)

// waiting says the numbers behind what a waiting request fails of, and what would help.
func (t *text) waiting(e *protos.Explanation) {
	w := e.GetWaiting()
	t.suggestions(e)
	t.blank()
	part := where(w.GetLevel())
	if !w.GetTakesPart() {
		part = "at no level"
	}
	t.line(0, "takes part %s", part)
	t.levels(w.GetLevels())
	if f := w.GetFanout(); f != nil {
		t.item("fanout", "%s of %s paid tasks with these labels", words.Number(f.GetRunning()),
			words.Number(f.GetLimit()))
	}
	for _, l := range w.GetLabelLimits() {
		t.item("limit", "%s of %s tasks on %s, by the limit of %s; %s with it",
			words.Number(l.GetRunning()), words.Number(l.GetLimit()), quoted(l.GetLabel()),
			quoted(l.GetKey()), words.Count(l.GetWorkers(), "matching worker"))
	}
	for _, l := range w.GetLabels() {
		kind := ""
		if l.GetProvisionable() {
			kind = " (provisionable)"
		}
		t.item("label", "%s%s: %s", quoted(l.GetLabel()), kind,
			words.Count(l.GetWorkers(), "known worker"))
	}
	t.fleet(w.GetFleet())
	t.queue(w.GetQueue())
	t.preemption(w.GetPreemption())
}

// suggestions lists what would start the request.
func (t *text) suggestions(e *protos.Explanation) {
	w := e.GetWaiting()
	if w.GetStart() != nil {
		return
	}
	t.blank()
	switch {
	case len(w.GetSuggestions()) == 0 && w.GetSearchEnded():
		t.line(2, "no single change was found that would start it now; but the search was cut short, "+
			"and there may be some")
		return
	case len(w.GetSuggestions()) == 0:
		t.line(2, "no single change would start it now")
		return
	}
	t.line(2, "any one of these would start it now:")
	for _, s := range w.GetSuggestions() {
		t.line(4, "  %s  (%s)", suggestionMessage(e, s), start(s.GetStart()))
	}
	if w.GetSearchEnded() {
		t.line(4, "  the search was cut short; there may be other changes")
	}
}

// levels says how an account stands, for the levels at which it has or earns or runs anything.
func (t *text) levels(all []*protos.LevelDetails) {
	for _, l := range all {
		if l.GetBalance() <= 0 && l.GetChargeRate() == 0 && l.GetRunning() == 0 {
			continue
		}
		may := "must be above %s to start one more"
		if l.GetMayStart() {
			may = "may start one more above %s"
		}
		t.item(level(l.GetLevel()), "%s%s; "+may+"; %s", words.Amount(l.GetBalance()), earns(l),
			words.BareAmount(l.GetBalanceToStartAbove()), run(l.GetRunning()))
	}
}

// earns says how fast and up to what a balance grows by itself.
func earns(l *protos.LevelDetails) string {
	if l.GetChargeRate() == 0 {
		return ""
	}
	return fmt.Sprintf(" (earns %s/s, up to %s)", words.Rate(l.GetChargeRate()),
		words.BareAmount(l.GetBalanceCap()))
}

func (t *text) fleet(f *protos.FleetDetails) {
	if f == nil {
		return
	}
	if f.GetWorkers() == 0 {
		t.item("fleet", "no matching workers")
		return
	}
	idle := "none idle"
	if f.GetIdle() > 0 {
		idle = fmt.Sprintf("%s idle (%s provisioned)", words.Number(f.GetIdle()),
			words.Number(f.GetIdleProvisioned()))
	}
	if f.GetOverLimit() > 0 {
		idle += fmt.Sprintf(", %s over a label limit", words.Number(f.GetOverLimit()))
	}
	t.item("fleet", "%s: %s%s", words.Count(f.GetWorkers(), "matching worker"), idle,
		busy(f.GetBusy()))
}

func busy(all []*protos.BusyDetails) string {
	var b strings.Builder
	for _, d := range all {
		fmt.Fprintf(&b, ", %s busy %s%s", words.Number(d.GetWorkers()), where(d.GetLevel()),
			own(d.GetOwn(), d.GetWorkers()))
	}
	return b.String()
}

// own says how many of some are the request's account's own.
func own(n, of int64) string {
	switch n {
	case 0:
		return ""
	case of:
		return " (its account's own)"
	}
	return fmt.Sprintf(" (%s its account's own)", words.Number(n))
}

func (t *text) queue(q *protos.QueueDetails) {
	if q == nil {
		return
	}
	if q.GetTotal() <= 1 {
		t.item("queue", "no other wants the same workers")
		return
	}
	ahead := "none"
	if q.GetAhead() > 0 {
		ahead = words.Number(q.GetAhead())
	}
	t.item("queue", "%s ahead%s, of %s that want the same workers", ahead,
		own(q.GetAheadOwn(), q.GetAhead()), words.Number(q.GetTotal()))
}

func (t *text) preemption(p *protos.PreemptionDetails) {
	if p == nil {
		return
	}
	if n := p.GetProtected(); n > 0 {
		t.item("protected", "%s of others %s too much work at stake", words.Count(n, "task"),
			hasHave(n))
	}
	if at := p.GetOwedTime(); at != nil {
		t.item("owed", "the workers of free tasks, whatever protects those, from %s on",
			at.AsTime().Format(time.RFC3339))
	}
	c := p.GetCheapest()
	if c == nil {
		t.item("preempt", "nothing that it could take %s", where(p.GetLevel()))
		return
	}
	pays := "does not outrank it"
	if p.GetCanPay() {
		pays = "outranks it"
	}
	t.item("preempt", "the cheapest is %s %s on %s %s; it has cost %s, and the account %s",
		quoted(c.GetRequestId()), of(c.GetAccountId()), quoted(c.GetWorkerId()),
		where(c.GetLevel()), words.Amounts(c.GetCost()), pays)
}
