package plan

import (
	"time"

	"github.com/quotasched/quotasched/history"
	"github.com/quotasched/quotasched/scheduler"
)

// Version is that of the form of plans as JSON.
const Version = 1

// Plan says what other settings would change.
type Plan struct {
	// Version is that of its form as JSON.
	Version int `json:"version"`
	// Old and New are the names of the settings.
	Old string `json:"old"`
	New string `json:"new"`
	// Begin and End are the time of the record that was run again.
	Begin time.Time `json:"begin"`
	End   time.Time `json:"end"`
	// Broken are the thresholds that are broken, by which account.
	Broken []Breach `json:"broken"`
	// All has all requests together, and Accounts those of each account that has any, the most
	// harmed account first, then by id.
	All      Change   `json:"all"`
	Accounts []Change `json:"accounts"`
	// Differences are the figures that differ, first of all requests, then in the order of the
	// accounts. There are none if nothing changes.
	Differences []Difference `json:"differences"`
	// OldAsRecorded is true if the old settings are those at the beginning of the record, so that
	// Fidelity is about the world alone.
	OldAsRecorded bool `json:"old_as_recorded"`
	// Assumptions say what was assumed about the world, World counts it, and Fidelity compares the
	// old settings' fork with what was recorded.
	Assumptions []string            `json:"assumptions"`
	World       history.Assumptions `json:"world"`
	Fidelity    Fidelity            `json:"fidelity"`
}

// Change is what changes for an account.
type Change struct {
	// Account is the account; empty for requests without one, and for all together.
	Account scheduler.AccountID `json:"account"`
	// HarmSeconds is how much longer one of its requests takes in the mean, because of waits and
	// of work that is lost; below 0, how much less.
	HarmSeconds float64 `json:"harm_seconds"`
	// Old and New are the figures under the old and the new settings.
	Old Figures `json:"old"`
	New Figures `json:"new"`
}

// changeOf returns the change of an account. It sorts the waits.
func changeOf(id scheduler.AccountID, from, to *sums) Change {
	c := Change{Account: id, Old: from.figures(), New: to.figures()}
	if n := float64(max(c.Old.Requests, c.New.Requests)); n > 0 {
		c.HarmSeconds = c.New.WaitMeanSeconds - c.Old.WaitMeanSeconds +
			(c.New.LostSeconds-c.Old.LostSeconds)/n
	}
	return c
}

// Difference is a figure that differs.
type Difference struct {
	Account     scheduler.AccountID `json:"account"`
	AllAccounts bool                `json:"all_accounts,omitempty"`
	Metric      string              `json:"metric"`
	Old         float64             `json:"old"`
	New         float64             `json:"new"`
}

// Breach is a threshold that is broken by an account, or by all together.
type Breach struct {
	Threshold   string              `json:"threshold"`
	Account     scheduler.AccountID `json:"account"`
	AllAccounts bool                `json:"all_accounts,omitempty"`
	Metric      string              `json:"metric"`
	Old         float64             `json:"old"`
	New         float64             `json:"new"`
}
