package state

import (
	"cmp"
	"slices"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	"github.com/quotasched/quotasched/internal/check"
	"github.com/quotasched/quotasched/protos/dispatch"
)

// report takes what a worker says.
func (e *entry) report(r *dispatch.Report) error {
	if err := Check(r); err != nil {
		return err
	}
	return e.onOwn(r.GetPool(), func(p *hosted) error { return p.report(r) })
}

func (p *hosted) report(r *dispatch.Report) error {
	w := p.workers[r.GetWorker()]
	if err := w.checkNewest(r); err != nil {
		return err
	}
	if w != nil && w.isOld(r) {
		return nil
	}
	have := 0
	if w != nil {
		have = len(w.slots)
	}
	if n := p.slots + int64(r.GetSlots()) - int64(have); int(r.GetSlots()) > have &&
		n > p.limits.workers {
		return exhausted(p.name, "workers, which are slots", n, p.limits.workers)
	}
	if w == nil {
		w = &worker{name: r.GetWorker(), boot: r.GetBootId(), instance: r.GetInstanceId()}
		p.workers[w.name] = w
		p.byName.Insert(w)
		p.takeShape(w, r)
		p.tellWorker(w, dispatch.WorkerChange_KIND_CAME, "")
	} else {
		p.takeOver(w, r)
		if changed := w.differs(r); changed {
			p.takeShape(w, r)
			p.tellWorker(w, dispatch.WorkerChange_KIND_CHANGED, "")
		}
	}
	w.sequence, w.followed = r.GetSequence(), w.followed || r.GetEpoch() > 0
	p.touch(w)
	p.takeLeases(w, r)
	return nil
}

// checkNewest refuses what a boot or process says that another one has taken over from. Until that
// one has followed orders, it may be the one that is long gone: then the last one before it may
// take over again. The worker may be nil.
func (w *worker) checkNewest(r *dispatch.Report) error {
	switch {
	case w == nil:
		return nil
	case slices.Contains(w.earlierBoots, r.GetBootId()) && w.followed:
		return refuse(codes.Aborted, "worker %s: boot %s came after boot %s", w.name,
			check.Quote(w.boot), check.Quote(r.GetBootId()))
	case r.GetBootId() == w.boot && slices.Contains(w.earlierInstances, r.GetInstanceId()) &&
		(w.followed || !w.isEarlier(r)):
		return refuse(codes.Aborted, "worker %s: process %s took over from %s", w.name,
			check.Quote(w.instance), check.Quote(r.GetInstanceId()))
	}
	return nil
}

// isEarlier reports whether a report is of the last process before the present one.
func (w *worker) isEarlier(r *dispatch.Report) bool {
	n := len(w.earlierInstances)
	return n > 0 && w.earlierInstances[n-1] == r.GetInstanceId()
}

// isOld reports whether the process that sent a report has sent a newer one.
func (w *worker) isOld(r *dispatch.Report) bool {
	if r.GetBootId() != w.boot {
		return false
	}
	return r.GetInstanceId() == w.instance && r.GetSequence() <= w.sequence ||
		w.isEarlier(r) && r.GetSequence() <= w.earlierSequence
}

// takeOver notes which boot and process speaks for a machine, and that it is heard of.
func (p *hosted) takeOver(w *worker, r *dispatch.Report) {
	if r.GetBootId() != w.boot {
		p.boot(w, r)
	}
	if r.GetInstanceId() != w.instance {
		w.earlierInstances = slices.DeleteFunc(w.earlierInstances,
			func(id string) bool { return id == r.GetInstanceId() })
		w.earlierInstances = remember(w.earlierInstances, w.instance)
		w.earlierSequence, w.instance, w.followed = w.sequence, r.GetInstanceId(), false
		if w.directive != dispatch.Orders_DIRECTIVE_DRAIN {
			w.directive = dispatch.Orders_DIRECTIVE_UNSPECIFIED // it has ended, and is here again
		}
	}
	if !w.isSilent() {
		return
	}
	p.updateWorker(w, func() { w.silentSince = time.Time{} })
	for _, s := range w.slots {
		if t := s.task; t != nil && !t.lease.silent.IsZero() {
			p.update(t, func() { t.lease.silent = time.Time{} })
			p.tell(t, t.state, change{message: "its worker is heard of again"})
		}
	}
	p.tellWorker(w, dispatch.WorkerChange_KIND_BACK, "")
}

// boot ends all that ran before a machine booted.
func (p *hosted) boot(w *worker, r *dispatch.Report) {
	for _, s := range w.slots {
		p.leave(s)
		if s.task != nil {
			p.endLease(s.task, ending{phase: isLost, why: "its worker has booted anew"})
		}
	}
	w.reported = nil
	w.earlierBoots = slices.DeleteFunc(w.earlierBoots,
		func(id string) bool { return id == r.GetBootId() })
	w.earlierBoots = remember(w.earlierBoots, w.boot)
	w.boot, w.followed = r.GetBootId(), false
	p.tellWorker(w, dispatch.WorkerChange_KIND_BOOTED, "")
}

// remember adds a name to a list of bounded length; the oldest leaves.
func remember(names []string, name string) []string {
	if len(names) == earlierMax {
		names = slices.Delete(names, 0, 1)
	}
	return append(names, name)
}

// differs reports whether a report says other things of the machine itself than are known.
func (w *worker) differs(r *dispatch.Report) bool {
	return w.accepts != r.GetAcceptsWork() || w.refusal != r.GetRefusal() ||
		w.count != int(r.GetSlots()) || !slices.Equal(w.labels, r.GetLabels())
}

// takeShape takes what a report says of the machine itself. A slot that went and has a lease stays
// until that is over.
func (p *hosted) takeShape(w *worker, r *dispatch.Report) {
	w.accepts, w.refusal = r.GetAcceptsWork(), r.GetRefusal()
	w.labels = slices.Clone(r.GetLabels())
	w.count = int(r.GetSlots())
	p.resize(w)
}

// takeLeases takes what a report says of leases, and that it leaves some out.
func (p *hosted) takeLeases(w *worker, r *dispatch.Report) {
	named := map[string]bool{}
	var now []reported
	for _, l := range r.GetLeases() {
		named[l.GetLeaseId()] = true
		now = append(now, reported{l.GetLeaseId(), int(l.GetSlot()), l.GetPhase()})
		t := p.leaseOn(w, l.GetLeaseId())
		switch {
		case t == nil:
			p.takeLate(l)
		case alive(l.GetPhase()):
			p.advance(t, l)
		default:
			p.endLease(t, ending{phase: l.GetPhase(), result: proto.CloneOf(l.GetResult()),
				why: "its worker does not know how it ended"})
		}
	}
	for _, s := range w.slots {
		if t := s.task; t != nil && !named[t.lease.id] && w.followed &&
			(t.lease.phase != unspoken || s.index >= w.count) {
			p.endLease(t, ending{phase: isLost, why: "its worker knows nothing of it any more"})
		}
	}
	for _, old := range w.reported {
		if old.phase == unspoken && !named[old.id] {
			now = append(now, old)
		}
	}
	slices.SortFunc(now, func(a, b reported) int { return cmp.Compare(a.id, b.id) })
	w.reported = now
}

// leaseOn returns the task whose lease on a machine has a name; nil if there is none.
func (p *hosted) leaseOn(w *worker, id string) *task {
	t := p.tasks[taskOf(id)]
	if t == nil || !t.onWorker() || t.lease.id != id || t.lease.slot.worker != w {
		return nil
	}
	return t
}

// takeLate keeps the result of a lease that was given up.
func (p *hosted) takeLate(l *dispatch.LeaseReport) {
	t := p.tasks[taskOf(l.GetLeaseId())]
	if t == nil || t.state != lost || t.lease == nil || t.lease.id != l.GetLeaseId() ||
		l.GetPhase() != isFinished || t.late != nil || t.lease.phase != isLost {
		return
	}
	p.update(t, func() { t.late = proto.CloneOf(l.GetResult()) })
	p.tell(t, t.state, change{message: "a late result", result: t.late})
}

// Changes reports whether a report would change anything that must be durable, or needs an order to
// be made: then it has to become an entry. Else the answer is Orders as they are. It costs O(slots
// and leases of the worker).
func (m *Machine) Changes(r *dispatch.Report) bool {
	p := m.pools[r.GetPool()]
	if p == nil || p.failed() || p.external {
		return false // Orders says so
	}
	w := p.workers[r.GetWorker()]
	if w == nil || w.boot != r.GetBootId() || w.instance != r.GetInstanceId() || w.isSilent() {
		return true
	}
	if w.isOld(r) {
		return false
	}
	if w.differs(r) || !w.followed && r.GetEpoch() > 0 {
		return true
	}
	named := map[string]bool{}
	for _, l := range r.GetLeases() {
		named[l.GetLeaseId()] = true
		if p.isNews(w, l) {
			return true
		}
	}
	return slices.ContainsFunc(w.reported, func(old reported) bool {
		return alive(old.phase) && old.phase != unspoken && !named[old.id]
	})
}

// isNews reports whether what a report says of a lease changes anything.
func (p *hosted) isNews(w *worker, l *dispatch.LeaseReport) bool {
	at, known := slices.BinarySearchFunc(w.reported, l.GetLeaseId(),
		func(r reported, id string) int { return cmp.Compare(r.id, id) })
	if !known {
		return true
	}
	if t := p.leaseOn(w, l.GetLeaseId()); t != nil && t.lease.isNews(l) {
		return true
	}
	old := w.reported[at]
	return old.slot != int(l.GetSlot()) || old.phase < l.GetPhase() ||
		alive(old.phase) != alive(l.GetPhase())
}
