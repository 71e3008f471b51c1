package forecast

import (
	"fmt"
	"slices"

	"github.com/quotasched/quotasched/scheduler"
)

// Table has run times that are given for accounts and labels. A request's account decides; else the
// first of its labels, in order, that the table has; else All.
type Table struct {
	Accounts map[scheduler.AccountID]*Distribution
	Labels   map[string]*Distribution
	All      *Distribution
}

// Of implements RunTimes.
func (t *Table) Of(r *scheduler.TaskRequest) Estimate {
	if d := t.Accounts[r.Account]; d.known() {
		return Estimate{RunTime: d, Source: fmt.Sprintf("what is given for account %q", r.Account)}
	}
	labels := slices.Sorted(slices.Values(slices.Concat(r.BaseLabels, r.ProvisionableLabels)))
	for _, l := range labels {
		if d := t.Labels[l]; d.known() {
			return Estimate{RunTime: d, Source: fmt.Sprintf("what is given for label %q", l)}
		}
	}
	if t.All.known() {
		return Estimate{RunTime: t.All, Source: "what is given for all requests"}
	}
	return Estimate{}
}
