package forecast

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/quotasched/quotasched/internal/words"
	"github.com/quotasched/quotasched/protos"
)

// weeksMin is the length of a record of arrivals that has seen each weekday twice.
const weeksMin = 14 * 24 * time.Hour

// caveats lists what keeps an answer from being as good as it could be, the most important first.
// The answer is corrected already.
func (s *scene) caveats(a *protos.Forecast) []*protos.Caveat {
	var all []*protos.Caveat
	add := func(code, format string, args ...any) {
		all = append(all, &protos.Caveat{Code: code, Message: fmt.Sprintf(format, args...)})
	}
	n := countAnswers(a)
	if n.never > 0 {
		add("Never", "%s can never start, as long as the fleet and the accounts are as they are.",
			words.Count(n.never, "request"))
	}
	if n.unknown > 0 {
		add("UnknownRunTimes", "Nothing can be said of %s: how long some tasks run is not known.",
			words.Count(n.unknown, "request"))
	}
	if a.GetForksCutShort() > 0 {
		add("CutShort", "%s of %s ended before the horizon, as each makes %s at most: allow more, "+
			"or choose a shorter horizon.", words.Number(int(a.GetForksCutShort())),
			words.Count(int(a.GetForks()), "fork"), words.Count(s.options.MaxOperations, "operation"))
	}
	if n.beyond > 0 {
		add("ShortHorizon", "Of %s, the start or the completion may be later than the horizon, %s: "+
			"choose a longer one to see when.", words.Count(n.beyond, "request"),
			words.ExactDuration(s.options.Horizon))
	}
	if !isCorrected(a) {
		add(notCalibrated, "The times are not calibrated: that needs the outcomes of %d past "+
			"forecasts, made at %d times. Expect fewer than %s of the real starts between earliest "+
			"and latest.", outcomesMin, timesMin, percent(a.GetCoverage()))
	}
	s.recordCaveats(add)
	return all
}

// recordCaveats adds what a short record keeps from being known.
func (s *scene) recordCaveats(add func(code, format string, args ...any)) {
	o := s.options
	switch {
	case o.Coming != nil:
	case o.Arrivals == nil || o.Arrivals.Len() == 0:
		add("NoArrivals", "There is no record of arrivals, so nothing arrives in the forks: "+
			"requests that come later may overtake.")
	case o.Arrivals.Span() < weeksMin:
		add("ShortRecord", "Arrivals are drawn from %s of record; less than %s do not show what is "+
			"usual on a weekday.", words.Duration(o.Arrivals.Span()), words.ExactDuration(weeksMin))
	}
	names := map[string]bool{}
	for i := range s.targets {
		t := &s.targets[i]
		if s.tasks[t.request.ID].estimate.Foreign {
			names[fmt.Sprintf("%q", t.request.Account)] = true
		}
	}
	if len(names) > 0 {
		add("NeverRan", "No task of %s has ended in the record: the run times are those of other "+
			"accounts.", listed(names, "account"))
	}
}

// answerCounts count answers that are not what was hoped for.
type answerCounts struct{ never, unknown, beyond int }

func countAnswers(a *protos.Forecast) (n answerCounts) {
	for _, r := range a.GetRequests() {
		c := r.GetCompletion()
		late := c != nil && c.GetLatest() == nil
		switch r.GetAnswer() {
		case protos.RequestForecast_ANSWER_NEVER:
			n.never++
		case protos.RequestForecast_ANSWER_UNKNOWN:
			n.unknown++
		case protos.RequestForecast_ANSWER_STARTS:
			if late || r.GetLatest() == nil {
				n.beyond++
			}
		case protos.RequestForecast_ANSWER_NOT_WITHIN_HORIZON:
			if r.GetReason() == ReasonHorizon {
				n.beyond++
			}
		case protos.RequestForecast_ANSWER_ON_WORKER:
			if late {
				n.beyond++
			}
		}
	}
	return n
}

// isCorrected reports whether a calibration corrected an answer.
func isCorrected(a *protos.Forecast) bool {
	return slices.ContainsFunc(a.GetAssumptions(), func(a *protos.Assumption) bool {
		return a.GetCode() == calibrated
	})
}

// listed returns "account "a"", or "accounts "a", "b" and 3 others".
func listed(names map[string]bool, what string) string {
	const max = 3
	all := make([]string, 0, len(names))
	for name := range names {
		all = append(all, name)
	}
	slices.Sort(all)
	if len(all) == 1 {
		return what + " " + all[0]
	}
	if len(all) > max {
		rest := words.Count(len(all)-max, "other")
		return what + "s " + strings.Join(all[:max], ", ") + " and " + rest
	}
	return what + "s " + strings.Join(all, ", ")
}
