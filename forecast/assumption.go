package forecast

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/quotasched/quotasched/internal/words"
	"github.com/quotasched/quotasched/protos"
)

// assumptions lists what all of an answer rests on.
func (s *scene) assumptions(a *protos.Forecast) []*protos.Assumption {
	var all []*protos.Assumption
	add := func(code, format string, args ...any) {
		all = append(all, &protos.Assumption{Code: code, Message: fmt.Sprintf(format, args...)})
	}
	o := s.options
	switch {
	case o.Coming != nil:
		add("Arrivals", "The requests that arrive after %s are known: %s.",
			o.Begin.Format(time.RFC3339), words.Number(len(o.Coming)))
	case o.Arrivals != nil:
		add("Arrivals", "After %s requests arrive as they did in the %s before, by account, weekday "+
			"and hour (UTC): %s recorded.", o.Begin.Format(time.RFC3339),
			words.Duration(o.Arrivals.Span()), were(o.Arrivals.Len()))
	default:
		add("NoNewArrivals", "No requests arrive after %s; later ones may overtake, if their "+
			"accounts can pay for a better level.", o.Begin.Format(time.RFC3339))
	}
	add("Fleet", "The fleet stays as it is: %s.", words.Count(len(o.Workers), "worker"))
	add("Quotas", "Accounts and settings stay as they are.")
	add("RunTimes", "%s", s.runTimesText())
	add("RunningTasks", "Of each task that runs (%s in all) it is taken into account for how long "+
		"it has.", words.Number(s.running))
	between := "groups do not depend on each other"
	if s.similar {
		between = "groups of one account and the same labels are as alike as neighbours in the record"
	}
	add("Groups", "Tasks of one group (%s) run equally long; %s.", o.GroupedBy, between)
	if o.NoRetry {
		add("NoRetry", "Preempted tasks are over.")
	} else {
		add("Retry", "Preempted tasks wait again, and then run from their beginning, as long as "+
			"the first time.")
	}
	add("Dispatcher", "Workers pull and news comes every %s, and balances are looked at every %s at "+
		"least.", words.ExactDuration(cmp.Or(o.Timing.Tick, time.Second)),
		words.ExactDuration(cmp.Or(o.Timing.Heartbeat, time.Minute)))
	if s.stopping > 0 {
		add("Stopping", "Tasks that are being stopped (%s) stop at once, and do not wait again.",
			words.Number(s.stopping))
	}
	if s.unknown > 0 {
		add("UnknownRunTimes", "Nothing is known of how long %s run; where they have a say in "+
			"when a request starts, the answer is unknown, and elsewhere they run on.",
			words.Count(s.unknown, "task"))
	}
	add("Forks", "%s with seed %d, each for %s at most and %s; %s cut short.",
		words.Count(int(a.GetForks()), "fork"), o.Seed, words.ExactDuration(o.Horizon),
		words.Count(o.MaxOperations, "operation"), were(int(a.GetForksCutShort())))
	add(notCalibrated, "That %s of the starts lie between earliest and latest was not checked "+
		"against past forecasts.", percent(o.Coverage))
	return all
}

// were returns "none was", "1 was" or "1,200 were".
func were(n int) string {
	switch n {
	case 0:
		return "none was"
	case 1:
		return "1 was"
	}
	return words.Number(n) + " were"
}

// runTimesText says where run times are known from.
func (s *scene) runTimesText() string {
	var parts []string
	for _, source := range slices.Sorted(maps.Keys(s.sources)) {
		parts = append(parts, fmt.Sprintf("%s from %s", words.Number(s.sources[source]),
			cmp.Or(source, "the caller")))
	}
	if s.unknown > 0 {
		parts = append(parts, fmt.Sprintf("%s unknown", words.Number(s.unknown)))
	}
	if len(parts) == 0 {
		return "There are no tasks."
	}
	return "Run times of tasks: " + strings.Join(parts, ", ") + "."
}
