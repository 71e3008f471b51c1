package script

import (
	"time"

	"github.com/quotasched/quotasched/scheduler"
)

// unassign takes an assignment back.
func (p *pool) unassign(c *command) error {
	id, worker, err := c.twoWords("the request", "the worker")
	if err != nil {
		return err
	}
	at, err := c.time("t", p.at)
	if err != nil {
		return err
	}
	return p.s.Unassign(scheduler.RequestID(id), scheduler.WorkerID(worker), at, p)
}

// handedOut says that a worker was given its task.
func (p *pool) handedOut(c *command) error {
	id, worker, err := c.twoWords("the request", "the worker")
	if err != nil {
		return err
	}
	return p.s.MarkHandedOut(scheduler.RequestID(id), scheduler.WorkerID(worker))
}

// block keeps a request from being placed.
func (p *pool) block(c *command) error {
	id, err := c.word("the request")
	if err != nil {
		return err
	}
	return p.s.Block(scheduler.RequestID(id))
}

// unblock ends that.
func (p *pool) unblock(c *command) error {
	id, err := c.word("the request")
	if err != nil {
		return err
	}
	return p.s.Unblock(scheduler.RequestID(id))
}

// time moves the scheduler's time.
func (p *pool) time(c *command) error {
	at, err := c.time("t", p.at)
	if err != nil {
		return err
	}
	p.s.UpdateTime(at, p)
	return nil
}

// every moves the time from this instant on in equal steps.
func (p *pool) every(c *command) error {
	word, err := c.word("the step")
	if err != nil {
		return err
	}
	step, err := time.ParseDuration(word)
	if err != nil || step <= 0 {
		return scriptError("%s is no step", word)
	}
	until, err := c.time("until", p.at)
	if err != nil {
		return err
	}
	for at := p.at; !at.After(until); at = at.Add(step) {
		p.s.UpdateTime(at, p)
	}
	return nil
}

// pass runs one pass. What it decides is printed as its events say it; that the assignments say
// the same is checked here.
func (p *pool) pass(*command) error {
	sink := &assignedEvents{to: p}
	assignments := p.s.RunOnce(sink)
	if err := sink.check(assignments, p.s); err != nil {
		return err
	}
	for _, a := range assignments {
		if a.Abort != "" {
			p.printf("abort %s on %s", a.Abort, a.Worker)
		}
	}
	return nil
}

// expired takes the requests that expired.
func (p *pool) expired(*command) error {
	for _, r := range p.s.TakeExpiredTries() {
		p.printf("expired %s, enqueued %s", r.Request, formatTime(r.EnqueueTime))
	}
	return nil
}
