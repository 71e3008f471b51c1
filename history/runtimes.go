package history

import (
	"slices"
	"time"

	"github.com/quotasched/quotasched/scheduler"
)

// runTimes say how long requests run.
type runTimes struct {
	// of has the run time of each request, and current, for those that ran or were assigned when
	// the world begins, when that run ended, if it completed.
	of      map[scheduler.RequestID]time.Duration
	current map[scheduler.RequestID]Run
	// other is for requests of which nothing is known.
	other time.Duration
}

// medians has the median run time of the completed runs of each account, and of all.
type medians struct {
	of    map[scheduler.AccountID]time.Duration
	all   time.Duration
	known bool
}

// completedRun returns the run of a request that completed, if one did.
func (r *Request) completedRun() (*Run, bool) {
	if n := len(r.Runs); n > 0 && r.Runs[n-1].Ending == Completed {
		return &r.Runs[n-1], true
	}
	return nil, false
}

func mediansOf(h *History) medians {
	times := map[scheduler.AccountID][]time.Duration{}
	var all []time.Duration
	for _, r := range h.Requests {
		if run, ok := r.completedRun(); ok {
			d := run.Ran(h.End)
			times[r.Content.Account] = append(times[r.Content.Account], d)
			all = append(all, d)
		}
	}
	m := medians{of: make(map[scheduler.AccountID]time.Duration, len(times))}
	for id, list := range times { // the order is free: a map again
		m.of[id] = median(list)
	}
	if m.known = len(all) > 0; m.known {
		m.all = median(all)
	}
	return m
}

// median sorts the values, of which there is one at least, and returns the lower of the middle
// ones.
func median(values []time.Duration) time.Duration {
	slices.Sort(values)
	return values[(len(values)-1)/2]
}

// estimate is how long a request runs, and from what that is known.
type estimate struct {
	d    time.Duration
	kind estimateKind
}

type estimateKind uint8

const (
	asRecorded estimateKind = iota
	censored
	medianOfAccount
	medianOfAll
	unknown
)

// estimate says how long a request runs.
func (m *medians) estimate(h *History, r *Request) estimate {
	if run, ok := r.completedRun(); ok {
		return estimate{run.Ran(h.End), asRecorded}
	}
	typical, ofAccount := m.of[r.Content.Account]
	if !ofAccount {
		typical = m.all
	}
	longest, ran := time.Duration(0), false
	for i := range r.Runs {
		if d := r.Runs[i].Ran(h.End); d > 0 {
			longest, ran = max(longest, d), true
		}
	}
	switch {
	case ran:
		return estimate{max(longest, typical), censored}
	case ofAccount:
		return estimate{typical, medianOfAccount}
	case m.known:
		return estimate{typical, medianOfAll}
	}
	return estimate{h.End.Sub(h.Begin), unknown}
}
