package simulator

import (
	"slices"
	"time"

	"github.com/quotasched/quotasched/scheduler"
)

// notableMax is how many requests each list of notable ones has.
const notableMax = 10

// NotableRequest is a request that waited for longest, or was preempted most often.
type NotableRequest struct {
	Request scheduler.RequestID `json:"request"`
	Account scheduler.AccountID `json:"account"`
	// Labels are its base labels.
	Labels []string `json:"labels"`
	// Outcome is how it ended, as in TaskRecord.
	Outcome string    `json:"outcome"`
	Submit  time.Time `json:"submit_time"`
	// WaitSeconds goes from its submission to the start of its last run, if that completed or goes
	// on, and else to its end or that of the figures.
	WaitSeconds float64 `json:"wait_seconds"`
	// Runs counts its runs, Preemptions how often the pool preempted it, and LostSeconds is what its
	// stopped runs had done.
	Runs        int     `json:"runs"`
	Preemptions int     `json:"preemptions"`
	LostSeconds float64 `json:"lost_worker_seconds"`
}

// notable is what is kept of such a request while a run goes on.
type notable struct {
	id                scheduler.RequestID
	submission        int32
	outcome           string
	wait, lost        time.Duration
	runs, preemptions int32
}

// notables are the requests with the largest of a number, the largest first; of equal ones, those
// that were noted first.
type notables struct {
	list  []notable
	value func(*notable) int64
}

// note keeps a request if it is one of the largest. Cost: O(1) if it is not.
func (n *notables) note(r *notable) {
	value := n.value(r)
	last := len(n.list) - 1
	if value <= 0 || last+1 == notableMax && n.value(&n.list[last]) >= value {
		return
	}
	at := last + 1
	for at > 0 && n.value(&n.list[at-1]) < value {
		at--
	}
	n.list = slices.Insert(n.list, at, *r)
	n.list = n.list[:min(len(n.list), notableMax)]
}

func newLongestWaits() notables {
	return notables{value: func(r *notable) int64 { return int64(r.wait) }}
}

func newMostPreempted() notables {
	return notables{value: func(r *notable) int64 { return int64(r.preemptions) }}
}

// note keeps a request that counts, and ends like this or has not ended, if it is notable.
func (t *tally) note(r *request, outcome string) {
	if !t.counts(int(r.submission)) {
		return
	}
	until := t.now
	if outcome == outcomeCompleted.String() || r.state == requestRunning {
		until = r.started
	}
	n := notable{id: r.id, submission: r.submission, outcome: outcome,
		wait: until - t.workload.Submissions[r.submission].Submit, lost: r.lost, runs: r.runs,
		preemptions: r.preemptions}
	t.longestWaits.note(&n)
	t.mostPreempted.note(&n)
}

// figures lists the requests.
func (n *notables) figures(w *Workload) []NotableRequest {
	list := []NotableRequest{}
	for i := range n.list {
		r := &n.list[i]
		s := &w.Submissions[r.submission]
		list = append(list, NotableRequest{
			Request:     r.id,
			Account:     s.Account,
			Labels:      append([]string{}, s.BaseLabels...),
			Outcome:     r.outcome,
			Submit:      w.Start.Add(s.Submit).UTC(),
			WaitSeconds: seconds(millis(r.wait)),
			Runs:        int(r.runs),
			Preemptions: int(r.preemptions),
			LostSeconds: seconds(millis(r.lost)),
		})
	}
	return list
}
