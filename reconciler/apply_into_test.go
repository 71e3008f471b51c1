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

// An answer that takes the place of another one is the answer that Apply makes, and what was answered
// before stays as it was.
func TestApplyIntoAnswersLikeApply(t *testing.T) {
	ctx := context.Background()
	given, cancelled := 0, 0
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 8))
		fresh, reusing := newDriven(), newDriven()
		answer, before := foreignAnswer(), foreignAnswer()
		for n := range 300 {
			op := randomOp(rng)
			op.Time = timestamppb.New(epoch.Add(time.Duration(n) * time.Second))
			if p := op.GetAssignTasks(); p != nil {
				for i := range rng.IntN(4) { // answers of many lengths
					p.Workers = append(p.Workers, &protos.IdleWorker{
						WorkerId: fmt.Sprint("w", i), Labels: []string{"os:1", "os:2"}})
				}
			}
			kept := answer.Assignments
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
			if !proto.Equal(&protos.Result{Assignments: kept}, &protos.Result{Assignments: before.Assignments}) {
				t.Fatalf("seed %d, step %d: what was assigned before is now %v", seed, n, kept)
			}
			given, cancelled = given+len(want.Assignments), cancelled+len(want.Cancellations)
			before = want
		}
	}
	if given == 0 || cancelled == 0 {
		t.Fatalf("%d assignments and %d cancellations", given, cancelled)
	}
}

// foreignAnswer returns an answer that no pool gave, with a field of a later version.
func foreignAnswer() *protos.Result {
	a := &protos.Result{
		Assignments:   []*protos.Assignment{{WorkerId: "x", ProvisionRequired: true}, {}},
		Cancellations: []*protos.Cancellation{{ErrorMessage: "x"}},
	}
	a.ProtoReflect().SetUnknown(protoreflect.RawFields{0xa2, 0x06, 0x01, 'x'}) // field 100, a text
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
