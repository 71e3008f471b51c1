package reconciler

import (
	"fmt"
	"time"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"github.com/quotasched/quotasched/internal/check"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// What operators say goes to the scheduler. Two things concern the reconciler, too: a worker that
// is cordoned may lose an assignment that is held for it, and a wiped pool has nothing to tell.

// applyOrder runs an operation of an operator.
func applyOrder(state *State, s *scheduler.Scheduler, t time.Time, op *protos.Operation,
	events scheduler.EventSink) error {
	switch k := op.GetKind().(type) {
	case *protos.Operation_Configure:
		return configure(s, t, k.Configure, events)
	case *protos.Operation_UpdateAccount:
		return updateAccount(s, t, k.UpdateAccount, events)
	case *protos.Operation_SuspendAccount:
		o := k.SuspendAccount
		return s.SuspendAccount(scheduler.AccountID(o.GetAccountId()), order(t, o), events)
	case *protos.Operation_ResumeAccount:
		o := k.ResumeAccount
		return s.ResumeAccount(scheduler.AccountID(o.GetAccountId()), order(t, o), events)
	case *protos.Operation_CordonWorker:
		w := scheduler.WorkerID(k.CordonWorker.GetWorkerId())
		if err := s.CordonWorker(w, order(t, k.CordonWorker), events); err != nil {
			return err
		}
		state.dropStale(s, w)
		return nil
	case *protos.Operation_UncordonWorker:
		o := k.UncordonWorker
		return s.UncordonWorker(scheduler.WorkerID(o.GetWorkerId()), order(t, o), events)
	case *protos.Operation_Wipe:
		if err := s.Wipe(order(t, k.Wipe), events); err != nil {
			return err
		}
		state.clear()
		return nil
	}
	return fmt.Errorf("%w: operation of an unknown kind", scheduler.ErrInvalid)
}

// order returns when and why an operator says something.
func order(t time.Time, said interface{ GetReason() string }) scheduler.Order {
	return scheduler.Order{Time: t, Reason: said.GetReason()}
}

// configure gives the settings of the scheduler those fields that the mask names. It costs
// O(accounts), as they are part of the settings.
func configure(s *scheduler.Scheduler, t time.Time, op *protos.Configure,
	events scheduler.EventSink) error {
	if op.GetConfig() == nil {
		return fmt.Errorf("configure: %w: missing", scheduler.ErrInvalidConfig)
	}
	settings := scheduler.ConfigToProto(s.Config())
	err := takeFields(settings.ProtoReflect(), op.GetConfig().ProtoReflect(), op.GetUpdateMask())
	if err != nil {
		return fmt.Errorf("configure: %w", err)
	}
	config, err := scheduler.ConfigFromProto(settings)
	if err != nil {
		return fmt.Errorf("configure: %w", err)
	}
	return s.Configure(config, op.GetUpdateMask().GetPaths(), order(t, op), events)
}

// updateAccount gives the settings of an account those fields that the mask names.
func updateAccount(s *scheduler.Scheduler, t time.Time, op *protos.UpdateAccount,
	events scheduler.EventSink) error {
	id := scheduler.AccountID(op.GetAccountId())
	config, ok := s.AccountConfig(id)
	if !ok {
		// The scheduler says what is wrong with the id.
		config = &scheduler.AccountConfig{}
		return s.UpdateAccount(id, config, nil, order(t, op), events)
	}
	if op.GetConfig() == nil {
		return fmt.Errorf("account %s: %w: missing", check.Quote(id), scheduler.ErrInvalidConfig)
	}
	settings := scheduler.AccountConfigToProto(config)
	err := takeFields(settings.ProtoReflect(), op.GetConfig().ProtoReflect(), op.GetUpdateMask())
	if err != nil {
		return fmt.Errorf("account %s: %w", check.Quote(id), err)
	}
	if config, err = scheduler.AccountConfigFromProto(settings); err != nil {
		return fmt.Errorf("account %s: %w", check.Quote(id), err)
	}
	return s.UpdateAccount(id, config, op.GetUpdateMask().GetPaths(), order(t, op), events)
}

// takeFields gives a message those fields of another one of its type that a mask names: lists, maps
// and messages as a whole, and unset ones, too. The message shares memory with the other one then.
func takeFields(to, from protoreflect.Message, mask *fieldmaskpb.FieldMask) error {
	if len(mask.GetPaths()) == 0 {
		return fmt.Errorf("%w: no update_mask", scheduler.ErrInvalid)
	}
	for _, path := range mask.GetPaths() {
		field := to.Descriptor().Fields().ByName(protoreflect.Name(path))
		if field == nil {
			return fmt.Errorf("%w: update_mask: there is no field %s", scheduler.ErrInvalid,
				check.Quote(path))
		}
		to.Clear(field)
		if from.Has(field) {
			to.Set(field, from.Get(field))
		}
	}
	return nil
}
