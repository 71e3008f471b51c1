package plan

import (
	"slices"
	"time"
)

// Figures are what became of the requests of an account, or of all, under one of the settings.
type Figures struct {
	// Requests counts the requests that were there at the beginning or came until the end.
	Requests int `json:"requests"`
	// Completed counts requests that ran to their end, Expired those that left after waiting too
	// long, and WaitingAtEnd those that waited at the end.
	Completed    int `json:"completed"`
	Expired      int `json:"expired"`
	WaitingAtEnd int `json:"waiting_at_end"`
	// The waits: from a request's enqueue time until the start of the run that completed, or of
	// its last run; of one that waits at the end until then, and of one that expired until that.
	// The p95 is the smallest wait that 95 % of the requests do not exceed.
	WaitMeanSeconds float64 `json:"wait_mean_seconds"`
	WaitP50Seconds  float64 `json:"wait_p50_seconds"`
	WaitP95Seconds  float64 `json:"wait_p95_seconds"`
	WaitMaxSeconds  float64 `json:"wait_max_seconds"`
	// PreemptionsSuffered counts tasks that lost their workers to requests of other accounts, and
	// PreemptionsCaused those that lost them to requests of this account.
	PreemptionsSuffered int `json:"preemptions_suffered"`
	PreemptionsCaused   int `json:"preemptions_caused"`
	// LostSeconds are worker-seconds of preempted runs: work that was thrown away.
	LostSeconds float64 `json:"lost_worker_seconds"`
	// PaidSeconds and FreeSeconds are worker-seconds at the levels p0 to p4, and in the free
	// bucket, from the assignment on, those of lost work included.
	PaidSeconds float64 `json:"paid_worker_seconds"`
	FreeSeconds float64 `json:"free_worker_seconds"`
	// LimitHits counts requests that waited, for any time, while a limit of their account that
	// counts for them was reached: the fanout limit for their labels, or a label limit for one of
	// their base labels. A request that may run on workers without the label is not counted for
	// that.
	LimitHits int `json:"limit_hits"`
	// LimitWaitSeconds sums up, over the limits, for how long requests waited while one was
	// reached. They may have waited at that time for lack of a worker, too.
	LimitWaitSeconds float64 `json:"limit_wait_seconds"`
}

// sums are figures in the making.
type sums struct {
	waits                  []time.Duration
	completed, expired     int
	waitingAtEnd           int
	suffered, caused, hits int
	lost, paid, free       time.Duration
	limitWait              time.Duration
}

// figures returns what the sums come to. It sorts the waits.
func (s *sums) figures() Figures {
	f := Figures{
		Requests:            len(s.waits),
		Completed:           s.completed,
		Expired:             s.expired,
		WaitingAtEnd:        s.waitingAtEnd,
		PreemptionsSuffered: s.suffered,
		PreemptionsCaused:   s.caused,
		LostSeconds:         s.lost.Seconds(),
		PaidSeconds:         s.paid.Seconds(),
		FreeSeconds:         s.free.Seconds(),
		LimitHits:           s.hits,
		LimitWaitSeconds:    s.limitWait.Seconds(),
	}
	w := waitsOf(s.waits)
	f.WaitMeanSeconds, f.WaitP50Seconds = w.MeanSeconds, w.P50Seconds
	f.WaitP95Seconds, f.WaitMaxSeconds = w.P95Seconds, w.MaxSeconds
	return f
}

// add adds the sums of another account.
func (s *sums) add(other *sums) {
	s.waits = append(s.waits, other.waits...)
	s.completed += other.completed
	s.expired += other.expired
	s.waitingAtEnd += other.waitingAtEnd
	s.suffered += other.suffered
	s.caused += other.caused
	s.hits += other.hits
	s.lost += other.lost
	s.paid += other.paid
	s.free += other.free
	s.limitWait += other.limitWait
}

// Waits sum up waits, in seconds; all are 0 if there is none.
type Waits struct {
	MeanSeconds float64 `json:"mean_seconds"`
	P50Seconds  float64 `json:"p50_seconds"`
	P95Seconds  float64 `json:"p95_seconds"`
	MaxSeconds  float64 `json:"max_seconds"`
}

// waitsOf sums up waits, which it sorts.
func waitsOf(waits []time.Duration) Waits {
	if len(waits) == 0 {
		return Waits{}
	}
	slices.Sort(waits)
	sum := 0.0
	for _, w := range waits {
		sum += w.Seconds()
	}
	return Waits{
		MeanSeconds: sum / float64(len(waits)),
		P50Seconds:  quantile(waits, 50).Seconds(),
		P95Seconds:  quantile(waits, 95).Seconds(),
		MaxSeconds:  waits[len(waits)-1].Seconds(),
	}
}

// quantile returns the smallest of the sorted values that percent in a hundred of them do not
// exceed; there is a value.
func quantile(sorted []time.Duration, percent int) time.Duration {
	rank := (percent*len(sorted) + 99) / 100
	return sorted[max(rank, 1)-1]
}
