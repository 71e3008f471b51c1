package reconciler_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/reconciler"
)

// An answer that is made from the memory of others, which had whatever, is the answer that Apply
// makes from none.
func TestApplyIntoAnswersLikeApply(t *testing.T) {
	ctx := context.Background()
	given, cancelled := 0, 0
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 8))
		fresh, reusing := newDriven(), newDriven()
		answer := foreignAnswer()
		for n := range 300 {
			op := randomOp(rng)
			op.Time = timestamppb.New(epoch.Add(time.Duration(n) * time.Second))
			if p := op.GetAssignTasks(); p != nil {
				for i := range rng.IntN(4) { // answers of many lengths
					p.Workers = append(p.Workers, &protos.IdleWorker{
						WorkerId: fmt.Sprint("w", i), Labels: []string{"os:1", "os:2"}})
				}
			}
			want, err := reconciler.Apply(ctx, fresh.state, fresh.s, op, nil)
			if err != nil {
				t.Fatalf("seed %d, step %d: %v", seed, n, err)
			}
			if err := reconciler.ApplyInto(ctx, reusing.state, reusing.s, op, nil, answer); err != nil {
				t.Fatalf("seed %d, step %d: %v", seed, n, err)
			}
			if !proto.Equal(want, answer) {
				t.Fatalf("seed %d, step %d: the answer to %v is %v, want %v", seed, n, op, answer, want)
			}
			given, cancelled = given+len(want.Assignments), cancelled+len(want.Cancellations)
		}
	}
	if given == 0 || cancelled == 0 {
		t.Fatalf("%d assignments and %d cancellations", given, cancelled)
	}
}

// foreignAnswer returns an answer that no pool gave, with gaps and with fields of a later version.
func foreignAnswer() *protos.Result {
	later := protoreflect.RawFields{0xa2, 0x06, 0x01, 'x'} // field 100, a text of one byte
	a := &protos.Result{
		Assignments:   []*protos.Assignment{{WorkerId: "x", ProvisionRequired: true}, nil, {}},
		Cancellations: []*protos.Cancellation{nil, {ErrorMessage: "x"}},
	}
	for _, m := range []proto.Message{a, a.Assignments[0], a.Cancellations[1]} {
		m.ProtoReflect().SetUnknown(later)
	}
	return a
}

// What is refused leaves an empty answer behind, and no answer at all is refused.
func TestApplyIntoRefuses(t *testing.T) {
	ctx, p := context.Background(), newDriven()
	answer := foreignAnswer()
	if err := reconciler.ApplyInto(ctx, p.state, p.s, &protos.Operation{}, nil, answer); err == nil {
		t.Error("an operation without a time is no error")
	}
	if !proto.Equal(answer, &protos.Result{}) {
		t.Errorf("after an error the answer is %v", answer)
	}
	before := p.s.Hash()
	op := randomOp(rand.New(rand.NewPCG(1, 1)))
	op.Time = timestamppb.New(epoch)
	if err := reconciler.ApplyInto(ctx, p.state, p.s, op, nil, nil); err == nil {
		t.Error("a nil answer is no error")
	}
	if p.s.Hash() != before {
		t.Error("what was refused changed the state")
	}
}

// Where there is memory for it, an answer costs nothing.
func TestApplyIntoReusesMemory(t *testing.T) {
	ctx, p := context.Background(), newDriven()
	waiting := func(id string) *protos.Operation {
		return &protos.Operation{Time: timestamppb.New(epoch),
			Kind: &protos.Operation_TaskWaiting{TaskWaiting: &protos.TaskWaiting{
				RequestId: id, EnqueueTime: timestamppb.New(epoch)}}}
	}
	pull := &protos.Operation{Time: timestamppb.New(epoch.Add(time.Second)),
		Kind: &protos.Operation_AssignTasks{AssignTasks: &protos.AssignTasks{
			Workers: []*protos.IdleWorker{{WorkerId: "w1"}, {WorkerId: "w2"}}}}}
	answer := &protos.Result{}
	for _, op := range []*protos.Operation{waiting("r1"), waiting("r2"), pull} {
		if err := reconciler.ApplyInto(ctx, p.state, p.s, op, nil, answer); err != nil {
			t.Fatal(err)
		}
	}
	list, first := &answer.Assignments[0], answer.Assignments[0]
	if err := reconciler.ApplyInto(ctx, p.state, p.s, pull, nil, answer); err != nil {
		t.Fatal(err)
	}
	if len(answer.Assignments) != 2 {
		t.Fatalf("the workers are given %v", answer)
	}
	if &answer.Assignments[0] != list || answer.Assignments[0] != first {
		t.Error("the answer has memory of its own")
	}
}
