package invariants

import (
	"cmp"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/quotasched/quotasched/protos"
)

// orders are what operators have said.
type orders struct {
	config *protos.Config
	// suspended and cordoned have the reasons, by account and by worker.
	suspended, cordoned map[string]*string
}

func newOrders() *orders {
	return &orders{suspended: map[string]*string{}, cordoned: map[string]*string{}}
}

// read takes the orders from a snapshot.
func (o *orders) read(p *picture) {
	o.config = proto.CloneOf(p.tables.GetConfig())
	for id, a := range p.accounts {
		if a.GetSuspension() != nil {
			o.suspended[id] = &a.GetSuspension().Reason
		}
	}
	for _, c := range p.tables.GetCordons() {
		o.cordoned[c.GetWorkerId()] = &c.Reason
	}
}

// follow takes the order of a step, which has exactly one event, the first.
func (o *orders) follow(s Step, l *ledger) error {
	want, told := o.take(s.Operation, l), protos.TaskEvent_TYPE_UNSPECIFIED
	for i, ev := range s.Events {
		if ev.GetType() < protos.TaskEvent_TYPE_CONFIGURED {
			continue
		}
		if i > 0 {
			return broken(OrdersKept, "%v is not the first event", ev.GetType())
		}
		told = ev.GetType()
	}
	if told != want {
		return broken(OrdersKept, "%v has the event %v, should have %v", s.Operation, told, want)
	}
	return nil
}

// take takes an order, if the operation is one, and returns the type of its event.
func (o *orders) take(op *protos.Operation, l *ledger) protos.TaskEvent_Type {
	switch k := op.GetKind().(type) {
	case *protos.Operation_Configure:
		takeFields(o.config.ProtoReflect(), k.Configure.GetConfig().ProtoReflect(),
			k.Configure.GetUpdateMask().GetPaths())
		return protos.TaskEvent_TYPE_CONFIGURED
	case *protos.Operation_UpdateAccount:
		if a := l.accounts[k.UpdateAccount.GetAccountId()]; a != nil {
			takeFields(a.config.ProtoReflect(), k.UpdateAccount.GetConfig().ProtoReflect(),
				k.UpdateAccount.GetUpdateMask().GetPaths())
			a.set(a.config)
		}
		return protos.TaskEvent_TYPE_ACCOUNT_UPDATED
	case *protos.Operation_SuspendAccount:
		o.suspended[k.SuspendAccount.GetAccountId()] = &k.SuspendAccount.Reason
		return protos.TaskEvent_TYPE_ACCOUNT_SUSPENDED
	case *protos.Operation_ResumeAccount:
		delete(o.suspended, k.ResumeAccount.GetAccountId())
		return protos.TaskEvent_TYPE_ACCOUNT_RESUMED
	case *protos.Operation_CordonWorker:
		o.cordoned[k.CordonWorker.GetWorkerId()] = &k.CordonWorker.Reason
		return protos.TaskEvent_TYPE_WORKER_CORDONED
	case *protos.Operation_UncordonWorker:
		delete(o.cordoned, k.UncordonWorker.GetWorkerId())
		return protos.TaskEvent_TYPE_WORKER_UNCORDONED
	case *protos.Operation_Wipe:
		return protos.TaskEvent_TYPE_WIPED
	}
	return protos.TaskEvent_TYPE_UNSPECIFIED
}

// takeFields gives a message the fields of another one that have these names.
func takeFields(to, from protoreflect.Message, names []string) {
	fields := to.Descriptor().Fields()
	for i := range fields.Len() {
		field := fields.Get(i)
		if !slices.Contains(names, string(field.Name())) {
			continue
		}
		to.Clear(field)
		if from.Has(field) {
			to.Set(field, from.Get(field))
		}
	}
}

// mayAssign checks that neither the account nor the worker of an assignment is kept from it.
func (o *orders) mayAssign(ev *protos.TaskEvent) error {
	if o.suspended[ev.GetAccountId()] != nil || o.cordoned[ev.GetWorkerId()] != nil {
		return broken(OrdersKept, "%q of %q was assigned to %q; suspended %v, cordoned %v",
			ev.GetRequestId(), ev.GetAccountId(), ev.GetWorkerId(),
			o.suspended[ev.GetAccountId()] != nil, o.cordoned[ev.GetWorkerId()] != nil)
	}
	return nil
}

// maxLostWork is how much of another request's work a request at a level may destroy; negative if
// there is no limit.
func (o *orders) maxLostWork(level int32) time.Duration {
	var limit time.Duration
	if list := o.config.GetMaxLostWork(); len(list) > 0 {
		limit = list[level].AsDuration()
	}
	return cmp.Or(limit, 10*time.Minute)
}

// compare says where a snapshot has other orders.
func (o *orders) compare(p *picture) error {
	if got := p.tables.GetConfig(); !sameSettings(o.config, got) {
		return broken(OrdersKept, "the settings are %v, should be %v", got, o.config)
	}
	suspended := 0
	for id, a := range p.accounts {
		want := o.suspended[id]
		if (a.GetSuspension() != nil) != (want != nil) ||
			want != nil && *want != a.GetSuspension().GetReason() {
			return broken(OrdersKept, "account %q is suspended: %v", id, a.GetSuspension())
		}
		if want != nil {
			suspended++
		}
	}
	for _, c := range p.tables.GetCordons() {
		if want := o.cordoned[c.GetWorkerId()]; want == nil || *want != c.GetReason() {
			return broken(OrdersKept, "worker %q is cordoned: %v", c.GetWorkerId(), c)
		}
	}
	if suspended != len(o.suspended) || len(p.tables.GetCordons()) != len(o.cordoned) {
		return broken(OrdersKept, "%d accounts are suspended, %d workers cordoned; should be %d, %d",
			suspended, len(p.tables.GetCordons()), len(o.suspended), len(o.cordoned))
	}
	return nil
}

// sameSettings says whether two settings mean the same, however their defaults are written.
func sameSettings(a, b *protos.Config) bool {
	if proto.Equal(a, b) {
		return true
	}
	a, b = proto.CloneOf(a), proto.CloneOf(b)
	for _, c := range []*protos.Config{a, b} {
		c.ProtoReflect().Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
			if f.IsList() {
				if isZero(c.GetMaxLostWork()) {
					c.ProtoReflect().Clear(f)
				}
			} else if f.Message() != nil && proto.Size(v.Message().Interface()) == 0 {
				c.ProtoReflect().Clear(f)
			}
			return true
		})
	}
	return proto.Equal(a, b)
}

// isZero says whether all durations are 0.
func isZero[T proto.Message](durations []T) bool {
	for _, d := range durations {
		if proto.Size(d) > 0 {
			return false
		}
	}
	return true
}
