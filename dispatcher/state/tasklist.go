package state

import (
	"time"

	"github.com/quotasched/quotasched/internal/orderedlist"
	"github.com/quotasched/quotasched/protos/dispatch"
)

// An account is what a pool knows of an account's tasks. The empty one is that of tasks without
// one.
type account struct {
	id      string
	live    int64                       // tasks that have not ended
	tasks   int64                       // all
	waiting orderedlist.List[byEnqueue] // those that wait
}

// Before orders tasks by id, which is by submission.
func (t *task) Before(u *task) bool { return t.id < u.id }

// byTime says whether t comes before u, whose times are given.
func byTime(t, u *task, at, other time.Time) bool {
	if !at.Equal(other) {
		return at.Before(other)
	}
	return t.id < u.id
}

type (
	byEnqueue    struct{ *task }
	byChange     struct{ *task }
	byAssign     struct{ *task }
	byDisconnect struct{ *task }
)

// Before orders waiting tasks, the oldest first.
func (t byEnqueue) Before(u byEnqueue) bool {
	return byTime(t.task, u.task, t.enqueued, u.enqueued)
}

// Before orders tasks that ended, the oldest first.
func (t byChange) Before(u byChange) bool { return byTime(t.task, u.task, t.changed, u.changed) }

// Before orders tasks whose workers say nothing of them, the oldest first.
func (t byAssign) Before(u byAssign) bool {
	return byTime(t.task, u.task, t.lease.assigned, u.lease.assigned)
}

// Before orders tasks that go on without their workers being heard of, the oldest first.
func (t byDisconnect) Before(u byDisconnect) bool {
	return byTime(t.task, u.task, t.lease.silent, u.lease.silent)
}

// add adds a new task.
func (p *hosted) add(t *task) {
	p.tasks[t.id] = t
	p.byID.Insert(t)
	if t.key != nil {
		p.keys[t.key.key] = t
	}
	t.account.tasks++
	p.list(t)
}

// forget takes out a task.
func (p *hosted) forget(t *task) {
	p.unlist(t)
	delete(p.tasks, t.id)
	p.byID.Remove(t)
	if t.key != nil {
		delete(p.keys, t.key.key)
	}
	if t.account.tasks--; t.account.tasks == 0 {
		delete(p.accounts, t.account.id)
	}
}

// update changes a task within the lists. What else of it changes does so after an update in the
// same entry: so snapshots that are not written yet keep it as it was.
func (p *hosted) update(t *task, change func()) {
	for _, f := range p.frozen {
		f.keep(t)
	}
	p.unlist(t)
	change()
	p.list(t)
}

// list puts a task into the lists and counts that its state asks for.
func (p *hosted) list(t *task) {
	p.count(t, +1)
	switch {
	case t.state == waiting:
		t.account.waiting.Insert(byEnqueue{t})
	case t.hasEnded():
		p.ended.Insert(byChange{t})
	case t.unaccepted():
		p.unaccepted.Insert(byAssign{t})
	}
	if t.onWorker() && !t.lease.silent.IsZero() {
		p.disconnected.Insert(byDisconnect{t})
	}
}

// unlist takes it out of them.
func (p *hosted) unlist(t *task) {
	p.count(t, -1)
	switch {
	case t.state == waiting:
		t.account.waiting.Remove(byEnqueue{t})
	case t.hasEnded():
		p.ended.Remove(byChange{t})
	case t.unaccepted():
		p.unaccepted.Remove(byAssign{t})
	}
	if t.onWorker() && !t.lease.silent.IsZero() {
		p.disconnected.Remove(byDisconnect{t})
	}
}

func (p *hosted) count(t *task, n int64) {
	p.counts[t.state] += n
	p.payload += n * int64(t.payload)
	if !t.hasEnded() {
		t.account.live += n
	}
}

// accountOf returns what a pool knows of the tasks of an account.
func (p *hosted) accountOf(id string) *account {
	a := p.accounts[id]
	if a == nil {
		a = &account{id: id}
		p.accounts[id] = a
	}
	return a
}

// A change is what a task comes to.
type change struct {
	to      dispatch.Task_State
	message string
	result  *dispatch.Result // how the attempt ended, if it did by itself
}

// move brings a task to another state, with an event.
func (p *hosted) move(t *task, c change) {
	from := t.state
	p.update(t, func() { t.become(c, p.entry.at) })
	p.tell(t, from, c)
}

// become makes the change, within an update.
func (t *task) become(c change, at time.Time) {
	t.state, t.changed = c.to, at
	if c.message != "" {
		t.message = c.message
	}
}

// tell adds the event of a task's change.
func (p *hosted) tell(t *task, from dispatch.Task_State, c change) {
	m := p.memory.changes.next()
	m.change.Id, m.change.AccountId = t.id, t.account.id
	m.change.From, m.change.To = from, t.state
	m.change.Result, m.change.Message = c.result, c.message
	if t.onWorker() || isOnWorker(from) {
		m.change.LeaseId, m.change.Worker = t.lease.id, t.lease.worker
	}
	m.kind.Task, m.event.Kind = &m.change, &m.kind
	p.entry.emitAt(&m.position, p.name, &m.event)
}

// A changeMessage is the event of a task's change, in one piece of memory.
type changeMessage struct {
	event    dispatch.Event
	position dispatch.Position
	kind     dispatch.Event_Task
	change   dispatch.TaskChange
}

// end ends a task.
func (p *hosted) end(t *task, c change) {
	p.usage.ended(t.account.id, p.entry.at)
	from := t.state
	p.update(t, func() {
		if t.payload > 0 {
			t.spec, t.payload = withoutPayload(t.spec), 0
		}
		t.become(c, p.entry.at)
	})
	p.tell(t, from, c)
	p.limitEnded()
}

// limitEnded forgets the oldest tasks that have ended, if there are too many.
func (p *hosted) limitEnded() {
	for int64(p.ended.Len()) > p.limits.endedTasks {
		p.forget(p.ended.First().task)
	}
}
