package plan

import (
	"cmp"
	"slices"
	"time"

	"github.com/quotasched/quotasched/history"
	"github.com/quotasched/quotasched/scheduler"
)

// Fidelity says how close the fork under the old settings comes to what was recorded. It is a
// measure of the world's making if the old settings are those of the record.
type Fidelity struct {
	// Requests counts those that are in the record and in the fork, and StartedTogether those of
	// them that started in the record and in the fork within a minute of each other.
	Requests        int `json:"requests"`
	StartedTogether int `json:"started_within_a_minute"`
	// Recorded are their waits in the record, and Rerun those in the fork.
	Recorded Waits `json:"recorded"`
	Rerun    Waits `json:"rerun"`
	// Accounts has the same by account, in order of id.
	Accounts []AccountFidelity `json:"accounts"`
}

// AccountFidelity is the fidelity of an account.
type AccountFidelity struct {
	Account  scheduler.AccountID `json:"account"`
	Requests int                 `json:"requests"`
	Recorded Waits               `json:"recorded"`
	Rerun    Waits               `json:"rerun"`
}

// waitPair has the waits of requests in the record and in the fork.
type waitPair struct{ recorded, rerun []time.Duration }

// fidelityOf compares a fork with the record.
func fidelityOf(h *history.History, t *tally, end time.Time) Fidelity {
	f := Fidelity{Accounts: []AccountFidelity{}}
	var all waitPair
	accounts := map[scheduler.AccountID]*waitPair{}
	for _, r := range h.Requests {
		e := t.requests[r.Content.ID]
		recorded, ok := recordedWait(r, end)
		if e == nil || !e.counted || !ok || !e.enqueued.Equal(r.Content.EnqueueTime) {
			continue // the other is one of the same name, perhaps
		}
		rerun := e.wait(end)
		f.Requests++
		if d := rerun - recorded; -time.Minute <= d && d <= time.Minute {
			f.StartedTogether++
		}
		a := accounts[r.Content.Account]
		if a == nil {
			a = &waitPair{}
			accounts[r.Content.Account] = a
		}
		for _, p := range []*waitPair{&all, a} {
			p.recorded = append(p.recorded, recorded)
			p.rerun = append(p.rerun, rerun)
		}
	}
	f.Recorded, f.Rerun = waitsOf(all.recorded), waitsOf(all.rerun)
	for id, p := range accounts { // in any order: sorted below
		f.Accounts = append(f.Accounts, AccountFidelity{Account: id, Requests: len(p.recorded),
			Recorded: waitsOf(p.recorded), Rerun: waitsOf(p.rerun)})
	}
	slices.SortFunc(f.Accounts, func(a, b AccountFidelity) int {
		return cmp.Compare(a.Account, b.Account)
	})
	return f
}

// recordedWait returns how long a request waited in the record: until its last run started, or,
// if it waits at the end, until then. There is none for one that was taken back, or expired.
func recordedWait(r *history.Request, end time.Time) (time.Duration, bool) {
	switch start, started := r.LastStart(); {
	case r.Fate == history.Withdrawn || r.Fate == history.Expired:
		return 0, false
	case started && (r.Fate != history.Open || r.Running()):
		return max(0, start.Sub(r.Content.EnqueueTime)), true
	}
	return max(0, end.Sub(r.Content.EnqueueTime)), true
}
