package invariants

import (
	"cmp"
	"time"

	"github.com/quotasched/quotasched/protos"
)

// preempted follows a run that loses its worker: its account gets the refund alone, and what it
// did and did not save is lost.
func (c *Checker) preempted(op *protos.Operation, ev *protos.TaskEvent) error {
	t, err := c.story.placed(ev)
	if err != nil {
		return err
	}
	w, d := ev.GetWorkerId(), ev.GetPreempted()
	if op.GetAssignTasks() == nil || c.pull.vacated[w] != nil || t.level != d.GetOldPriority() ||
		c.orders.cordoned[w] != nil {
		return broken(NothingDropped, "%q was preempted on %q by %v, after %v", ev.GetRequestId(),
			w, op, c.pull.vacated[w])
	}
	cost := c.ledger.costOf(t)
	if err := firstError(c.checkRefund(t, cost, d), c.checkLoss(t, ev)); err != nil {
		return err
	}
	c.ledger.count(t.account, t.level, -1)
	c.ledger.add(t.account, 1, amountAt(t.level, d.GetRefund()))
	c.pull.note(w, t.account, &vacated{request: ev.GetRequestId(), by: d.GetByRequestId(),
		level: d.GetNewPriority(), refund: d.GetRefund()})
	if t.stage == protos.Stage_STAGE_HELD {
		err = c.waitAgain(t, ev)
	} else {
		err = c.sameContent(t, ev)
		c.story.remove(ev.GetRequestId())
		c.duties.abort(w, ev.GetRequestId(), abort{op.GetTime().AsTime(),
			d.GetLostWork().AsDuration().Milliseconds()})
	}
	return firstError(err, c.sameCost(ev, cost))
}

// checkRefund checks that a run's account gets back no more than its price, at a worse level than
// the taker's.
func (c *Checker) checkRefund(t *task, cost vector, d *protos.TaskEvent_Preempted) error {
	price := int64(0)
	if t.level < free {
		price = cost[t.level]
	}
	if d.GetRefund() < 0 || d.GetRefund() > price || d.GetOldPriority() <= d.GetNewPriority() {
		return broken(NotLaundered, "a run at %d that paid %v there got %d back from one at %d",
			t.level, price, d.GetRefund(), d.GetNewPriority())
	}
	return nil
}

// checkLoss checks what a preemption is told to destroy, and that it may: that the request has lost
// no more than the limit then, or that its worker was owed.
func (c *Checker) checkLoss(t *task, ev *protos.TaskEvent) error {
	d := ev.GetPreempted()
	unsaved := int64(0)
	if t.stage != protos.Stage_STAGE_HELD {
		unsaved = c.ledger.now - max(t.handedOut, t.saved)
	}
	lost := t.lost + unsaved
	if d.GetUnsavedWork().AsDuration().Milliseconds() != unsaved ||
		d.GetLostWork().AsDuration().Milliseconds() != lost {
		return broken(BoundedLoss, "%q loses %d ms, %d in all, and is told to lose %v, %v",
			ev.GetRequestId(), unsaved, lost, d.GetUnsavedWork(), d.GetLostWork())
	}
	limit := c.orders.maxLostWork(d.GetNewPriority())
	if a := c.ledger.accounts[t.account]; a != nil && a.safeAfter != 0 {
		limit = a.safeAfter
	}
	if t.stage == protos.Stage_STAGE_HELD || limit < 0 || lost <= limit.Milliseconds() ||
		c.isOwed(t, d) {
		return nil
	}
	return broken(BoundedLoss, "%q loses %d ms to %q, more than %v, and nothing is owed",
		ev.GetRequestId(), lost, d.GetByRequestId(), limit)
}

// isOwed says whether a free run's worker is owed to the taker, as far as its account goes: that it
// is the oldest request that may run there is the scheduler's to know.
func (c *Checker) isOwed(t *task, d *protos.TaskEvent_Preempted) bool {
	taker, a := c.story.tasks[d.GetByRequestId()], c.ledger.accounts[d.GetByAccountId()]
	after := cmp.Or(c.orders.config.GetOwedAfter().AsDuration(), 10*time.Minute)
	if t.level != free || taker == nil || a == nil || after < 0 {
		return false
	}
	p := d.GetNewPriority()
	return a.balance[p] >= a.cap[p] && 1000*a.runs[p] < a.rate[p] &&
		!c.ledger.newest.Before(taker.enqueued.Add(after))
}

// checkTaker checks that an assignment preempts the run that its worker lost, and pays what that
// run's account got back, at its level.
func (c *Checker) checkTaker(ev *protos.TaskEvent, t *task) error {
	d, v := ev.GetAssigned(), c.pull.vacated[ev.GetWorkerId()]
	if v == nil {
		v = &vacated{level: d.GetPriority(), by: ev.GetRequestId()}
	}
	if d.GetPreempting() != (v.request != "") || d.GetPreemptedRequestId() != v.request ||
		v.by != ev.GetRequestId() || v.level != d.GetPriority() {
		return broken(NothingDropped, "%q at %d preempts %q on %q, which %q lost to %q at %d",
			ev.GetRequestId(), d.GetPriority(), d.GetPreemptedRequestId(), ev.GetWorkerId(),
			v.request, v.by, v.level)
	}
	if want := amountAt(v.level, v.refund); t.cost != want {
		return broken(Conserved, "%q paid %v for %q, should be %v", ev.GetRequestId(), t.cost,
			ev.GetWorkerId(), want)
	}
	return nil
}

// amountAt is an amount at one level; there is none in the free bucket.
func amountAt(level int32, amount int64) (v vector) {
	if level < free {
		v[level] = amount
	}
	return v
}
