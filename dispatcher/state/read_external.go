package state

import (
	"context"

	"github.com/quotasched/quotasched/pool"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// Cancellations returns what must stop in an external pool, in order of worker, then request. The
// error is a Refusal. It costs O(n log n) in their number.
func (m *Machine) Cancellations(name string) ([]*protos.Cancellation, error) {
	p, err := m.usable(name)
	if err != nil {
		return nil, err
	}
	if !p.external {
		return nil, ownPool(name)
	}
	// This operation changes nothing.
	answer, err := p.pool.Apply(context.Background(), pool.GetCancellations(p.now),
		scheduler.NullEventSink)
	return answer.GetCancellations(), refusalOf(err)
}
