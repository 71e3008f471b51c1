package state

import (
	"cmp"
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/quotasched/quotasched/protos/dispatch"
)

// DefaultGrace is how long a task may take to stop unless it says something else.
const DefaultGrace = 30 * time.Second

// WorkerOrders are all that a worker shall do, sorted by lease.
type WorkerOrders struct {
	Runs      []*dispatch.Run
	Stops     []*dispatch.Stop
	Recorded  []string
	Directive dispatch.Orders_Directive
	LeaseTTL  time.Duration
}

// Orders returns all that a worker shall do now. It shares nothing with the state. The error is a
// Refusal: an unknown pool or worker, or a pool without sessions. It costs O(slots and leases of
// the worker).
func (m *Machine) Orders(pool, name string) (*WorkerOrders, error) {
	p, err := m.usable(pool)
	if err != nil {
		return nil, err
	}
	if p.external {
		return nil, externalPool(pool)
	}
	w := p.workers[name]
	if w == nil {
		return nil, unknownWorker(pool, name)
	}
	o := &WorkerOrders{Directive: w.directive, LeaseTTL: p.limits.leaseTTL}
	for _, s := range w.slots {
		if t := s.task; t != nil {
			o.add(t)
		}
	}
	for _, r := range w.reported {
		switch {
		case !alive(r.phase):
			o.Recorded = append(o.Recorded, r.id)
		case p.leaseOn(w, r.id) == nil:
			o.Stops = append(o.Stops, p.stopStray(r.id))
		}
	}
	slices.SortFunc(o.Runs, func(a, b *dispatch.Run) int {
		return cmp.Compare(a.GetLeaseId(), b.GetLeaseId())
	})
	slices.SortFunc(o.Stops, func(a, b *dispatch.Stop) int {
		return cmp.Compare(a.GetLeaseId(), b.GetLeaseId())
	})
	return o, nil
}

// add adds the order for a lease.
func (o *WorkerOrders) add(t *task) {
	l, s := t.lease, t.parseSpec()
	if l.stop != noStop {
		o.Stops = append(o.Stops, &dispatch.Stop{LeaseId: l.id, Reason: l.stop, Grace: graceOf(s)})
		return
	}
	if l.slot.worker.isMissing(l) {
		return // its process says next whether it has it, or that it is lost
	}
	o.Runs = append(o.Runs, &dispatch.Run{LeaseId: l.id, Slot: int32(l.slot.index), Task: s,
		ProvisionRequired: l.provision})
}

// stopStray is the order to stop a lease that the state does not hold. Its task may still be known.
func (p *hosted) stopStray(id string) *dispatch.Stop {
	var s *dispatch.TaskSpec
	if t := p.tasks[taskOf(id)]; t != nil {
		s = t.parseSpec()
	}
	return &dispatch.Stop{LeaseId: id, Reason: stray, Grace: graceOf(s)}
}

// graceOf returns how long a task may take to stop.
func graceOf(s *dispatch.TaskSpec) *durationpb.Duration {
	if s.GetGrace() == nil {
		return durationpb.New(DefaultGrace)
	}
	return durationpb.New(s.GetGrace().AsDuration())
}
