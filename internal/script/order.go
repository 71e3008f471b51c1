package script

import (
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// An order is an operation of an operator about one account or worker: how the reconciler gets it,
// and how the scheduler does.
type order struct {
	operation func(id, reason string) *protos.Operation
	call      func(s *scheduler.Scheduler, id string, o scheduler.Order, e scheduler.EventSink) error
}

var orders = map[string]order{
	"suspend": {
		func(id, reason string) *protos.Operation {
			return &protos.Operation{Kind: &protos.Operation_SuspendAccount{
				SuspendAccount: &protos.SuspendAccount{AccountId: id, Reason: reason}}}
		},
		func(s *scheduler.Scheduler, id string, o scheduler.Order, e scheduler.EventSink) error {
			return s.SuspendAccount(scheduler.AccountID(id), o, e)
		},
	},
	"resume": {
		func(id, reason string) *protos.Operation {
			return &protos.Operation{Kind: &protos.Operation_ResumeAccount{
				ResumeAccount: &protos.ResumeAccount{AccountId: id, Reason: reason}}}
		},
		func(s *scheduler.Scheduler, id string, o scheduler.Order, e scheduler.EventSink) error {
			return s.ResumeAccount(scheduler.AccountID(id), o, e)
		},
	},
	"cordon": {
		func(id, reason string) *protos.Operation {
			return &protos.Operation{Kind: &protos.Operation_CordonWorker{
				CordonWorker: &protos.CordonWorker{WorkerId: id, Reason: reason}}}
		},
		func(s *scheduler.Scheduler, id string, o scheduler.Order, e scheduler.EventSink) error {
			return s.CordonWorker(scheduler.WorkerID(id), o, e)
		},
	},
	"uncordon": {
		func(id, reason string) *protos.Operation {
			return &protos.Operation{Kind: &protos.Operation_UncordonWorker{
				UncordonWorker: &protos.UncordonWorker{WorkerId: id, Reason: reason}}}
		},
		func(s *scheduler.Scheduler, id string, o scheduler.Order, e scheduler.EventSink) error {
			return s.UncordonWorker(scheduler.WorkerID(id), o, e)
		},
	},
}

// ordered returns the command of an order.
func ordered(name string) action {
	return func(p *pool, c *command) error {
		id, err := c.word("the account or worker")
		if err != nil {
			return err
		}
		reason, err := c.reason()
		if err != nil {
			return err
		}
		if err := c.checkUsed(); err != nil {
			return err
		}
		if p.layer == Reconciler {
			return p.apply(orders[name].operation(id, reason), p.at)
		}
		return orders[name].call(p.s, id, scheduler.Order{Reason: reason, Time: p.at}, p)
	}
}

// reason takes the reason of an order.
func (c *command) reason() (string, error) {
	reason, ok := c.arg("reason")
	if !ok {
		return "", nil
	}
	return unquote(reason)
}

// configure changes the settings that are named.
func (p *pool) configure(c *command) error {
	reason, err := c.reason()
	if err != nil {
		return err
	}
	given := &scheduler.Config{}
	names := c.names()
	if err := c.settings(given); err != nil {
		return err
	}
	if err := c.checkUsed(); err != nil {
		return err
	}
	var fields []string
	for _, name := range names {
		if field := fieldNames[name]; field != "" {
			fields = append(fields, field)
		}
	}
	if p.layer == Reconciler {
		return p.apply(&protos.Operation{Kind: &protos.Operation_Configure{
			Configure: &protos.Configure{Config: scheduler.ConfigToProto(given), Reason: reason,
				UpdateMask: &fieldmaskpb.FieldMask{Paths: fields}}}}, p.at)
	}
	return p.s.Configure(merged(p.s.Config(), given, names), fields,
		scheduler.Order{Reason: reason, Time: p.at}, p)
}

// fieldNames are the fields of protos.Config by their names in scripts.
var fieldNames = map[string]string{
	"preemption": "disable_preemption", "worker-expiration": "worker_expiration",
	"request-expiration": "request_expiration", "patience": "provision_patience",
	"burst-cover": "burst_cover", "owed-after": "owed_after", "max-lost-work": "max_lost_work",
	"promote": "promote_threshold", "demote": "demote_threshold",
}

// merged returns settings with the named ones replaced, without accounts.
func merged(c, given *scheduler.Config, names []string) *scheduler.Config {
	c.Accounts = nil
	for _, name := range names {
		switch name {
		case "preemption":
			c.DisablePreemption = given.DisablePreemption
		case "worker-expiration":
			c.WorkerExpiration = given.WorkerExpiration
		case "request-expiration":
			c.RequestExpiration = given.RequestExpiration
		case "patience":
			c.ProvisionPatience = given.ProvisionPatience
		case "burst-cover":
			c.BurstCover = given.BurstCover
		case "owed-after":
			c.OwedAfter = given.OwedAfter
		case "max-lost-work":
			c.MaxLostWork = given.MaxLostWork
		case "promote":
			c.PromoteThreshold = given.PromoteThreshold
		case "demote":
			c.DemoteThreshold = given.DemoteThreshold
		}
	}
	return c
}

// updateAccount replaces all settings of an account; its balance stays.
func (p *pool) updateAccount(c *command) error {
	id, err := c.word("the account")
	if err != nil {
		return err
	}
	reason, err := c.reason()
	if err != nil {
		return err
	}
	settings, err := c.accountConfig()
	if err != nil {
		return err
	}
	if err := c.checkUsed(); err != nil {
		return err
	}
	fields := []string{"charge_rate", "max_charge", "max_fanout", "per_label_task_limits",
		"disable_free_tasks", "safe_after", "description"}
	if p.layer == Reconciler {
		return p.apply(&protos.Operation{Kind: &protos.Operation_UpdateAccount{
			UpdateAccount: &protos.UpdateAccount{AccountId: id, Config: settings, Reason: reason,
				UpdateMask: &fieldmaskpb.FieldMask{Paths: fields}}}}, p.at)
	}
	return p.s.UpdateAccount(scheduler.AccountID(id), accountConfig(settings), fields,
		scheduler.Order{Reason: reason, Time: p.at}, p)
}

// gone is news that a worker is gone.
func (p *pool) gone(c *command) error {
	id, err := c.word("the worker")
	if err != nil {
		return err
	}
	at, err := c.time("t", p.at)
	if err != nil {
		return err
	}
	if p.layer == Reconciler {
		return p.apply(&protos.Operation{Kind: &protos.Operation_WorkerGone{
			WorkerGone: &protos.WorkerGone{WorkerId: id}}}, at)
	}
	return p.s.NotifyWorkerGone(scheduler.WorkerID(id), at, p)
}
