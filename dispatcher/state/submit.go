package state

import (
	"bytes"
	"crypto/sha256"

	"google.golang.org/grpc/codes"

	"github.com/quotasched/quotasched/internal/check"
	"github.com/quotasched/quotasched/protos/dispatch"
	"github.com/quotasched/quotasched/protos/replica"
	"github.com/quotasched/quotasched/scheduler"
)

// submit makes tasks, all or none.
func (e *entry) submit(identity string, c *replica.SubmitTasks, out *replica.CommandOutcome) error {
	r := c.GetRequest()
	if err := Check(r); err != nil {
		return err
	}
	return e.onOwn(r.GetPool(), func(p *hosted) error {
		p.forgetEnded()
		b := batch{p: p, identity: identity, keys: map[string]*task{}}
		if err := b.checkIDs(c); err != nil {
			return err
		}
		for i, s := range r.GetTasks() {
			var spec []byte
			if e.specs != nil {
				spec = bytes.Clone(e.specs[i])
			} else {
				spec = marshalSpec(s)
			}
			if err := b.take(c.GetIds()[i], s, spec); err != nil {
				return err
			}
		}
		if err := b.checkBounds(); err != nil {
			return err
		}
		b.make()
		out.Answer = &replica.CommandOutcome_SubmitTasks{
			SubmitTasks: &dispatch.SubmitTasksResponse{Ids: b.ids}}
		return nil
	})
}

// A batch is tasks that are submitted together.
type batch struct {
	p        *hosted
	identity string
	made     []*task
	specs    []*dispatch.TaskSpec
	keys     map[string]*task // of those that are made
	ids      []string
	payload  int64
}

// checkIDs refuses ids that are not newer than all of before: another leader has given some since.
func (b *batch) checkIDs(c *replica.SubmitTasks) error {
	if len(c.GetIds()) != len(c.GetRequest().GetTasks()) {
		return invalid("pool %s: %d ids for %d tasks", b.p.name, len(c.GetIds()),
			len(c.GetRequest().GetTasks()))
	}
	last := b.p.lastID
	for _, id := range c.GetIds() {
		if err := checkTaskID(id); err != nil {
			return err
		}
		if id <= last {
			return refuse(codes.Aborted, "pool %s: the new id %s is not after %s", b.p.name, id, last)
		}
		last = id
	}
	return nil
}

// take prepares a task, or finds the one that has its key.
func (b *batch) take(id string, s *dispatch.TaskSpec, spec []byte) error {
	t := &task{id: id, spec: spec, payload: payloadBytes(s), identity: b.identity, state: waiting}
	if key := s.GetKey(); key != "" {
		t.key = &taskKey{key, sha256.Sum256(spec)}
		known := b.p.keys[key]
		if known == nil {
			known = b.keys[key]
		}
		if known != nil {
			if known.key.hash != t.key.hash {
				return refuse(codes.AlreadyExists,
					"pool %s: task %s has the key %s, and asks for something else", b.p.name, known.id,
					check.Quote(key))
			}
			b.ids = append(b.ids, known.id)
			return nil
		}
		b.keys[key] = t
	}
	if id := s.GetAccountId(); id != "" {
		if _, known := b.p.pool.Scheduler().Balance(scheduler.AccountID(id)); !known {
			return unknownAccount(b.p.name, id)
		}
	}
	b.ids = append(b.ids, id)
	b.made = append(b.made, t)
	b.specs = append(b.specs, s)
	b.payload += int64(t.payload)
	return nil
}

// checkBounds refuses tasks beyond what the pool holds.
func (b *batch) checkBounds() error {
	p, l := b.p, &b.p.limits
	if n := p.live() + int64(len(b.made)); n > l.liveTasks && len(b.made) > 0 {
		return exhausted(p.name, "tasks that have not ended", n, l.liveTasks)
	}
	if n := p.payload + b.payload; n > l.payloadBytes && b.payload > 0 {
		return exhausted(p.name, "bytes of payloads", n, l.payloadBytes)
	}
	added := map[string]int64{}
	for _, s := range b.specs {
		id := s.GetAccountId()
		added[id]++
		n := added[id]
		if a := p.accounts[id]; a != nil {
			n += a.live
		}
		if n > l.liveTasksPerAccount {
			return exhausted(p.name, "tasks of account "+check.Quote(id)+" that have not ended", n,
				l.liveTasksPerAccount)
		}
	}
	return nil
}

// make adds the tasks, which wait from now on.
func (b *batch) make() {
	p, at := b.p, b.p.entry.at
	for i, t := range b.made {
		t.account = p.accountOf(b.specs[i].GetAccountId())
		t.enqueued, t.changed = at, at
		p.add(t)
		p.lastID = t.id
		p.tell(t, unborn, change{})
		p.must(p.waitingOp(t, b.specs[i]))
	}
}

// forgetEnded forgets the tasks that ended too long ago.
func (p *hosted) forgetEnded() {
	for p.ended.Len() > 0 && p.entry.at.Sub(p.ended.First().changed) >= p.limits.retention {
		p.forget(p.ended.First().task)
	}
}

// cancel ends tasks that have not ended.
func (e *entry) cancel(identity string, c *dispatch.CancelTasksRequest,
	out *replica.CommandOutcome) error {
	if err := Check(c); err != nil {
		return err
	}
	return e.onOwn(c.GetPool(), func(p *hosted) error {
		tasks := make([]*task, len(c.GetIds()))
		for i, id := range c.GetIds() {
			if tasks[i] = p.tasks[id]; tasks[i] == nil {
				return unknownTask(p.name, id)
			}
		}
		message, answers := cancelMessage(identity, c.GetReason()), newAnswers(len(tasks))
		answer := &dispatch.CancelTasksResponse{Tasks: make([]*dispatch.Task, len(tasks))}
		for i, t := range tasks { // one that is there twice may be forgotten by the second time
			p.cancel(t, message)
			answer.Tasks[i] = answers.of(t, p.name)
		}
		out.Answer = &replica.CommandOutcome_CancelTasks{CancelTasks: answer}
		return nil
	})
}

func cancelMessage(identity, reason string) string {
	text := "cancelled"
	if identity != "" {
		text += " by " + identity
	}
	if reason != "" {
		text += ": " + reason
	}
	return text
}

// cancel ends a task that waits, and has one stopped that is on a worker.
func (p *hosted) cancel(t *task, message string) {
	switch {
	case t.state == waiting:
		p.end(t, change{to: cancelled, message: message})
		p.absent(t)
	case t.onWorker() && t.lease.stop != unwanted:
		p.stopLease(t, unwanted, message)
	}
}
