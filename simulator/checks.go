package simulator

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/quotasched/quotasched/internal/invariants"
	"github.com/quotasched/quotasched/internal/words"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// checks hold a pool to its invariants: each operation with its events and answer, and now and then
// its whole state, so seldom that this costs a bounded part of what the operations cost.
type checks struct {
	checker *invariants.Checker
	// events are those of the operation at hand.
	events []*protos.TaskEvent
	// left is how many operations there are until the next look at the whole state.
	left int
	// newPool makes the pool that a snapshot is tried on.
	newPool func() (Pool, error)
	// written and again are the bytes of the latest snapshot, and of the pool that it was tried on.
	written, again []byte
}

// checksPerState is how many operations there are between two looks at the whole state, for each
// request, worker and account in it.
const checksPerState = 8

// passesMax is how many passes may change something while time stands still.
const passesMax = 20

// newChecks begins with a pool that is still empty.
func newChecks(pool Pool, newPool PoolMaker) (*checks, error) {
	c := &checks{
		checker: invariants.NewChecker(),
		newPool: func() (Pool, error) { return newPool(time.Unix(0, 0), &scheduler.Config{}) },
	}
	return c, c.checker.Snapshot(pool.Snapshot())
}

// step checks an operation, and after a pass that is due for it, the whole state. The error wraps
// an invariants.Violation.
func (c *checks) step(pool Pool, op *protos.Operation, result *protos.Result) error {
	err := c.checker.Step(invariants.Step{Operation: op, Events: c.events, Result: result})
	clear(c.events)
	c.events = c.events[:0]
	if err != nil {
		return err
	}
	c.left--
	if c.left > 0 || op.GetAssignTasks() == nil {
		return nil
	}
	return c.whole(pool)
}

// whole checks the whole state, and plans when to do so next.
func (c *checks) whole(pool Pool) error {
	snapshot := pool.Snapshot()
	s := snapshot.GetScheduler()
	size := len(s.GetAccounts()) + len(s.GetWaitingRequests()) + len(s.GetWorkers())
	c.left = checksPerState * size
	if err := c.checker.Snapshot(snapshot); err != nil {
		return err
	}
	return c.restore(snapshot)
}

// restore checks that a pool goes on from a snapshot's bytes where the snapshot was taken, and that
// its passes come to rest while time stands still.
func (c *checks) restore(snapshot *protos.Pool) error {
	var err error
	c.written, err = proto.MarshalOptions{Deterministic: true}.MarshalAppend(c.written[:0], snapshot)
	if err != nil {
		return err
	}
	restored, err := c.newPool()
	if err != nil {
		return err
	}
	if err := restored.Restore(c.written); err != nil {
		return sameStateBroken("a snapshot cannot be restored: %v", err)
	}
	c.again = restored.AppendSnapshot(c.again[:0])
	if err := checkSame(c.again, c.written); err != nil {
		return err
	}
	return invariants.CheckFixedPoint(restored, passesMax)
}

// checkSame checks that a restored pool's snapshot has the bytes that it was restored from.
func checkSame(got, want []byte) error {
	if !bytes.Equal(got, want) {
		return sameStateBroken("a restored pool has a state of %s bytes which differs from the one "+
			"of %s bytes before", words.Number(len(got)), words.Number(len(want)))
	}
	return nil
}

// sameStateBroken is a violation of invariant 7.
func sameStateBroken(format string, args ...any) error {
	return &invariants.Violation{
		Check:  invariants.SameState,
		Detail: fmt.Sprintf(format, args...),
	}
}

// operationText returns an operation without its time, on one line, for messages.
func operationText(op *protos.Operation) string {
	switch k := op.GetKind().(type) {
	case *protos.Operation_AddAccount:
		return fmt.Sprintf("add_account %q", k.AddAccount.GetAccountId())
	case *protos.Operation_TaskWaiting:
		w := k.TaskWaiting
		return fmt.Sprintf("task_waiting %q of account %q with labels %q and %q", w.GetRequestId(),
			w.GetAccountId(), w.GetBaseLabels(), w.GetProvisionableLabels())
	case *protos.Operation_TaskRunning:
		return fmt.Sprintf("task_running %q on %q", k.TaskRunning.GetRequestId(),
			k.TaskRunning.GetWorkerId())
	case *protos.Operation_TaskAbsent:
		return fmt.Sprintf("task_absent %q", k.TaskAbsent.GetRequestId())
	case *protos.Operation_AssignTasks:
		var b strings.Builder
		b.WriteString("assign_tasks")
		for _, w := range k.AssignTasks.GetWorkers() {
			fmt.Fprintf(&b, " %q", w.GetWorkerId())
		}
		return b.String()
	case *protos.Operation_GetCancellations:
		return "get_cancellations"
	}
	return "an operation of another kind"
}
