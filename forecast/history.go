package forecast

import (
	"container/list"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/quotasched/quotasched/scheduler"
)

// History estimates run times from past runs. For each key of a request, it keeps the last runs;
// it is not safe for concurrent use. The same observations give the same history, so it can be
// made anew from a journal.
//
// What it says of a request mixes what it knows under each key, from the most special one, such as
// the request's account and labels, to the widest one: as if the wider past had been seen Prior
// times beside the special one's runs. So an account with many runs counts for itself, one with
// few counts with those like it, and a new one is what others are.
type History struct {
	options HistoryOptions
	keys    map[string]*list.Element // of *past
	// recent has the pasts, that of the newest run first.
	recent *list.List
}

// HistoryOptions say what a history keeps.
type HistoryOptions struct {
	// Keep is how many of the last runs are kept under each key; 0 means 100.
	Keep int
	// MaxKeys is how many keys there are at most; those without a run for longest are forgotten. 0
	// means 10,000.
	MaxKeys int
	// Prior is how many runs the wider past counts for; 0 means 1.
	Prior float64
	// Keys returns what a request's run time may depend on, the most special one first. Nil means
	// DefaultKeys.
	Keys func(*scheduler.TaskRequest) []string
	// OwnKeys is how many of the first keys are of the request's account alone; 0 means 2, as of
	// DefaultKeys.
	OwnKeys int
}

// DefaultKeys are those of account and labels, account, labels, and all requests.
func DefaultKeys(r *scheduler.TaskRequest) []string {
	labels := slices.Sorted(slices.Values(slices.Concat(r.BaseLabels, r.ProvisionableLabels)))
	text := fmt.Sprintf("labels %q", labels)
	account := fmt.Sprintf("account %q", r.Account)
	return []string{account + ", " + text, account, text, "all requests"}
}

// past is what is kept under a key.
type past struct {
	key  string
	runs []time.Duration // the oldest one is at next if they are full
	next int
	seen int
	// similarity is that of the runs, unless stale.
	similarity float64
	stale      bool
}

// similar returns the similarity of the runs.
func (p *past) similar() float64 {
	if p.stale {
		p.similarity = similarityOf(slices.Concat(p.runs[p.next:], p.runs[:p.next]))
		p.stale = false
	}
	return p.similarity
}

// NewHistory returns a history that knows nothing.
func NewHistory(o HistoryOptions) *History {
	if o.Keep <= 0 {
		o.Keep = 100
	}
	if o.MaxKeys <= 0 {
		o.MaxKeys = 10_000
	}
	if !(o.Prior > 0) {
		o.Prior = 1
	}
	if o.OwnKeys <= 0 {
		o.OwnKeys = 2
	}
	if o.Keys == nil {
		o.Keys = DefaultKeys
	}
	return &History{options: o, keys: map[string]*list.Element{}, recent: list.New()}
}

// Observe notes that a task of a request ran for so long, to its end. Tasks that are known to run
// alike, such as those of one submission, should be noted once. O(1) for each key.
func (h *History) Observe(r *scheduler.TaskRequest, run time.Duration) {
	for _, key := range h.options.Keys(r) {
		e := h.keys[key]
		if e == nil {
			e = h.recent.PushFront(&past{key: key})
			h.keys[key] = e
		} else {
			h.recent.MoveToFront(e)
		}
		p := e.Value.(*past)
		p.seen++
		p.stale = true
		if len(p.runs) < h.options.Keep {
			p.runs = append(p.runs, max(0, run))
			continue
		}
		p.runs[p.next] = max(0, run)
		p.next = (p.next + 1) % h.options.Keep
	}
	for len(h.keys) > h.options.MaxKeys {
		last := h.recent.Back()
		delete(h.keys, last.Value.(*past).key)
		h.recent.Remove(last)
	}
}

// Of implements RunTimes.
func (h *History) Of(r *scheduler.TaskRequest) Estimate {
	weight := 1.0
	var all []weighted
	var source []string
	runs, own, similarity := 0, 0, 0.0
	keys := h.options.Keys(r)
	for i, key := range keys {
		e := h.keys[key]
		if e == nil {
			continue
		}
		p := e.Value.(*past)
		n := float64(len(p.runs))
		share := weight * n / (n + h.options.Prior)
		weight -= share
		similarity += share * p.similar()
		for _, run := range p.runs {
			all = append(all, weighted{run, share / n})
		}
		runs += len(p.runs)
		if i < h.options.OwnKeys {
			own += len(p.runs)
		}
		source = append(source, fmt.Sprintf("%d of %s", len(p.runs), key))
	}
	if runs == 0 {
		return Estimate{}
	}
	return Estimate{
		RunTime: ofPast(all),
		Source:  "past runs: " + strings.Join(source, "; "),
		Runs:    runs,
		Foreign: own == 0,
		Kind:    keys[0], Similarity: similarity,
	}
}
