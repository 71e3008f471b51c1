package forecast

import (
	"cmp"
	"slices"
	"time"

	"github.com/quotasched/quotasched/scheduler"
)

// Arrivals is a record of the requests that came to a pool, from which forks draw the requests that
// may come: see [Options].Arrivals. It keeps the last weeks, and is not safe for concurrent use
// while it observes. The same observations give the same record.
type Arrivals struct {
	options ArrivalOptions
	// accounts have their arrivals in order of time.
	accounts map[scheduler.AccountID]*accountArrivals
	// known has the requests that are kept, by id, so that one that comes again is counted once.
	known map[scheduler.RequestID]*arrival
	// order has the arrivals that are kept, the oldest first.
	order []*arrival
	// first and last bound the time that was recorded.
	first, last time.Time
}

// ArrivalOptions say what a record of arrivals keeps.
type ArrivalOptions struct {
	// Keep is how much of the past is kept; 0 means five weeks.
	Keep time.Duration
	// Max is how many arrivals are kept at most, of which the oldest are dropped first; 0 means
	// 200,000.
	Max int
}

// An arrival is a request that came. Its request has the enqueue time that it came with.
type arrival struct {
	request scheduler.TaskRequest
	time    time.Time
	group   string
	// run is how long its task ran to its end; 0 or less while that is not known.
	run time.Duration
}

// accountArrivals are those of an account.
type accountArrivals struct {
	id   scheduler.AccountID
	list []*arrival // the oldest first
}

// NewArrivals returns an empty record.
func NewArrivals(o ArrivalOptions) *Arrivals {
	o.Keep = cmp.Or(max(0, o.Keep), 5*7*24*time.Hour)
	o.Max = cmp.Or(max(0, o.Max), 200_000)
	return &Arrivals{options: o, accounts: map[scheduler.AccountID]*accountArrivals{},
		known: map[scheduler.RequestID]*arrival{}}
}

// Observe notes a request that came at a time, and the group that it is of, as Options.Group says.
// One that comes again after it was preempted, with the same enqueue time, is no arrival. Amortised
// O(1).
func (a *Arrivals) Observe(r *scheduler.TaskRequest, t time.Time, group string) {
	a.Seen(t)
	old := a.known[r.ID]
	again := old != nil && old.request.EnqueueTime.Equal(r.EnqueueTime)
	if again || r.EnqueueTime.Before(a.first) {
		return
	}
	if n := len(a.order); n > 0 && t.Before(a.order[n-1].time) {
		t = a.order[n-1].time // late news: the order of the record stays that of time
	}
	on := a.accounts[r.Account]
	if on == nil {
		on = &accountArrivals{id: r.Account}
		a.accounts[r.Account] = on
	}
	made := &arrival{request: *r, time: t, group: group}
	on.list = append(on.list, made)
	a.order = append(a.order, made)
	a.known[r.ID] = made
	for len(a.order) > a.options.Max || a.order[0].time.Before(t.Add(-a.options.Keep)) {
		a.forget()
	}
	if oldest := t.Add(-a.options.Keep); oldest.After(a.first) {
		a.first = oldest
	}
}

// Ran notes how long the task of a request ran to its end.
func (a *Arrivals) Ran(r scheduler.RequestID, run time.Duration) {
	if of := a.known[r]; of != nil {
		of.run = run
	}
}

// Seen notes that a time was recorded, whether or not anything came.
func (a *Arrivals) Seen(t time.Time) {
	if a.first.IsZero() {
		a.first = t
	}
	if t.After(a.last) {
		a.last = t
	}
}

// Len returns how many arrivals are kept.
func (a *Arrivals) Len() int { return len(a.order) }

// Span returns how long the time is from which arrivals are kept.
func (a *Arrivals) Span() time.Duration { return a.last.Sub(a.first) }

// forget drops the oldest arrival, and takes the record to begin after it.
func (a *Arrivals) forget() {
	oldest := a.order[0]
	a.order[0] = nil
	a.order = a.order[1:]
	if a.known[oldest.request.ID] == oldest {
		delete(a.known, oldest.request.ID)
	}
	on := a.accounts[oldest.request.Account]
	on.list[0] = nil
	if on.list = on.list[1:]; len(on.list) == 0 {
		delete(a.accounts, on.id)
	}
	if oldest.time.After(a.first) {
		a.first = oldest.time
	}
}

// between returns the arrivals of an account from one time to before another. O(log n).
func (a *accountArrivals) between(from, to time.Time) []*arrival {
	find := func(t time.Time) int {
		i, _ := slices.BinarySearchFunc(a.list, t, func(x *arrival, t time.Time) int {
			return x.time.Compare(t)
		})
		return i
	}
	return a.list[find(from):find(to)]
}

// ids returns the accounts in order.
func (a *Arrivals) ids() []scheduler.AccountID {
	ids := make([]scheduler.AccountID, 0, len(a.accounts))
	for id := range a.accounts {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}
