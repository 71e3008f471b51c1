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
//
// Tasks that run count as well, by how long they have run; see the file lifetimes.go.
type History struct {
	options HistoryOptions
	keys    map[string]*list.Element // of *past
	// recent has the pasts, that of the newest run first.
	recent *list.List
	// running has the keys of each task that runs.
	running map[string][]string
	now     time.Time
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
	key string
	// ended are the last runs; the oldest one is at next if they are full.
	ended []time.Duration
	next  int
	seen  int // how many ended in all
	// running are the tasks that run.
	running map[string]runningTask
	// runs and similarity are those of the past as of a time, unless stale.
	runs       []weighted
	similarity float64
	asOf       time.Time
	stale      bool
}

// A runningTask began at a time, when so many runs of its past had ended.
type runningTask struct {
	began time.Time
	seen  int
}

// refresh brings runs and similarity up to a time.
func (p *past) refresh(now time.Time) {
	if !p.stale && p.asOf.Equal(now) {
		return
	}
	running, first := make([]time.Duration, 0, len(p.running)), p.seen
	for _, t := range p.running { // in no order: they are sorted
		running = append(running, max(0, now.Sub(t.began)))
		first = min(first, t.seen)
	}
	kept := len(p.ended)
	p.runs = runsOf(p.ended, running, float64(kept)/float64(max(1, kept, p.seen-first)))
	p.similarity = similarityOf(slices.Concat(p.ended[p.next:], p.ended[:p.next]))
	p.asOf, p.stale = now, false
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
	return &History{options: o, keys: map[string]*list.Element{}, recent: list.New(),
		running: map[string][]string{}}
}

// Seen notes that it is a time, up to which tasks that run have run.
func (h *History) Seen(t time.Time) {
	if t.After(h.now) {
		h.now = t
	}
}

// Began notes that a task of a request runs since a time. The name is of the caller's choice: tasks
// that are known to run alike should have one. O(1) for each key.
func (h *History) Began(name string, r *scheduler.TaskRequest, t time.Time) {
	h.Stopped(name)
	keys := h.options.Keys(r)
	h.running[name] = keys
	for _, key := range keys {
		p := h.past(key)
		if p.running == nil {
			p.running = map[string]runningTask{}
		}
		p.running[name] = runningTask{began: t, seen: p.seen}
		p.stale = true
	}
	h.forget()
}

// Stopped notes that a task does not run any more, or that nothing is to be learned of it.
func (h *History) Stopped(name string) {
	for _, key := range h.running[name] {
		if e := h.keys[key]; e != nil {
			delete(e.Value.(*past).running, name)
			e.Value.(*past).stale = true
		}
	}
	delete(h.running, name)
}

// past returns the past of a key, as the one that is used last.
func (h *History) past(key string) *past {
	e := h.keys[key]
	if e == nil {
		e = h.recent.PushFront(&past{key: key})
		h.keys[key] = e
	} else {
		h.recent.MoveToFront(e)
	}
	return e.Value.(*past)
}

// forget drops the keys that are too many.
func (h *History) forget() {
	for len(h.keys) > h.options.MaxKeys {
		last := h.recent.Back()
		delete(h.keys, last.Value.(*past).key)
		h.recent.Remove(last)
	}
}

// Observe notes that a task of a request ran for so long, to its end. Tasks that are known to run
// alike, such as those of one submission, should be noted once. O(1) for each key.
func (h *History) Observe(r *scheduler.TaskRequest, run time.Duration) {
	for _, key := range h.options.Keys(r) {
		p := h.past(key)
		p.seen++
		p.stale = true
		if len(p.ended) < h.options.Keep {
			p.ended = append(p.ended, max(0, run))
			continue
		}
		p.ended[p.next] = max(0, run)
		p.next = (p.next + 1) % h.options.Keep
	}
	h.forget()
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
		if len(p.ended) == 0 {
			continue
		}
		p.refresh(h.now)
		n := float64(len(p.ended))
		share := weight * n / (n + h.options.Prior)
		weight -= share
		similarity += share * p.similarity
		for _, run := range p.runs {
			all = append(all, weighted{run.run, share * run.weight})
		}
		runs += len(p.ended)
		if i < h.options.OwnKeys {
			own += len(p.ended)
		}
		source = append(source, fmt.Sprintf("%d of %s", len(p.ended), key))
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
