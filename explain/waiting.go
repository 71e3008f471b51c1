package explain

import (
	"fmt"
	"strings"

	"github.com/quotasched/quotasched/protos"
)

// waiting says the numbers behind what a waiting request fails of, and what would help.
func (t *text) waiting(w *protos.WaitingDetails) {
	t.suggestions(w)
	t.blank()
	part := where(w.GetLevel())
	if !w.GetTakesPart() {
		part = "at no level"
	}
	t.line(0, "takes part %s", part)
	t.levels(w.GetLevels())
	if f := w.GetFanout(); f != nil {
		t.item("fanout", "%s of %s paid tasks with these labels", number(f.GetRunning()),
			number(f.GetLimit()))
	}
	for _, l := range w.GetLabelLimits() {
		t.item("limit", "%s of %s tasks on %s, by the limit of %s; %s with it",
			number(l.GetRunning()), number(l.GetLimit()), quoted(l.GetLabel()), quoted(l.GetKey()),
			workers(l.GetWorkers(), "matching"))
	}
	for _, l := range w.GetLabels() {
		kind := ""
		if l.GetProvisionable() {
			kind = " (provisionable)"
		}
		t.item("label", "%s%s: %s", quoted(l.GetLabel()), kind, workers(l.GetWorkers(), "known"))
	}
	t.fleet(w.GetFleet())
	t.queue(w.GetQueue())
	t.preemption(w.GetPreemption())
}

// suggestions lists what would start the request.
func (t *text) suggestions(w *protos.WaitingDetails) {
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
		t.line(4, "  %s  (%s)", s.GetMessage(), start(s.GetStart()))
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
		t.item(level(l.GetLevel()), "%s%s; "+may+"; %s", amount(l.GetBalance()), earns(l),
			bare(l.GetBalanceToStartAbove()), run(l.GetRunning()))
	}
}

// earns says how fast and up to what a balance grows by itself.
func earns(l *protos.LevelDetails) string {
	if l.GetChargeRate() == 0 {
		return ""
	}
	return fmt.Sprintf(" (earns %s/s, up to %s)", rate(l.GetChargeRate()),
		bare(l.GetBalanceCap()))
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
		idle = fmt.Sprintf("%s idle (%s provisioned)", number(f.GetIdle()),
			number(f.GetIdleProvisioned()))
	}
	if f.GetOverLimit() > 0 {
		idle += fmt.Sprintf(", %s over a label limit", number(f.GetOverLimit()))
	}
	t.item("fleet", "%s: %s%s", workers(f.GetWorkers(), "matching"), idle, busy(f.GetBusy()))
}

func busy(all []*protos.BusyDetails) string {
	var b strings.Builder
	for _, d := range all {
		fmt.Fprintf(&b, ", %s busy %s%s", number(d.GetWorkers()), where(d.GetLevel()),
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
	return fmt.Sprintf(" (%s its account's own)", number(n))
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
		ahead = number(q.GetAhead())
	}
	t.item("queue", "%s ahead%s, of %s that want the same workers", ahead,
		own(q.GetAheadOwn(), q.GetAhead()), number(q.GetTotal()))
}

func (t *text) preemption(p *protos.PreemptionDetails) {
	if p == nil {
		return
	}
	if p.GetBarred() {
		t.item("preempt", "barred %s", where(p.GetLevel()))
	}
	c := p.GetCheapest()
	if c == nil {
		t.item("preempt", "nothing that it could take %s", where(p.GetLevel()))
		return
	}
	pays := "cannot pay"
	if p.GetCanPay() {
		pays = "can pay"
	}
	t.item("preempt", "the cheapest is %s %s on %s %s; its price is %s, which the account %s",
		quoted(c.GetRequestId()), of(c.GetAccountId()), quoted(c.GetWorkerId()),
		where(c.GetLevel()), amounts(c.GetCost()), pays)
}
