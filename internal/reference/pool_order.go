package reference

import (
	"fmt"
	"time"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// applyOrder runs an operation of an operator.
func (p *Pool) applyOrder(op *protos.Operation, t time.Time, e scheduler.EventSink) error {
	s := p.Scheduler
	switch k := op.GetKind().(type) {
	case *protos.Operation_Configure:
		return p.configure(k.Configure, t, e)
	case *protos.Operation_UpdateAccount:
		return p.updateAccount(k.UpdateAccount, t, e)
	case *protos.Operation_SuspendAccount:
		return s.SuspendAccount(scheduler.AccountID(k.SuspendAccount.GetAccountId()),
			Order{Reason: k.SuspendAccount.GetReason(), Time: t}, e)
	case *protos.Operation_ResumeAccount:
		return s.ResumeAccount(scheduler.AccountID(k.ResumeAccount.GetAccountId()),
			Order{Reason: k.ResumeAccount.GetReason(), Time: t}, e)
	case *protos.Operation_CordonWorker:
		err := s.CordonWorker(scheduler.WorkerID(k.CordonWorker.GetWorkerId()),
			Order{Reason: k.CordonWorker.GetReason(), Time: t}, e)
		p.dropStale()
		return err
	case *protos.Operation_UncordonWorker:
		return s.UncordonWorker(scheduler.WorkerID(k.UncordonWorker.GetWorkerId()),
			Order{Reason: k.UncordonWorker.GetReason(), Time: t}, e)
	case *protos.Operation_Wipe:
		err := s.Wipe(Order{Reason: k.Wipe.GetReason(), Time: t}, e)
		if err == nil {
			p.clear()
		}
		return err
	}
	return fmt.Errorf("%w: no kind", errOperation)
}

// configure takes the fields of the update mask from the new settings, and all others from the old.
func (p *Pool) configure(op *protos.Configure, t time.Time, e scheduler.EventSink) error {
	if op.GetConfig() == nil {
		return fmt.Errorf("%w: nil", scheduler.ErrInvalidConfig)
	}
	settings := configProto(&p.Scheduler.config)
	err := takeFields(settings.ProtoReflect(), op.GetConfig().ProtoReflect(), op.GetUpdateMask())
	if err != nil {
		return err
	}
	c, err := readConfig(settings)
	if err != nil {
		return err
	}
	return p.Scheduler.Configure(c, op.GetUpdateMask().GetPaths(),
		Order{Reason: op.GetReason(), Time: t}, e)
}

// updateAccount does the same for an account.
func (p *Pool) updateAccount(op *protos.UpdateAccount, t time.Time, e scheduler.EventSink) error {
	id := scheduler.AccountID(op.GetAccountId())
	if err := p.Scheduler.checkAccount(id); err != nil {
		return err
	}
	if op.GetConfig() == nil {
		return fmt.Errorf("%w: nil", scheduler.ErrInvalidConfig)
	}
	settings := accountConfigProto(&p.Scheduler.accounts[id].config)
	err := takeFields(settings.ProtoReflect(), op.GetConfig().ProtoReflect(), op.GetUpdateMask())
	if err != nil {
		return err
	}
	c, err := readAccountConfig(settings)
	if err != nil {
		return err
	}
	return p.Scheduler.UpdateAccount(id, c, op.GetUpdateMask().GetPaths(),
		Order{Reason: op.GetReason(), Time: t}, e)
}

// takeFields gives a message those fields of another one that a mask names.
func takeFields(to, from protoreflect.Message, mask *fieldmaskpb.FieldMask) error {
	if len(mask.GetPaths()) == 0 {
		return fmt.Errorf("%w: no update mask", scheduler.ErrInvalid)
	}
	for _, path := range mask.GetPaths() {
		field := to.Descriptor().Fields().ByName(protoreflect.Name(path))
		if field == nil {
			return fmt.Errorf("%w: field %q", scheduler.ErrInvalid, path)
		}
		to.Clear(field)
		if from.Has(field) {
			to.Set(field, from.Get(field))
		}
	}
	return nil
}

// readConfig takes settings from the wire. Which values are in range is checked later.
func readConfig(c *protos.Config) (*scheduler.Config, error) {
	if n := len(c.GetMaxLostWork()); n != 0 && n != scheduler.NumPriorities {
		return nil, fmt.Errorf("%w: %d limits", scheduler.ErrInvalidConfig, n)
	}
	var bad error
	out := &scheduler.Config{
		DisablePreemption: c.GetDisablePreemption(),
		WorkerExpiration:  readDuration(c.GetWorkerExpiration(), &bad),
		RequestExpiration: readDuration(c.GetRequestExpiration(), &bad),
		ProvisionPatience: readDuration(c.GetProvisionPatience(), &bad),
		BurstCover:        readDuration(c.GetBurstCover(), &bad),
		OwedAfter:         readDuration(c.GetOwedAfter(), &bad),
		PromoteThreshold:  scheduler.Quota(c.GetPromoteThreshold()),
		DemoteThreshold:   scheduler.Quota(c.GetDemoteThreshold()),
	}
	for p, d := range c.GetMaxLostWork() {
		out.MaxLostWork[p] = readDuration(d, &bad)
	}
	return out, bad
}

// readAccountConfig does the same for an account.
func readAccountConfig(c *protos.AccountConfig) (*scheduler.AccountConfig, error) {
	if c == nil || len(c.GetChargeRate()) > scheduler.NumPriorities {
		return nil, fmt.Errorf("%w: %v", scheduler.ErrInvalidConfig, c)
	}
	var bad error
	out := &scheduler.AccountConfig{
		MaxCharge:        readDuration(c.GetMaxCharge(), &bad),
		MaxFanout:        int(c.GetMaxFanout()),
		DisableFreeTasks: c.GetDisableFreeTasks(),
		Description:      c.GetDescription(),
		SafeAfter:        readDuration(c.GetSafeAfter(), &bad),
	}
	for p, rate := range c.GetChargeRate() {
		out.ChargeRate[p] = scheduler.Rate(rate)
	}
	for key, n := range c.GetPerLabelTaskLimits() {
		if out.PerLabelTaskLimits == nil {
			out.PerLabelTaskLimits = map[string]int{}
		}
		out.PerLabelTaskLimits[key] = int(n)
	}
	return out, bad
}

// readDuration takes a duration from the wire, or notes that it is not one of up to 292 years.
func readDuration(d *durationpb.Duration, bad *error) time.Duration {
	if d == nil {
		return 0
	}
	v := d.AsDuration()
	again := durationpb.New(v)
	if d.CheckValid() != nil || d.GetSeconds() != again.GetSeconds() ||
		d.GetNanos() != again.GetNanos() {
		*bad = fmt.Errorf("%w: duration %v", scheduler.ErrInvalidConfig, d)
	}
	return v
}
