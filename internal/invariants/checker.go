package invariants

import (
	"errors"

	"github.com/quotasched/quotasched/protos"
)

// Step is one operation of a pool and its outcome.
type Step struct {
	// Operation is what was applied.
	Operation *protos.Operation
	// Events are all its events, in order.
	Events []*protos.TaskEvent
	// Result is its answer; nil if it was refused with an error, and has changed nothing.
	Result *protos.Result
}

// Checker follows a pool: see the package's comment. It does not keep what it is given.
type Checker struct {
	begun  bool
	story  *story
	ledger *ledger
	duties *duties
	orders *orders
	// pull is the latest step if that was a pull, to be held against the next snapshot.
	pull *passed
}

// NewChecker returns a checker that waits for its first snapshot.
func NewChecker() *Checker {
	return &Checker{story: newStory(), ledger: newLedger(), duties: newDuties(),
		orders: newOrders()}
}

// errNotBegun says that the checker does not know where to begin.
var errNotBegun = errors.New("invariants: a checker begins with a snapshot")

// Snapshot compares a snapshot with all that was told before it. The first one is where the
// checker begins.
func (c *Checker) Snapshot(pool *protos.Pool) error {
	p, err := newPicture(pool.GetScheduler())
	if err != nil {
		return err
	}
	if !c.begun {
		c.begun = true
		c.story.read(p)
		c.ledger.read(p)
		c.duties.read(pool.GetReconciler())
		c.orders.read(p)
		return nil
	}
	err = firstError(c.story.compare(p), c.ledger.compare(p, c.story),
		c.duties.compare(pool.GetReconciler(), p, c.story), c.orders.compare(p))
	if err != nil || c.pull == nil {
		return err
	}
	return c.pull.check(p)
}

// Step takes one operation and its outcome.
func (c *Checker) Step(s Step) error {
	if !c.begun {
		return errNotBegun
	}
	c.pull = nil
	if s.Result == nil {
		if len(s.Events) > 0 {
			return broken(NothingDropped, "an operation that was refused has events: %v",
				s.Events[0])
		}
		return nil
	}
	op := s.Operation
	c.accounts(op)
	if err := c.orders.follow(s, c.ledger); err != nil {
		return err
	}
	if op.GetAssignTasks() != nil {
		c.pull = &passed{}
	}
	moved := false
	for _, ev := range s.Events {
		if op.GetAssignTasks() != nil && !moved &&
			ev.GetType() != protos.TaskEvent_TYPE_UNASSIGNED {
			// What is taken back for its age or an error comes before the pool moves on.
			c.ledger.move(op.GetTime().AsTime())
			moved = true
		}
		if err := c.event(op, ev); err != nil {
			return err
		}
	}
	if op.GetAssignTasks() != nil && !moved {
		c.ledger.move(op.GetTime().AsTime())
	}
	return firstError(c.after(s), c.answer(s))
}

// accounts follows the operations on accounts.
func (c *Checker) accounts(op *protos.Operation) {
	switch {
	case op.GetAddAccount() != nil:
		a := op.GetAddAccount()
		c.ledger.setAccount(a.GetAccountId(), a.GetConfig(), a.GetBalance())
	case op.GetResetBalance() != nil:
		c.ledger.accounts[op.GetResetBalance().GetAccountId()].reset()
	case op.GetWipe() != nil:
		for _, a := range c.ledger.inOrder {
			a.reset()
		}
	case op.GetDeleteAccount() != nil:
		id := op.GetDeleteAccount().GetAccountId()
		c.ledger.dropAccount(id)
		delete(c.orders.suspended, id)
		for _, t := range c.story.tasks {
			if t.worker != "" && t.account == id {
				c.setLevel(t, free)
				t.cost, t.preemptionCost = vector{}, vector{}
			}
		}
	}
}

// after checks that an operation was not passed over in silence.
func (c *Checker) after(s Step) error {
	ignored := len(s.Events) > 0 && s.Events[0].GetType() == protos.TaskEvent_TYPE_IGNORED
	op := s.Operation
	t := op.GetTime().AsTime()
	switch {
	case op.GetTaskWaiting() != nil:
		id := op.GetTaskWaiting().GetRequestId()
		if ignored {
			return nil
		}
		known := c.story.tasks[id]
		if known == nil {
			return broken(NothingDropped, "%q was reported waiting and is not known", id)
		}
		known.lost = max(known.lost, c.duties.lost(id),
			op.GetTaskWaiting().GetLostWork().AsDuration().Milliseconds())
		c.duties.endAborts(id)
		delete(c.duties.expired, id)
		c.expect(op)
	case op.GetTaskAbsent() != nil:
		id := op.GetTaskAbsent().GetRequestId()
		c.duties.absent(id, t, c.story.tasks[id] != nil)
		if !ignored && c.story.tasks[id] != nil {
			return broken(NothingDropped, "%q was reported absent and is still known", id)
		}
	case op.GetTaskRunning() != nil:
		id, w := op.GetTaskRunning().GetRequestId(), op.GetTaskRunning().GetWorkerId()
		if at := c.story.tasks[id]; !ignored && at != nil {
			if at.worker != w {
				return broken(NothingDropped, "%q was reported running on %q and is on %q", id,
					w, at.worker)
			}
			c.comeTo(at, protos.Stage_STAGE_RUNNING)
			if saved := op.GetTaskRunning().GetSavedTime(); saved != nil {
				c.save(at, saved.AsTime().UnixMilli())
			}
		}
	case op.GetAddTaskError() != nil:
		c.duties.errors[op.GetAddTaskError().GetRequestId()] = true
	case op.GetWorkerGone() != nil:
		w := op.GetWorkerGone().GetWorkerId()
		if on, busy := c.story.onWorker[w]; busy && !ignored {
			return broken(NothingDropped, "%q was reported gone, and %q is on it", w, on)
		}
		if !ignored {
			c.duties.workerGone(w, t)
		}
	case op.GetWipe() != nil:
		for id := range c.story.tasks {
			return broken(NothingDropped, "the pool was wiped, and %q is still known", id)
		}
		c.duties = newDuties()
	}
	return nil
}

// expect notes what a request that is on a worker asks for if it waits again.
func (c *Checker) expect(op *protos.Operation) {
	w := op.GetTaskWaiting()
	if t := c.story.tasks[w.GetRequestId()]; t.worker != "" {
		t.next = &content{account: w.GetAccountId(), base: sorted(w.GetBaseLabels()),
			provisionable: sorted(w.GetProvisionableLabels()),
			enqueued:      w.GetEnqueueTime().AsTime()}
	}
}

// answer checks what an operation returned.
func (c *Checker) answer(s Step) error {
	var pulled map[string]bool
	if len(s.Result.GetAssignments()) > 0 { // most pulls are answered with nothing
		pulled = map[string]bool{}
		for _, w := range s.Operation.GetAssignTasks().GetWorkers() {
			pulled[w.GetWorkerId()] = true
		}
	}
	for _, a := range s.Result.GetAssignments() {
		t := c.story.tasks[a.GetRequestId()]
		if t == nil || t.worker != a.GetWorkerId() {
			return broken(OnePlace, "%q was handed %q, which is not on it", a.GetWorkerId(),
				a.GetRequestId())
		}
		if !pulled[a.GetWorkerId()] {
			return broken(OnePlace, "%q was handed %q, and did not pull or had a task already",
				a.GetWorkerId(), a.GetRequestId())
		}
		delete(pulled, a.GetWorkerId())
		if t.stage == protos.Stage_STAGE_HELD {
			c.comeTo(t, protos.Stage_STAGE_HANDED_OUT)
		}
	}
	if s.Operation.GetGetCancellations() != nil {
		return c.duties.checkAnswer(s.Result.GetCancellations(), c.story)
	}
	return nil
}

// comeTo notes that a task is handed out or running, and since when it is not held any more.
func (c *Checker) comeTo(t *task, stage protos.Stage) {
	if t.stage == protos.Stage_STAGE_HELD {
		t.handedOut = c.ledger.now
	}
	t.stage = stage
}

// save notes that a task's work is saved up to a time, and thereby paid for.
func (c *Checker) save(t *task, until int64) {
	until = min(until, c.ledger.now)
	if until <= max(t.handedOut, t.saved) {
		return
	}
	t.saved = until
	t.paidSince = max(t.paidSince, until)
	t.cost, t.preemptionCost = vector{}, vector{}
}

// setLevel settles the cost of a task and moves it to another level.
func (c *Checker) setLevel(t *task, level int32) {
	t.cost = c.ledger.costOf(t)
	t.paidSince = c.ledger.now
	c.ledger.count(t.account, t.level, -1)
	c.ledger.count(t.account, level, 1)
	t.level = level
}
