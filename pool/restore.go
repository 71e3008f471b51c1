package pool

import (
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/quotasched/quotasched/internal/check"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/reconciler"
	"github.com/quotasched/quotasched/scheduler"
)

// fieldPoolScheduler is the number of the field scheduler of protos.Pool, which comes first.
const fieldPoolScheduler protowire.Number = 1

// Restore returns a pool that goes on from a snapshot exactly as the one that wrote it. The error
// is scheduler.ErrInvalidSnapshot, and names the field that no pool could have written. Nothing in
// the pool aliases the message. RestoreBytes takes bytes, at less cost.
func Restore(snapshot *protos.Pool) (*Pool, error) {
	if snapshot == nil {
		return nil, fmt.Errorf("%w: no pool", scheduler.ErrInvalidSnapshot)
	}
	s, err := scheduler.Restore(snapshot.GetScheduler())
	if err != nil {
		return nil, err
	}
	return withReconciler(s, snapshot.GetReconciler())
}

// RestoreBytes returns a pool that goes on from the bytes of a snapshot, as Restore does from the
// message, and refuses what that refuses. It takes any encoding of the message, and is made for the
// one that AppendSnapshot gives: of that, the scheduler's part never becomes a message. Nothing in
// the pool aliases the bytes.
func RestoreBytes(snapshot []byte) (*Pool, error) {
	first, rest := splitScheduler(snapshot)
	p := &protos.Pool{}
	if err := check.Messages(rest, p.ProtoReflect().Descriptor()); err != nil {
		return nil, fmt.Errorf("%w: %v", scheduler.ErrInvalidSnapshot, err)
	}
	if err := proto.Unmarshal(rest, p); err != nil {
		return nil, fmt.Errorf("%w: %v", scheduler.ErrInvalidSnapshot, err)
	}
	if first == nil {
		return Restore(p)
	}
	if p.GetScheduler() != nil { // in two pieces, of which the message is the sum
		p = &protos.Pool{}
		if err := check.Messages(snapshot, p.ProtoReflect().Descriptor()); err != nil {
			return nil, fmt.Errorf("%w: %v", scheduler.ErrInvalidSnapshot, err)
		}
		if err := proto.Unmarshal(snapshot, p); err != nil {
			return nil, fmt.Errorf("%w: %v", scheduler.ErrInvalidSnapshot, err)
		}
		return Restore(p)
	}
	s, err := scheduler.RestoreBytes(first)
	if err != nil {
		return nil, err
	}
	return withReconciler(s, p.GetReconciler())
}

// splitScheduler splits a snapshot that begins with the scheduler's part into that and the rest.
// Of others it returns nil and the whole.
func splitScheduler(snapshot []byte) (first, rest []byte) {
	number, typ, n := protowire.ConsumeTag(snapshot)
	if number != fieldPoolScheduler || typ != protowire.BytesType {
		return nil, snapshot
	}
	first, size := protowire.ConsumeBytes(snapshot[n:])
	if size < 0 {
		return nil, snapshot
	}
	return first, snapshot[n+size:]
}

// withReconciler returns a pool of a scheduler, and a reconciler that is read from a snapshot.
// Parts that contradict each other are refused.
func withReconciler(s *scheduler.Scheduler, snapshot *protos.Reconciler) (*Pool, error) {
	r, err := reconciler.Restore(snapshot)
	if err != nil {
		return nil, err
	}
	p := &Pool{scheduler: s, reconciler: r}
	for i, q := range snapshot.GetWorkerQueues() {
		if q.GetTaskToAssign() != nil && !p.assigned(q) {
			return nil, fmt.Errorf("%w: worker_queues[%d].task_to_assign: the scheduler does not have "+
				"request %s on worker %s", scheduler.ErrInvalidSnapshot, i,
				check.Quote(q.GetTaskToAssign().GetRequestId()), check.Quote(q.GetWorkerId()))
		}
	}
	return p, nil
}
