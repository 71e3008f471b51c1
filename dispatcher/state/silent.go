package state

import (
	"strings"

	"google.golang.org/grpc/codes"

	"github.com/quotasched/quotasched/internal/check"
	"github.com/quotasched/quotasched/pool"
	"github.com/quotasched/quotasched/protos/dispatch"
	"github.com/quotasched/quotasched/protos/replica"
	"github.com/quotasched/quotasched/scheduler"
)

// silentWorker takes it that nothing was heard of a machine for its TTL and grace. If the state
// knows a newer boot, process or report, nothing happens.
func (e *entry) silentWorker(c *replica.SilentWorker) error {
	return e.onOwn(c.GetPool(), func(p *hosted) error {
		w := p.workers[c.GetWorker()]
		if w == nil {
			return unknownWorker(p.name, c.GetWorker())
		}
		if w.boot != c.GetBootId() || w.instance != c.GetInstanceId() ||
			w.sequence > c.GetSequence() || w.isSilent() {
			return nil
		}
		p.silence(w)
		return nil
	})
}

// contestedWorker notes that two processes claim to be a machine. Neither is heard until one is
// gone.
func (e *entry) contestedWorker(c *replica.ContestedWorker) error {
	return e.onOwn(c.GetPool(), func(p *hosted) error {
		w := p.workers[c.GetWorker()]
		if w == nil {
			return unknownWorker(p.name, c.GetWorker())
		}
		p.tellWorker(w, dispatch.WorkerChange_KIND_CONTESTED,
			"processes: "+strings.Join(c.GetInstanceIds(), ", "))
		return nil
	})
}

// silence gives up all that a machine had. A task that goes on without it being heard of keeps its
// place, unless the scheduler gave that to another one.
func (p *hosted) silence(w *worker) {
	p.updateWorker(w, func() { w.silentSince = p.entry.at })
	p.tellWorker(w, dispatch.WorkerChange_KIND_SILENT, "")
	for _, s := range w.slots {
		t := s.task
		if t == nil || !t.goesOn() {
			p.leave(s)
			if t != nil {
				p.endLease(t, ending{phase: isLost, why: "its worker fell silent"})
			}
			continue
		}
		if t.lease.stop == preempted {
			p.leave(s)
		}
		p.update(t, func() { t.lease.silent = p.entry.at })
		p.tell(t, t.state, change{message: "its worker fell silent, and it goes on"})
	}
	p.touch(w)
}

// goesOn reports whether a task goes on when its worker falls silent.
func (t *task) goesOn() bool {
	return t.parseSpec().GetOnDisconnect() == dispatch.TaskSpec_ON_DISCONNECT_CONTINUE
}

// direct tells a machine what to do with itself.
func (p *hosted) direct(c *replica.Direct) error {
	w := p.workers[c.GetWorker()]
	if w == nil {
		return unknownWorker(p.name, c.GetWorker())
	}
	if _, known := dispatch.Orders_Directive_name[int32(c.GetDirective())]; !known {
		return invalid("directive %d is not known", c.GetDirective())
	}
	if w.directive == c.GetDirective() {
		return nil
	}
	w.directive = c.GetDirective()
	p.touch(w)
	p.tellWorker(w, dispatch.WorkerChange_KIND_CHANGED, "it is told: "+w.directive.String())
	return nil
}

// cordon keeps a machine or slot, known or not, from being given tasks.
func (p *hosted) cordon(name, reason string) error {
	if p.external {
		_, err := p.apply(pool.CordonWorker(scheduler.Order{Time: p.now, Reason: reason},
			scheduler.WorkerID(name)))
		return refusalOf(err)
	}
	if err := checkWorkerOrSlot(name); err != nil {
		return err
	}
	if _, already := p.cordons[name]; !already && len(p.cordons) >= cordonsMax {
		return exhausted(p.name, "cordons", int64(len(p.cordons))+1, cordonsMax)
	}
	p.cordons[name] = reason
	p.lookNamed(name)
	return nil
}

// uncordon ends that.
func (p *hosted) uncordon(name, reason string) error {
	if p.external {
		_, err := p.apply(pool.UncordonWorker(scheduler.Order{Time: p.now, Reason: reason},
			scheduler.WorkerID(name)))
		return refusalOf(err)
	}
	if err := checkWorkerOrSlot(name); err != nil {
		return err
	}
	if _, cordoned := p.cordons[name]; !cordoned {
		return refuse(codes.NotFound, "pool %s: worker %s is not cordoned by this name", p.name,
			check.Quote(name))
	}
	delete(p.cordons, name)
	p.lookNamed(name)
	return nil
}

// lookNamed looks at the machine that a name, of it or of one of its slots, is of.
func (p *hosted) lookNamed(name string) {
	if w := p.workers[taskOf(name)]; w != nil {
		p.touch(w)
	}
}
