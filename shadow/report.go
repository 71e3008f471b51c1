package shadow

import (
	"maps"
	"slices"
	"time"

	"github.com/quotasched/quotasched/scheduler"
)

// Report says how the decisions of a shadow differ from those of the main pool.
type Report struct {
	// Operations counts the operations of both pools, and those that the shadow passed over.
	Operations int64 `json:"operations"`
	// Overridden counts the add_account operations for which the shadow kept settings of its own
	// that differ, and PassedOver the operations on accounts that it was not told.
	Overridden int64 `json:"overridden_account_operations"`
	PassedOver int64 `json:"passed_over_account_operations"`
	// All counts everything, and Accounts what concerns each account, in order of id. An empty id
	// is that of requests without an account, and of operations that concern no account.
	All      Counts          `json:"all"`
	Accounts []AccountCounts `json:"accounts"`
	// First is the first difference; nil if there is none.
	First *Difference `json:"first_difference,omitempty"`
	// Ended is why the shadow ended before the main pool did, and names the operation; empty if it
	// goes on. What follows that operation is not counted.
	Ended string `json:"ended,omitempty"`
}

// Counts count decisions of the two pools.
type Counts struct {
	// Equal counts the assignments that both made in the same operation: the same request on the
	// same worker at the same level.
	Equal int64 `json:"assignments_equal"`
	// OtherLevel counts those of the same request on the same worker at another level, and
	// OtherWorker those of the same request on another worker, in the same operation.
	OtherLevel  int64 `json:"assignments_other_level"`
	OtherWorker int64 `json:"assignments_other_worker"`
	// OnlyMain and OnlyShadow count the assignments that only one of them made.
	OnlyMain   int64 `json:"assignments_only_main"`
	OnlyShadow int64 `json:"assignments_only_shadow"`
	// Main and Shadow count what else each of them decided.
	Main   Decisions `json:"main"`
	Shadow Decisions `json:"shadow"`
}

// Decisions are what a pool decides apart from assignments.
type Decisions struct {
	// Preempted counts tasks that lost their workers, by the account of the task.
	Preempted int64 `json:"preempted"`
	// Moved counts running tasks that came to another level.
	Moved int64 `json:"moved"`
	// Cancelled counts tasks that were to stop, each once however often that was repeated.
	Cancelled int64 `json:"cancelled"`
	// Refused counts operations that were answered with an error.
	Refused int64 `json:"refused"`
}

// AccountCounts are those of an account.
type AccountCounts struct {
	// Account is the account.
	Account scheduler.AccountID `json:"account"`
	Counts
}

// Difference is a decision that the pools did not share.
type Difference struct {
	// Operation is the number of the operation, from 1 on, and Time its time.
	Operation int64     `json:"operation"`
	Time      time.Time `json:"time"`
	// Request is the request that was decided about; empty if the operation was about none.
	Request scheduler.RequestID `json:"request,omitempty"`
	// Main and Shadow say in words what each of them did.
	Main   string `json:"main"`
	Shadow string `json:"shadow"`
}

// Differ reports whether the pools ever decided differently.
func (r *Report) Differ() bool { return r.First != nil }

// Report returns the counters so far. It is a copy, and costs O(accounts).
func (s *Shadow) Report() *Report {
	r := s.report
	r.Accounts = make([]AccountCounts, 0, len(s.accounts))
	for _, id := range slices.Sorted(maps.Keys(s.accounts)) {
		r.Accounts = append(r.Accounts, AccountCounts{Account: id, Counts: *s.accounts[id]})
	}
	if s.report.First != nil {
		first := *s.report.First
		r.First = &first
	}
	return &r
}
