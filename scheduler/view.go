package scheduler

import (
	"iter"
	"slices"
	"time"

	"go.chromium.org/luci/common/data/stringset"
)

// This file is what a caller sees of the state: copies.

// IsAssigned reports whether the request is on the worker: held, handed out or running. O(1).
func (s *Scheduler) IsAssigned(r RequestID, w WorkerID) bool {
	return s.runOf(r, w) != nil
}

// runOf returns the run of a request on a worker, or nil. It is found by the worker, of which there
// are fewer.
func (s *Scheduler) runOf(r RequestID, w WorkerID) *run {
	s.checkMade()
	if on := s.workers[w]; on != nil && on.run != nil && on.run.req.id == r {
		return on.run
	}
	return nil
}

// Request returns a request that waits or runs.
func (s *Scheduler) Request(id RequestID) (TaskRequest, bool) {
	s.checkMade()
	r := s.requests[id]
	if r == nil {
		return TaskRequest{}, false
	}
	return s.viewRequest(r), true
}

// Knows reports whether a request is known: it waits, or is on a worker.
func (s *Scheduler) Knows(id RequestID) bool {
	s.checkMade()
	return s.requests[id] != nil
}

// Satisfies reports whether labels, in any order, have all the base labels, and all the
// provisionable labels, of a request that is on a worker; of others it says no. It costs O(labels),
// and no memory where labels are few.
func (s *Scheduler) Satisfies(labels []string, r RequestID, w WorkerID) (base, prov bool) {
	run := s.runOf(r, w)
	if run == nil {
		return false, false
	}
	demand := run.req.lane.demand
	return s.labels.among(demand.base, labels), s.labels.among(demand.prov, labels)
}

// SatisfiesAgain is Satisfies for the labels with which the worker is known.
func (s *Scheduler) SatisfiesAgain(r RequestID, w WorkerID) (base, prov bool) {
	run := s.runOf(r, w)
	if run == nil {
		return false, false
	}
	demand, set := run.req.lane.demand, run.worker.class.set
	return demand.base.within(set), demand.prov.within(set)
}

// HasLabels reports whether a worker is known, and with just these labels. It costs O(labels).
func (s *Scheduler) HasLabels(id WorkerID, labels stringset.Set) bool {
	s.checkMade()
	w := s.workers[id]
	return w != nil && s.labels.equals(w.class.set, labels)
}

// HasLabelList is HasLabels with the labels in any order; if one of them repeats, it says no.
func (s *Scheduler) HasLabelList(id WorkerID, labels []string) bool {
	s.checkMade()
	w := s.workers[id]
	return w != nil && s.labels.lists(w.class.set, labels)
}

// Worker returns a worker that is known.
func (s *Scheduler) Worker(id WorkerID) (Worker, bool) {
	s.checkMade()
	w := s.workers[id]
	if w == nil {
		return Worker{}, false
	}
	return s.viewWorker(w), true
}

// Balance returns an account's balance as of the last UpdateTime.
func (s *Scheduler) Balance(id AccountID) (Balance, bool) {
	s.checkMade()
	a := s.accounts[id]
	if a == nil || !a.exists() {
		return Balance{}, false
	}
	return a.balance, true
}

// Waiting yields the waiting requests by enqueue time, then id. It sorts them: O(n log n). The
// scheduler must not change meanwhile.
func (s *Scheduler) Waiting() iter.Seq[TaskRequest] {
	s.checkMade()
	return func(yield func(TaskRequest) bool) {
		var waiting []*request
		for _, r := range s.requests { // the order is free: it is sorted next
			if r.worker == nil {
				waiting = append(waiting, r)
			}
		}
		slices.SortFunc(waiting, func(a, b *request) int {
			if a.Before(b) {
				return -1
			}
			return 1
		})
		for _, r := range waiting {
			if !yield(s.viewRequest(r)) {
				return
			}
		}
	}
}

// Workers yields the workers by id. It sorts them: O(n log n). The scheduler must not change
// meanwhile.
func (s *Scheduler) Workers() iter.Seq[Worker] {
	s.checkMade()
	return func(yield func(Worker) bool) {
		for w := range itemsByID(s.workers) {
			if !yield(s.viewWorker(w)) {
				return
			}
		}
	}
}

// Balances yields the accounts that exist with their balances, by id. The scheduler must not
// change meanwhile.
func (s *Scheduler) Balances() iter.Seq2[AccountID, Balance] {
	s.checkMade()
	return func(yield func(AccountID, Balance) bool) {
		for a := range s.existing.All() {
			if !yield(a.id, a.balance) {
				return
			}
		}
	}
}

// Config returns a copy of the settings and of the accounts' settings.
func (s *Scheduler) Config() *Config {
	s.checkMade()
	c := s.config.clone()
	c.Accounts = map[AccountID]*AccountConfig{}
	for a := range s.existing.All() {
		c.Accounts[a.id] = a.config.clone()
	}
	return c
}

func (s *Scheduler) viewRequest(r *request) TaskRequest {
	v := TaskRequest{
		ID:                  r.id,
		Account:             r.lane.account.id,
		BaseLabels:          s.labels.names(r.lane.demand.base),
		ProvisionableLabels: s.labels.names(r.lane.demand.prov),
		Tags:                slices.Clone(r.tags()),
		EnqueueTime:         r.enqueued.time(),
		ConfirmedTime:       r.confirmed.time(),
		Blocked:             r.blocked(),
		LostWork:            time.Duration(r.lost()) * time.Millisecond,
	}
	if r.worker != nil {
		v.Worker = r.worker.id
	}
	return v
}

func (s *Scheduler) viewWorker(w *worker) Worker {
	v := Worker{
		ID:            w.id,
		Labels:        s.labels.names(w.class.set),
		ConfirmedTime: w.confirmed.time(),
	}
	if w.run == nil {
		v.IdleSince = w.idleSince.time()
		return v
	}
	r := w.run
	v.Run = &Run{
		Request:   r.req.id,
		Account:   r.account().id,
		Priority:  r.level,
		Cost:      r.costAt(s.now.millis()),
		StartTime: r.start.time(),
		Stage:     r.stage,
	}
	if r.paid != nil {
		v.Run.PreemptionCost = *r.paid
	}
	return v
}
