package simulator

import (
	"cmp"
	"maps"
	"slices"

	"github.com/quotasched/quotasched/scheduler"
)

// flowKey is who preempted whom.
type flowKey struct{ by, of scheduler.AccountID }

// flow counts preemptions, and what the runs that they stopped had done.
type flow struct {
	count      int
	lostMillis int64
}

// flow returns the flow between two accounts.
func (t *tally) flow(key flowKey) *flow {
	f := t.flows[key]
	if f == nil {
		f = &flow{}
		t.flows[key] = f
	}
	return f
}

// preempts counts that the pool preempted a request for one of an account. If a worker has it, what
// it has done is lost when that worker stops it.
func (t *tally) preempts(r *request, by scheduler.AccountID) {
	t.preemptions++
	r.account.preempted++
	r.preemptions++
	t.flow(flowKey{by, r.account.id}).count++
	if i := t.importance(r); i != nil {
		i.preempted++
	}
	t.inGroups(r.submission, func(g *groupTally) { g.preempted++ })
	t.unplace(r)
	if r.onWorker() {
		r.preemptedBy = t.account(by)
	}
}

// stops counts what a running request has done, which is lost; if it was preempted, to the account
// that preempted it.
func (t *tally) stops(r *request) {
	lost := t.between(r.started, t.now)
	r.lost += t.now - r.started
	r.account.lostMillis += lost
	if i := t.importance(r); i != nil {
		i.lostMillis += lost
	}
	t.inGroups(r.submission, func(g *groupTally) { g.lostMillis += lost })
	if by := r.preemptedBy; by != nil {
		r.account.stopped++
		t.flow(flowKey{by.id, r.account.id}).lostMillis += lost
	}
}

// preemptionFlows lists who preempted whom.
func (t *tally) preemptionFlows() []PreemptionFlow {
	keys := slices.SortedFunc(maps.Keys(t.flows), func(a, b flowKey) int {
		return cmp.Or(cmp.Compare(a.by, b.by), cmp.Compare(a.of, b.of))
	})
	list := make([]PreemptionFlow, 0, len(keys))
	for _, key := range keys {
		f := t.flows[key]
		list = append(list, PreemptionFlow{
			By:          key.by,
			Of:          key.of,
			Count:       f.count,
			LostSeconds: seconds(f.lostMillis),
		})
	}
	return list
}
