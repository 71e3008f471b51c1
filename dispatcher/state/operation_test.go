package state

import (
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/quotasched/quotasched/internal/scramble"
	"github.com/quotasched/quotasched/pool"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/protos/dispatch"
	"github.com/quotasched/quotasched/scheduler"
)

// The operations that are made in the same memory are those of package pool, whatever was made in it
// before.
func TestOperationsAreThoseOfAPool(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	p := &hosted{extras: extras{memory: &workMemory{}}}
	for i := range 1_000 {
		s := &dispatch.TaskSpec{}
		scramble.Message(r, s.ProtoReflect(), map[protoreflect.FullName]bool{})
		task := &task{id: taskID(i), enqueued: time.Unix(r.Int64N(1e9), r.Int64N(1e9)),
			lostWork: time.Duration(max(0, r.Int64N(4e9)-2e9))}
		p.now = time.Unix(r.Int64N(1e9), r.Int64N(1e9))
		want := pool.TaskWaiting(p.now, scheduler.TaskRequest{
			ID: scheduler.RequestID(task.id), Account: scheduler.AccountID(s.GetAccountId()),
			BaseLabels: s.GetBaseLabels(), ProvisionableLabels: s.GetProvisionableLabels(),
			Tags: s.GetTags(), EnqueueTime: task.enqueued, LostWork: task.lostWork})
		require.Empty(t, cmp.Diff(want, p.waitingOp(task, s), protocmp.Transform()))
		want = pool.TaskAbsent(p.now, scheduler.RequestID(task.id))
		require.Empty(t, cmp.Diff(want, p.absentOp(task), protocmp.Transform()))
	}
}

// An outcome is that of package pool, with all that a result and an outcome can have.
func TestOutcomesAreThoseOfAPool(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	d := decisions{}
	for i := range 1_000 {
		result := &protos.Result{}
		scramble.Message(r, result.ProtoReflect(), map[protoreflect.FullName]bool{})
		var events []*protos.TaskEvent
		var made []*decision
		for range i % 3 {
			e := &protos.TaskEvent{}
			scramble.Message(r, e.ProtoReflect(), map[protoreflect.FullName]bool{})
			e.Pool = ""
			events, made = append(events, e), append(made, d.of(e, ""))
		}
		var err error
		if i%4 == 0 {
			err = errors.New("why \xff")
		}
		memory := operationMemory{answer: result}
		got := (&stepMemory{}).of(memory.result(), made, err)
		require.Empty(t, cmp.Diff(pool.OutcomeOf(result, events, err), got, protocmp.Transform()))
	}
}
