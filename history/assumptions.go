package history

import (
	"fmt"
	"time"

	"github.com/quotasched/quotasched/internal/words"
)

// Assumptions count where a world as recorded is more than what was seen, and what it leaves out.
type Assumptions struct {
	// Arrivals counts the requests that come, and Workers the workers.
	Arrivals int `json:"arrivals"`
	Workers  int `json:"workers"`
	// AsRecorded counts the requests, also those that are there at the beginning, whose run time
	// is that of their completed run.
	AsRecorded int `json:"run_times_as_recorded"`
	// Censored counts the requests that ran and never completed: they run for as long as their
	// longest run, and not for less than the median of their account.
	Censored int `json:"run_times_censored"`
	// MedianOfAccount counts requests that never ran, and run for the median of their account, and
	// MedianOfAll those that run for the median of all.
	MedianOfAccount int `json:"run_times_median_of_account"`
	MedianOfAll     int `json:"run_times_median_of_all"`
	// Unknown counts requests without any known run time, as nothing ever completed: they run for
	// as long as the record is long.
	Unknown int `json:"run_times_unknown"`
	// These requests are left out: Withdrawn ones, which the dispatcher took back before they ran,
	// Reused ones, whose id an earlier request had, and Stopping ones, which were being stopped at
	// the beginning.
	Withdrawn int `json:"left_out_withdrawn"`
	Reused    int `json:"left_out_reused_ids"`
	Stopping  int `json:"left_out_stopping"`
	// NoRetry is true if preempted tasks do not wait again. Retried counts those that did, and
	// NotRetried those that did not.
	NoRetry    bool `json:"no_retry"`
	Retried    int  `json:"preempted_retried"`
	NotRetried int  `json:"preempted_not_retried"`
	// Lost counts runs that were lost to other things than preemption, such as workers that died:
	// such things do not happen in the world.
	Lost int `json:"runs_lost"`
	// LabelsChanged counts the workers whose labels changed, and that keep the same ones in the
	// world; WithoutLabels those that never pulled, and are left out; and Gaps how often one was
	// away for a while, and is there all the time in the world.
	LabelsChanged int `json:"workers_with_changed_labels"`
	WithoutLabels int `json:"workers_that_never_pulled"`
	Gaps          int `json:"worker_absences"`
	// Orders counts the later suspensions and cordons, and their ends, which the world has.
	Orders int `json:"orders_as_recorded"`
	// AccountOperations counts those of later steps, and OrdersIgnored later changes of the pool's
	// settings, and wipes: the world has neither. Errors counts the task errors.
	AccountOperations int `json:"account_operations_ignored"`
	OrdersIgnored     int `json:"orders_ignored"`
	Errors            int `json:"task_errors_ignored"`
	// Tick and Heartbeat are the habits of the dispatcher; 0 where they are not known.
	Tick      time.Duration `json:"tick_nanoseconds"`
	Heartbeat time.Duration `json:"heartbeat_nanoseconds"`
}

func (a *Assumptions) count(k estimateKind) {
	switch k {
	case asRecorded:
		a.AsRecorded++
	case censored:
		a.Censored++
	case medianOfAccount:
		a.MedianOfAccount++
	case medianOfAll:
		a.MedianOfAll++
	case unknown:
		a.Unknown++
	}
}

// Sentences says the assumptions for people, the most general ones first. What is counted as 0 is
// left out.
func (a *Assumptions) Sentences() []string {
	list := []string{fmt.Sprintf("%s come as recorded, whatever becomes of the earlier ones.",
		words.Count(a.Arrivals, "request"))}
	add := func(n int, one, many string) {
		if n == 1 {
			list = append(list, one)
		} else if n > 1 {
			list = append(list, fmt.Sprintf(many, words.Number(n)))
		}
	}
	add(a.AsRecorded, "1 request runs for as long as its recorded run that completed.",
		"%s requests run for as long as their recorded runs that completed.")
	add(a.Censored, "1 request never completed: it runs for as long as it did, and not for less "+
		"than the median of its account.",
		"%s requests never completed: they run for as long as they did, and not for less than the "+
			"median of their account.")
	add(a.MedianOfAccount, "1 request never ran: it runs for the median of its account.",
		"%s requests never ran: they run for the median of their account.")
	add(a.MedianOfAll, "1 request never ran, like all of its account: it runs for the median of "+
		"all.", "%s requests never ran, like all of their accounts: they run for the median of all.")
	add(a.Unknown, "No run ever completed: 1 request runs for as long as the record is long.",
		"No run ever completed: %s requests run for as long as the record is long.")
	add(a.Withdrawn, "1 request is left out: it was taken back before it ran.",
		"%s requests are left out: they were taken back before they ran.")
	add(a.Reused, "1 request is left out: another one had its id before.",
		"%s requests are left out: others had their ids before.")
	add(a.Stopping, "1 request is left out: it was being stopped at the beginning.",
		"%s requests are left out: they were being stopped at the beginning.")
	if a.NoRetry {
		list = append(list, "A task that is preempted is over, as all recorded ones were.")
	} else {
		list = append(list, "A task that is preempted waits again, and runs from its beginning.")
		add(a.NotRetried, "1 recorded task did not wait again.",
			"%s recorded tasks did not wait again.")
	}
	add(a.Lost, "1 run was lost to other things than preemption; this does not happen again.",
		"%s runs were lost to other things than preemption; this does not happen again.")
	list = append(list, fmt.Sprintf("%s pull from when they were first heard of, and never die.",
		words.Count(a.Workers, "worker")))
	add(a.LabelsChanged, "1 worker changed its labels, as by provisioning: it keeps the same ones.",
		"%s workers changed their labels, as by provisioning: they keep the same ones.")
	add(a.WithoutLabels, "1 worker never pulled, and is left out.",
		"%s workers never pulled, and are left out.")
	add(a.Gaps, "A worker was away for a while once: it is there all the time.",
		"Workers were away for a while %s times: they are there all the time.")
	add(a.AccountOperations, "1 later operation on an account is ignored.",
		"%s later operations on accounts are ignored.")
	add(a.Orders, "1 later suspension or cordon, or the end of one, comes as recorded.",
		"%s later suspensions and cordons, and ends of such, come as recorded.")
	add(a.OrdersIgnored, "1 later change of the pool's settings, or wipe, is ignored.",
		"%s later changes of the pool's settings, and wipes, are ignored.")
	add(a.Errors, "1 task error is ignored.", "%s task errors are ignored.")
	return list
}
