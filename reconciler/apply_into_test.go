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

// An answer that is made from the memory of others is the answer that Apply makes from none, whatever
// a caller has done to those.
func TestApplyIntoAnswersLikeApply(t *testing.T) {
	ctx := context.Background()
	given, cancelled := 0, 0
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 8))
		fresh, reusing := newDriven(), newDriven()
		var answer reconciler.Answer
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
			got, err := reconciler.ApplyInto(ctx, reusing.state, reusing.s, op, nil, &answer)
			if err != nil {
				t.Fatalf("seed %d, step %d: %v", seed, n, err)
			}
			if !proto.Equal(want, got) {
				t.Fatalf("seed %d, step %d: the answer to %v is %v, want %v", seed, n, op, got, want)
			}
			given, cancelled = given+len(want.Assignments), cancelled+len(want.Cancellations)
			meddle(got)
		}
	}
	if given == 0 || cancelled == 0 {
		t.Fatalf("%d assignments and %d cancellations", given, cancelled)
	}
}

// meddle changes an answer: it shortens its lists, so that messages stand twice in their memory,
// gives them others, and writes to everything.
func meddle(r *protos.Result) {
	later := protoreflect.RawFields{0xa2, 0x06, 0x01, 'x'} // field 100, a text of one byte
	r.ProtoReflect().SetUnknown(later)
	for _, a := range r.Assignments {
		a.WorkerId, a.ProvisionRequired = "x", true
		a.ProtoReflect().SetUnknown(later)
	}
	for _, c := range r.Cancellations {
		c.ErrorMessage = "x"
	}
	if len(r.Assignments) > 0 {
		r.Assignments = append(r.Assignments[:0], r.Assignments[1:]...)
		r.Assignments = append(r.Assignments, nil, &protos.Assignment{RequestId: "x"})
	}
	r.Cancellations = append(r.Cancellations, nil)
}

// What is refused leaves nothing of the answer before, and no answer at all is refused.
func TestApplyIntoRefuses(t *testing.T) {
	ctx, p := context.Background(), newDriven()
	before := p.s.Hash()
	op := randomOp(rand.New(rand.NewPCG(1, 1)))
	op.Time = timestamppb.New(epoch)
	if _, err := reconciler.ApplyInto(ctx, p.state, p.s, op, nil, nil); err == nil {
		t.Error("a nil answer is no error")
	}
	if p.s.Hash() != before {
		t.Error("what was refused changed the state")
	}
	var answer reconciler.Answer
	last, err := reconciler.ApplyInto(ctx, p.state, p.s, op, nil, &answer)
	if err != nil {
		t.Fatal(err)
	}
	last.Assignments = append(last.Assignments, &protos.Assignment{WorkerId: "x"})
	got, err := reconciler.ApplyInto(ctx, p.state, p.s, &protos.Operation{}, nil, &answer)
	if got != nil || err == nil {
		t.Errorf("an operation without a time gives %v and the error %v", got, err)
	}
	if !proto.Equal(last, &protos.Result{}) {
		t.Errorf("after an error the answer before it is %v", last)
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
	var answer reconciler.Answer
	apply := func(op *protos.Operation) *protos.Result {
		r, err := reconciler.ApplyInto(ctx, p.state, p.s, op, nil, &answer)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	apply(waiting("r1"))
	apply(waiting("r2"))
	result := apply(pull)
	if len(result.Assignments) != 2 {
		t.Fatalf("the workers are given %v", result)
	}
	list, first := &result.Assignments[0], result.Assignments[0]
	again := apply(pull)
	if len(again.Assignments) != 2 {
		t.Fatalf("the workers are given %v", again)
	}
	if again != result || &again.Assignments[0] != list || again.Assignments[0] != first {
		t.Error("the answer has memory of its own")
	}
}
