package simulator

import (
	"slices"
	"time"
)

// The engine looks for lost requests at the end of a run, and not more often than once in
// auditPeriod and in auditOperations for each request that it looks at, so that this costs a small
// part of what the operations cost.
const (
	auditPeriod     = 24 * time.Hour
	auditOperations = 4
	auditSpan       = 16 // requests that have ended, passed over on the way, for each operation
)

// auditPlan is when to look for lost requests again: not before an instant, nor before enough
// operations after those that there were at the last time.
type auditPlan struct {
	next       time.Duration
	operations int
}

// maybeAudit looks for lost requests if that is due.
func (e *engine) maybeAudit() {
	p := &e.audits
	operations := e.dispatcher.operations
	cost := auditOperations*e.requests.len() + e.requests.span()/auditSpan
	if e.now < p.next || operations-p.operations < cost {
		return
	}
	p.next, p.operations = e.now+auditPeriod, operations
	e.audit()
}

// audit looks for lost requests: those of which the pool was told, which it does not know any
// more, and which no worker has either. Costs O(1) for each request from the oldest one on that has
// not ended.
func (e *engine) audit() {
	var lost []*request
	for r := range e.requests.each() {
		if r.told && !r.stopping && !r.onWorker() && !e.pool.Knows(r.id) {
			lost = append(lost, r)
		}
	}
	slices.SortFunc(lost, func(a, b *request) int { return compareIDs(a.id, b.id) })
	for _, r := range lost {
		e.breaks("request %q is lost: neither the pool nor a worker has it", r.id)
		e.end(r, outcomeLost)
	}
}
