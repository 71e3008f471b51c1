package reference_test

import (
	"context"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/quotasched/quotasched/internal/invariants"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/reconciler"
	"github.com/quotasched/quotasched/scheduler"
)

// TestNothingIsShared tells stories to the engine twice, the second time without a sink half of the
// time, and scribbling over all that went in and came out. That must make no difference.
func TestNothingIsShared(t *testing.T) {
	for i := range profiles {
		p := &profiles[i]
		t.Run(p.name, func(t *testing.T) {
			for seed := range uint64(4) {
				ops, pools := rememberStory(t, p, seed)
				scribbleStory(t, p, seed, ops, pools)
			}
		})
	}
}

// rememberStory tells a story, and returns its operations with the pool after each.
func rememberStory(t *testing.T, p *profile, seed uint64) (ops []*protos.Operation,
	pools []*protos.Pool) {
	t.Helper()
	dice := newSeededDice(seed)
	engine, state := newEngine(t, dice, p)
	story := newStoryteller(dice, p)
	for range 100 {
		op, sink := story.next(), &recorder{}
		_, _ = reconciler.Apply(context.Background(), state, engine, cloneOperation(op), sink)
		pool := &protos.Pool{Scheduler: engine.ToProto(), Reconciler: state.ToProto()}
		story.look(op, pool, sink.events)
		ops, pools = append(ops, op), append(pools, pool)
	}
	return ops, pools
}

func newEngine(t *testing.T, dice dice, p *profile) (*scheduler.Scheduler, *reconciler.State) {
	t.Helper()
	engine, err := scheduler.NewWithConfig(begin, newConfig(dice, p))
	if err != nil {
		t.Fatal(err)
	}
	return engine, reconciler.New(reconciler.WithWorkerQueueTimeout(newTimeout(dice, p)))
}

// scribbleStory applies operations again, and compares the pool after each.
func scribbleStory(t *testing.T, p *profile, seed uint64, ops []*protos.Operation,
	pools []*protos.Pool) {
	t.Helper()
	engine, state := newEngine(t, newSeededDice(seed), p)
	for i, op := range ops {
		sink := &recorder{}
		var events scheduler.EventSink = sink
		if i%2 == 0 {
			events = nil
		}
		op = cloneOperation(op)
		result, _ := reconciler.Apply(context.Background(), state, engine, op, events)
		pool := &protos.Pool{Scheduler: engine.ToProto(), Reconciler: state.ToProto()}
		if err := invariants.CheckSame(pools[i], pool); err != nil {
			t.Fatalf("seed %d, operation %d: %v", seed, i, err)
		}
		scribble(op, result, pool)
		for _, ev := range sink.events {
			scribble(ev)
		}
		scribbleViews(engine)
	}
}

// scribbleViews changes all that the engine's methods show.
func scribbleViews(s *scheduler.Scheduler) {
	overwrite := func(lists ...[]string) {
		for _, l := range lists {
			for i := range l {
				l[i] = "scribble"
			}
		}
	}
	for r := range s.Waiting() {
		overwrite(r.BaseLabels, r.ProvisionableLabels, r.Tags)
	}
	for w := range s.Workers() {
		overwrite(w.Labels)
		if w.Run != nil {
			r, _ := s.Request(w.Run.Request)
			overwrite(r.BaseLabels, r.ProvisionableLabels, r.Tags)
			w.Run.Cost[0]++
		}
	}
	c := s.Config()
	for id, a := range c.Accounts {
		a.ChargeRate[0]++
		for key := range a.PerLabelTaskLimits {
			a.PerLabelTaskLimits[key]++
		}
		delete(c.Accounts, id)
	}
}

// scribble changes every text and number in messages, however deep.
func scribble(messages ...proto.Message) {
	for _, m := range messages {
		scribbleMessage(m.ProtoReflect())
	}
}

func scribbleMessage(m protoreflect.Message) {
	if !m.IsValid() {
		return
	}
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case f.IsMap():
			v.Map().Range(func(k protoreflect.MapKey, e protoreflect.Value) bool {
				v.Map().Set(k, scribbled(f.MapValue(), e))
				return true
			})
		case f.IsList():
			for i := range v.List().Len() {
				v.List().Set(i, scribbled(f, v.List().Get(i)))
			}
		default:
			m.Set(f, scribbled(f, v))
		}
		return true
	})
}

// scribbled returns another value for a field. A message stays the same one, and is scribbled over.
func scribbled(f protoreflect.FieldDescriptor, v protoreflect.Value) protoreflect.Value {
	switch f.Kind() {
	case protoreflect.MessageKind:
		scribbleMessage(v.Message())
	case protoreflect.StringKind:
		return protoreflect.ValueOfString("scribble")
	case protoreflect.Int64Kind:
		return protoreflect.ValueOfInt64(v.Int() + 1)
	case protoreflect.Int32Kind:
		return protoreflect.ValueOfInt32(int32(v.Int()) + 1)
	case protoreflect.Uint32Kind:
		return protoreflect.ValueOfUint32(uint32(v.Uint()) + 1)
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(!v.Bool())
	}
	return v
}
