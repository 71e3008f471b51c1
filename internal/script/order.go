package script

import (
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"github.com/quotasched/quotasched/internal/reference"
	operations "github.com/quotasched/quotasched/pool" // pool is this package's own
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// What operators say. A scheduler alone is told by its methods, a reconciler by operations.

// order takes the reason of an order.
func (p *pool) order(c *command) (scheduler.Order, error) {
	text, _ := c.arg("reason")
	reason, err := unquote(text)
	return scheduler.Order{Reason: reason, Time: p.at}, err
}

// given returns the fields of a message that the arguments of a command name, in order.
func (c *command) given(fields map[string]string) []string {
	var names []string
	for key := range c.args { // the order is free: they are sorted below
		if name, ok := fields[key]; ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// configFields are the names of settings in scripts, with those in protos.Config.
var configFields = map[string]string{
	"preemption":         "disable_preemption",
	"worker-expiration":  "worker_expiration",
	"request-expiration": "request_expiration",
	"patience":           "provision_patience",
	"burst-cover":        "burst_cover",
	"owed-after":         "owed_after",
	"max-lost":           "max_lost_work",
	"promote":            "promote_threshold",
	"demote":             "demote_threshold",
}

// configure gives settings new values.
func (p *pool) configure(c *command) error {
	fields := c.given(configFields)
	settings, err := c.settings()
	if err != nil {
		return err
	}
	o, err := p.order(c)
	if err != nil {
		return err
	}
	if err := c.checkUsed(); err != nil {
		return err
	}
	if p.layer == Reconciler {
		return p.apply(operations.Configure(o, settings, fields...), p.at)
	}
	return p.s.Configure(settings, fields, o, p)
}

// accountFields are the names of an account's settings in scripts, with those in
// protos.AccountConfig.
var accountFields = map[string]string{
	"rate":        "charge_rate",
	"cap":         "max_charge",
	"fanout":      "max_fanout",
	"limits":      "per_label_task_limits",
	"free":        "disable_free_tasks",
	"description": "description",
	"safe-after":  "safe_after",
}

// updateAccount gives settings of an account new values.
func (p *pool) updateAccount(c *command) error {
	id, err := c.word("the account")
	if err != nil {
		return err
	}
	fields := c.given(accountFields)
	settings, err := c.accountConfig()
	if err != nil {
		return err
	}
	o, err := p.order(c)
	if err != nil {
		return err
	}
	if err := c.checkUsed(); err != nil {
		return err
	}
	if p.layer == Reconciler {
		return p.apply(&protos.Operation{Kind: &protos.Operation_UpdateAccount{
			UpdateAccount: &protos.UpdateAccount{AccountId: id, Config: settings,
				UpdateMask: &fieldmaskpb.FieldMask{Paths: fields}, Reason: o.Reason},
		}}, p.at)
	}
	return p.s.UpdateAccount(scheduler.AccountID(id), accountConfig(settings), fields, o, p)
}

// An orderFor is an order about something with an id, as both layers are told it.
type orderFor[ID ~string] struct {
	what      string // what has the id
	operation func(scheduler.Order, ID) *protos.Operation
	method    func(reference.Machine, ID, scheduler.Order, scheduler.EventSink) error
}

var (
	suspend = orderFor[scheduler.AccountID]{"the account", operations.SuspendAccount,
		reference.Machine.SuspendAccount}
	resume = orderFor[scheduler.AccountID]{"the account", operations.ResumeAccount,
		reference.Machine.ResumeAccount}
	cordon = orderFor[scheduler.WorkerID]{"the worker", operations.CordonWorker,
		reference.Machine.CordonWorker}
	uncordon = orderFor[scheduler.WorkerID]{"the worker", operations.UncordonWorker,
		reference.Machine.UncordonWorker}
)

// tell takes the id and the reason of an order, and gives it.
func (order orderFor[ID]) tell(p *pool, c *command) error {
	id, err := c.word(order.what)
	if err != nil {
		return err
	}
	o, err := p.order(c)
	if err != nil {
		return err
	}
	if err := c.checkUsed(); err != nil {
		return err
	}
	if p.layer == Reconciler {
		return p.apply(order.operation(o, ID(id)), p.at)
	}
	return order.method(p.s, ID(id), o, p)
}

// wipe empties the pool.
func (p *pool) wipe(c *command) error {
	o, err := p.order(c)
	if err != nil {
		return err
	}
	if err := c.checkUsed(); err != nil {
		return err
	}
	if p.layer == Reconciler {
		return p.apply(operations.Wipe(o), p.at)
	}
	return p.s.Wipe(o, p)
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
	if err := c.checkUsed(); err != nil {
		return err
	}
	if p.layer == Reconciler {
		return p.apply(operations.WorkerGone(at, scheduler.WorkerID(id)), at)
	}
	return p.s.NotifyWorkerGone(scheduler.WorkerID(id), at, p)
}

// counts prints how many requests and workers there are.
func (p *pool) counts(c *command) error {
	n := p.s.Counts()
	p.printf("%d waiting, %d idle, running %d, %d cordoned", n.Waiting, n.Idle, n.Running,
		n.Cordoned)
	return nil
}

// durationList takes up to five durations.
func (c *command) durationList(key string) (out [scheduler.NumPriorities]time.Duration,
	err error) {
	words, err := c.list(key)
	if err != nil {
		return out, err
	}
	if len(words) > len(out) {
		return out, scriptError("%s= has more than five durations", key)
	}
	for i, word := range words {
		if out[i], err = time.ParseDuration(word); err != nil {
			return out, scriptError("%s is no duration", word)
		}
	}
	return out, nil
}
