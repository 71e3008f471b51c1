package state

import (
	"google.golang.org/protobuf/types/known/fieldmaskpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/quotasched/quotasched/pool"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/protos/dispatch"
	"github.com/quotasched/quotasched/protos/replica"
	"github.com/quotasched/quotasched/scheduler"
)

// addAccount makes an account, or gives one that exists all of its settings and its balance anew.
// The operation takes the settings as they are in the call: package pool's constructors are for
// those who have them as scheduler.AccountConfig.
func (p *hosted) addAccount(id string, s *dispatch.AccountSettings) error {
	config := s.GetConfig()
	if config == nil {
		config = &protos.AccountConfig{}
	}
	_, err := p.apply(&protos.Operation{Time: timestamppb.New(p.now),
		Kind: &protos.Operation_AddAccount{AddAccount: &protos.AddAccount{AccountId: id,
			Config: config, Balance: s.GetBalance()}}})
	return refusalOf(err)
}

// accountSettings returns the settings and balance of an account; nil if there is none.
func (p *hosted) accountSettings(id string) *dispatch.AccountSettings {
	config, known := p.pool.Scheduler().AccountConfig(scheduler.AccountID(id))
	if !known {
		return nil
	}
	balance, _ := p.pool.Scheduler().Balance(scheduler.AccountID(id))
	s := &dispatch.AccountSettings{Config: scheduler.AccountConfigToProto(config)}
	for _, quota := range balance {
		s.Balance = append(s.Balance, int64(quota))
	}
	return s
}

// setAccount makes an account, or changes settings in a mask of one that exists.
func (e *entry) setAccount(r *dispatch.SetAccountRequest, change *dispatch.Change,
	out *replica.CommandOutcome) error {
	if err := Check(r); err != nil {
		return err
	}
	return e.on(r.GetPool(), func(p *hosted) error {
		id := r.GetAccountId()
		before := p.accountSettings(id)
		var err error
		if before == nil {
			err = p.newAccount(id, r.GetSettings())
		} else {
			err = p.changeAccount(before, r)
		}
		if err != nil {
			return err
		}
		change.Before, change.After = jsonOf(before), jsonOf(p.accountSettings(id))
		out.Answer = &replica.CommandOutcome_SetAccount{
			SetAccount: &dispatch.SetAccountResponse{Created: before == nil}}
		return nil
	})
}

func (p *hosted) newAccount(id string, s *dispatch.AccountSettings) error {
	if n := p.accountCount() + 1; n > accountsMax {
		return exhausted(p.name, "accounts", n, accountsMax)
	}
	return p.addAccount(id, s)
}

func (p *hosted) accountCount() (n int64) {
	for range p.pool.Scheduler().Balances() {
		n++
	}
	return n
}

// changeAccount gives an account those settings that a mask names.
func (p *hosted) changeAccount(before *dispatch.AccountSettings,
	r *dispatch.SetAccountRequest) error {
	mask := &fieldmaskpb.FieldMask{}
	takesBalance := false
	for _, path := range r.GetUpdateMask().GetPaths() {
		if path == "balance" {
			takesBalance = true
			continue
		}
		mask.Paths = append(mask.Paths, path)
	}
	if !takesBalance {
		_, err := p.apply(&protos.Operation{Time: timestamppb.New(p.now),
			Kind: &protos.Operation_UpdateAccount{UpdateAccount: &protos.UpdateAccount{
				AccountId: r.GetAccountId(), Config: r.GetSettings().GetConfig(), UpdateMask: mask,
				Reason: r.GetReason()}}})
		return refusalOf(err)
	}
	after := &dispatch.AccountSettings{Config: before.GetConfig(),
		Balance: r.GetSettings().GetBalance()}
	if len(mask.Paths) > 0 {
		config, err := takeFields(before.GetConfig(), r.GetSettings().GetConfig(), mask)
		if err != nil {
			return err
		}
		after.Config = config
	}
	return p.addAccount(r.GetAccountId(), after)
}

func (e *entry) resetBalance(r *dispatch.ResetBalanceRequest, change *dispatch.Change) error {
	if err := Check(r); err != nil {
		return err
	}
	return e.on(r.GetPool(), func(p *hosted) error {
		before := p.accountSettings(r.GetAccountId())
		_, err := p.apply(pool.ResetBalance(p.now, scheduler.AccountID(r.GetAccountId())))
		if err != nil {
			return refusalOf(err)
		}
		change.Before, change.After = jsonOf(before), jsonOf(p.accountSettings(r.GetAccountId()))
		return nil
	})
}

func (e *entry) suspendAccount(r *dispatch.SuspendAccountRequest) error {
	if err := Check(r); err != nil {
		return err
	}
	return e.on(r.GetPool(), func(p *hosted) error {
		_, err := p.apply(pool.SuspendAccount(p.order(r), scheduler.AccountID(r.GetAccountId())))
		return refusalOf(err)
	})
}

func (e *entry) resumeAccount(r *dispatch.ResumeAccountRequest) error {
	if err := Check(r); err != nil {
		return err
	}
	return e.on(r.GetPool(), func(p *hosted) error {
		_, err := p.apply(pool.ResumeAccount(p.order(r), scheduler.AccountID(r.GetAccountId())))
		return refusalOf(err)
	})
}

// deleteAccount ends an account. Its tasks are free ones from then on.
func (e *entry) deleteAccount(r *dispatch.DeleteAccountRequest, change *dispatch.Change) error {
	if err := Check(r); err != nil {
		return err
	}
	return e.on(r.GetPool(), func(p *hosted) error {
		before := p.accountSettings(r.GetAccountId())
		_, err := p.apply(pool.DeleteAccount(p.now, scheduler.AccountID(r.GetAccountId())))
		if err != nil {
			return refusalOf(err)
		}
		p.usage.endAccount(r.GetAccountId(), p.entry.at)
		change.Before = jsonOf(before)
		return nil
	})
}

func (e *entry) cordonWorker(r *dispatch.CordonWorkerRequest) error {
	if err := Check(r); err != nil {
		return err
	}
	return e.on(r.GetPool(), func(p *hosted) error { return p.cordon(r.GetWorker(), r.GetReason()) })
}

func (e *entry) uncordonWorker(r *dispatch.UncordonWorkerRequest) error {
	if err := Check(r); err != nil {
		return err
	}
	return e.on(r.GetPool(), func(p *hosted) error {
		return p.uncordon(r.GetWorker(), r.GetReason())
	})
}

func (e *entry) directWorker(r *replica.Direct) error {
	if err := Check(r); err != nil {
		return err
	}
	return e.onOwn(r.GetPool(), func(p *hosted) error { return p.direct(r) })
}

// order returns when and why somebody says something.
func (p *hosted) order(said interface{ GetReason() string }) scheduler.Order {
	return scheduler.Order{Time: p.now, Reason: said.GetReason()}
}
