package forecast

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/quotasched/quotasched/protos"
)

// assumptions lists what all of an answer rests on.
func (s *scene) assumptions(a *protos.Forecast) []*protos.Assumption {
	var all []*protos.Assumption
	add := func(code, format string, args ...any) {
		all = append(all, &protos.Assumption{Code: code, Message: fmt.Sprintf(format, args...)})
	}
	o := s.options
	add("NoNewArrivals", "No requests arrive after %s; later ones may overtake, if their accounts "+
		"can pay for a better level.", o.Begin.Format(time.RFC3339))
	add("Fleet", "The fleet stays as it is: %d workers.", len(o.Workers))
	add("Quotas", "Accounts and settings stay as they are.")
	add("RunTimes", "%s", s.runTimesText())
	add("RunningTasks", "%d tasks run; of each it is taken into account for how long it has.",
		s.running)
	add("Groups", "Tasks of one group (the same account and enqueue time, unless said otherwise) "+
		"run equally long; groups do not depend on each other.")
	if o.NoRetry {
		add("NoRetry", "Preempted tasks are over.")
	} else {
		add("Retry", "Preempted tasks wait again, and then run from their beginning, as long as "+
			"the first time.")
	}
	add("Dispatcher", "Workers pull and news comes every %v, and balances are looked at every %v at "+
		"least.", cmp.Or(o.Timing.Tick, time.Second), cmp.Or(o.Timing.Heartbeat, time.Minute))
	if s.stopping > 0 {
		add("Stopping", "%d tasks that are being stopped stop at once, and do not wait again.",
			s.stopping)
	}
	if s.unknown > 0 {
		add("UnknownRunTimes", "Nothing is known of how long %d tasks run; where they have a say in "+
			"when a request starts, the answer is unknown, and elsewhere they run on.", s.unknown)
	}
	add("Forks", "%d forks with seed %d, each for %v at most and %d operations; %d were cut short.",
		a.GetForks(), o.Seed, o.Horizon, o.MaxOperations, a.GetForksCutShort())
	if o.Calibration != nil {
		add("Calibrated", "%s", o.Calibration.text())
	} else {
		add("NotCalibrated", "That %s of the starts lie between earliest and latest was not checked "+
			"against past forecasts.", percent(o.Coverage))
	}
	return all
}

// runTimesText says where run times are known from.
func (s *scene) runTimesText() string {
	var parts []string
	for _, source := range slices.Sorted(maps.Keys(s.sources)) {
		parts = append(parts, fmt.Sprintf("%d from %s", s.sources[source],
			cmp.Or(source, "the caller")))
	}
	if s.unknown > 0 {
		parts = append(parts, fmt.Sprintf("%d unknown", s.unknown))
	}
	if len(parts) == 0 {
		return "There are no tasks."
	}
	return "Run times of tasks: " + strings.Join(parts, ", ") + "."
}
