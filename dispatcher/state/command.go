package state

import (
	"errors"

	"google.golang.org/grpc/codes"

	"github.com/quotasched/quotasched/protos/replica"
)

// command runs a command, and writes its outcome. One with a request id that is known is not run
// again.
func (e *entry) command(c *replica.Command, out *replica.CommandOutcome) {
	done, err := e.m.results.find(c, e.at)
	switch {
	case err != nil:
		setRefusal(out, err)
		return
	case done != nil:
		copyOutcome(out, done)
		return
	}
	if err := e.run(c, out); err != nil {
		out.Reset()
		setRefusal(out, err)
		return
	}
	e.m.results.add(c, out, e.at)
}

// setRefusal writes a refusal as an outcome.
func setRefusal(out *replica.CommandOutcome, err error) {
	var r *Refusal
	if !errors.As(err, &r) {
		r = &Refusal{Code: uint32(codes.Internal), Text: err.Error()}
	}
	out.Code, out.Error = r.Code, r.Text
}

// run runs a command.
func (e *entry) run(c *replica.Command, out *replica.CommandOutcome) error {
	switch k := c.GetKind().(type) {
	case *replica.Command_SubmitTasks:
		return e.submit(c.GetIdentity(), k.SubmitTasks, out)
	case *replica.Command_CancelTasks:
		return e.cancel(c.GetIdentity(), k.CancelTasks, out)
	case *replica.Command_Report:
		return e.report(k.Report)
	case *replica.Command_SilentWorker:
		return e.silentWorker(k.SilentWorker)
	case *replica.Command_ContestedWorker:
		return e.contestedWorker(k.ContestedWorker)
	case *replica.Command_ConfirmIdle:
		return e.onOwn(k.ConfirmIdle.GetPool(), func(p *hosted) error {
			p.lookAtAll()
			return nil
		})
	case *replica.Command_Tick:
		e.tick()
		return nil
	case *replica.Command_RaiseRules:
		return e.raiseRules(k.RaiseRules)
	case *replica.Command_External:
		return e.external(k.External, out)
	case *replica.Command_TakeCallbacks:
		return e.takeCallbacks(k.TakeCallbacks, out)
	}
	return e.audited(c, out)
}

// raiseRules brings the next rules into force.
func (e *entry) raiseRules(r *replica.RaiseRules) error {
	if r.GetRuleVersion() != e.m.rules+1 {
		return refuse(codes.FailedPrecondition, "rule version %d is not the next one after %d",
			r.GetRuleVersion(), e.m.rules)
	}
	e.m.rules++
	return nil
}

// on runs something on a pool that has not failed. The pool has news then.
func (e *entry) on(name string, do func(*hosted) error) error {
	p := e.m.pools[name]
	if p == nil {
		return unknownPool(name)
	}
	if err := p.checkUsable(); err != nil {
		return err
	}
	return e.guard(p, func() error {
		e.begin(p)
		return do(p)
	})
}

// onOwn is on for a pool whose tasks live here.
func (e *entry) onOwn(name string, do func(*hosted) error) error {
	return e.on(name, func(p *hosted) error {
		if p.external {
			return externalPool(name)
		}
		return do(p)
	})
}

// externalPool says that a pool's tasks are another dispatcher's.
func externalPool(name string) error {
	return refuse(codes.FailedPrecondition,
		"pool %s is external: another dispatcher owns its tasks and workers", name)
}

// begin notes that a pool has news, and moves it to the entry's time.
func (e *entry) begin(p *hosted) {
	if p.entry == e {
		return
	}
	p.entry = e
	e.news = append(e.news, p)
	at := e.at
	if p.external {
		at = at.Add(-externalBehind) // its news has its own times, and must not be old by ours
	}
	if at.After(p.now) {
		p.now = at
	}
}

// finish ends an entry for a pool, with a pass.
func (e *entry) finish(p *hosted) {
	if e.m.pools[p.name] == p && !p.failed() {
		// A panic in the pass is an event; no command's outcome tells of it.
		_ = e.guard(p, func() error {
			p.pass()
			return nil
		})
	}
	p.entry, p.looks, p.doing = nil, nil, doing{}
}
