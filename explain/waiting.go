package explain

import (
	"fmt"
	"strings"

	"github.com/quotasched/quotasched/protos"
)

// waiting says the numbers behind what a waiting request fails of, and what would help.
func (t *text) waiting(w *protos.WaitingDetails) {
	t.suggestions(w)
	t.line("")
	at := level(w.GetLevel())
	if !w.GetTakesPart() {
		at = "no level"
	}
	t.line("takes part at %s", at)
	t.levels(w.GetLevels())
	if f := w.GetFanout(); f != nil {
		t.line("fanout     %d of %d paid tasks with these labels", f.GetRunning(), f.GetLimit())
	}
	for _, l := range w.GetLabelLimits() {
		t.line("limit      %d of %d tasks on %s, by the limit of %s; %s with it", l.GetRunning(),
			l.GetLimit(), quoted(l.GetLabel()), quoted(l.GetKey()), workers(l.GetWorkers(), "matching"))
	}
	for _, l := range w.GetLabels() {
		kind := ""
		if l.GetProvisionable() {
			kind = " (provisionable)"
		}
		t.line("label      %s%s: %s", quoted(l.GetLabel()), kind, workers(l.GetWorkers(), "known"))
	}
	t.fleet(w.GetFleet())
	if q := w.GetQueue(); q != nil {
		t.line("queue      %d ahead (%d its account's own) of %d that want the same workers",
			q.GetAhead(), q.GetAheadOwn(), q.GetTotal())
	}
	t.preemption(w.GetPreemption())
}

// suggestions lists what would start the request.
func (t *text) suggestions(w *protos.WaitingDetails) {
	if w.GetStart() != nil {
		return
	}
	t.line("")
	switch {
	case len(w.GetSuggestions()) == 0 && w.GetSearchEnded():
		t.line("no single change was found that would start it now (the search ended early)")
		return
	case len(w.GetSuggestions()) == 0:
		t.line("no single change would start it now")
		return
	}
	t.line("any one of these would start it now:")
	for _, s := range w.GetSuggestions() {
		t.line("  %s  (%s)", s.GetMessage(), start(s.GetStart()))
	}
	if w.GetSearchEnded() {
		t.line("  there may be others: the search ended early")
	}
}

// levels says how an account stands, for the levels at which it has or earns anything.
func (t *text) levels(all []*protos.LevelDetails) {
	for _, l := range all {
		if l.GetBalance() == 0 && l.GetChargeRate() == 0 && l.GetRunning() == 0 {
			continue
		}
		may := "may not start"
		if l.GetMayStart() {
			may = "may start"
		}
		t.line("%s         balance %s%s, %s above %s; %d running", level(l.GetLevel()),
			amount(l.GetBalance()), earns(l), may, amount(l.GetBalanceToStartAbove()), l.GetRunning())
	}
}

// earns says how fast and up to what a balance grows by itself.
func earns(l *protos.LevelDetails) string {
	if l.GetChargeRate() == 0 {
		return ""
	}
	return fmt.Sprintf(" (earns %s/s up to %s)", rate(l.GetChargeRate()), amount(l.GetBalanceCap()))
}

func (t *text) fleet(f *protos.FleetDetails) {
	if f == nil {
		return
	}
	t.line("fleet      %s: %d idle (%d provisioned), %d over a label limit%s",
		workers(f.GetWorkers(), "matching"), f.GetIdle(), f.GetIdleProvisioned(), f.GetOverLimit(),
		busy(f.GetBusy()))
}

func busy(all []*protos.BusyDetails) string {
	var b strings.Builder
	for _, d := range all {
		fmt.Fprintf(&b, ", %d busy at %s", d.GetWorkers(), level(d.GetLevel()))
		if d.GetOwn() > 0 {
			fmt.Fprintf(&b, " (%d its account's own)", d.GetOwn())
		}
	}
	return b.String()
}

func (t *text) preemption(p *protos.PreemptionDetails) {
	if p == nil {
		return
	}
	if p.GetBarred() {
		t.line("preempt    barred at %s", level(p.GetLevel()))
	}
	c := p.GetCheapest()
	if c == nil {
		t.line("preempt    nothing that it could take at %s", level(p.GetLevel()))
		return
	}
	pays := "cannot pay"
	if p.GetCanPay() {
		pays = "can pay"
	}
	t.line("preempt    the cheapest is %s %s on %s at %s at a price of %s, which it %s",
		quoted(c.GetRequestId()), of(c.GetAccountId()), quoted(c.GetWorkerId()),
		level(c.GetLevel()), amounts(c.GetCost()), pays)
}
