package invariants

import (
	"slices"

	"github.com/quotasched/quotasched/protos"
)

// event follows one event, and then compares what it says of balance and cost with the ledger.
func (c *Checker) event(op *protos.Operation, ev *protos.TaskEvent) error {
	var err error
	switch ev.GetType() {
	case protos.TaskEvent_TYPE_ENQUEUED:
		err = c.enqueued(op, ev)
	case protos.TaskEvent_TYPE_UPDATED:
		err = c.updated(op, ev)
	case protos.TaskEvent_TYPE_ASSIGNED:
		err = c.assigned(op, ev)
	case protos.TaskEvent_TYPE_PREEMPTED:
		err = c.preempted(op, ev)
	case protos.TaskEvent_TYPE_REPRIORITIZED:
		err = c.reprioritized(op, ev)
	case protos.TaskEvent_TYPE_COMPLETED:
		err = c.completed(op, ev)
	case protos.TaskEvent_TYPE_UNASSIGNED, protos.TaskEvent_TYPE_REQUEUED:
		err = c.waitsAgain(op, ev)
	case protos.TaskEvent_TYPE_ADOPTED:
		err = c.adopted(op, ev)
	case protos.TaskEvent_TYPE_WORKER_EXPIRED:
		if r, busy := c.story.onWorker[ev.GetWorkerId()]; busy {
			err = broken(NothingDropped, "worker %q expired with %q", ev.GetWorkerId(), r)
		}
	case protos.TaskEvent_TYPE_IGNORED:
		return c.checkKnown(ev)
	case protos.TaskEvent_TYPE_CONFIGURED, protos.TaskEvent_TYPE_ACCOUNT_UPDATED,
		protos.TaskEvent_TYPE_ACCOUNT_SUSPENDED, protos.TaskEvent_TYPE_ACCOUNT_RESUMED,
		protos.TaskEvent_TYPE_WORKER_CORDONED, protos.TaskEvent_TYPE_WORKER_UNCORDONED,
		protos.TaskEvent_TYPE_WIPED:
		// That it is the event of this operation is checked with its order.
	default:
		err = broken(NothingDropped, "an event of type %v", ev.GetType())
	}
	return firstError(err, c.ledger.checkEvent(ev))
}

// checkKnown checks an event that changes nothing.
func (c *Checker) checkKnown(ev *protos.TaskEvent) error {
	id := ev.GetRequestId()
	switch ev.GetIgnored().GetReason() {
	case protos.TaskEvent_Ignored_REASON_PREEMPTED_SINCE:
		return nil
	case protos.TaskEvent_Ignored_REASON_EXPIRED:
		if expired, ok := c.duties.expired[id]; !ok ||
			!expired.Equal(ev.GetIgnored().GetKnownTime().AsTime()) {
			return broken(NothingDropped, "%q is ignored as expired: %v, enqueued at %v", id, ok,
				expired)
		}
		return nil
	}
	if c.story.tasks[id] != nil {
		return c.ledger.checkEvent(ev)
	}
	return nil
}

func (c *Checker) enqueued(op *protos.Operation, ev *protos.TaskEvent) error {
	if op.GetTaskWaiting().GetRequestId() != ev.GetRequestId() || ev.GetRequestId() == "" {
		return broken(NothingDropped, "%q was enqueued by %v", ev.GetRequestId(), op)
	}
	if t := c.story.tasks[ev.GetRequestId()]; t != nil {
		return broken(OnePlace, "%q was enqueued, and is known on %q", ev.GetRequestId(), t.worker)
	}
	enqueued := op.GetTaskWaiting().GetEnqueueTime().AsTime()
	if expired, ok := c.duties.expired[ev.GetRequestId()]; ok && !enqueued.After(expired) {
		return broken(NothingDropped, "%q expired, and is enqueued without another try",
			ev.GetRequestId())
	}
	t := &task{content: contentOf(ev)}
	t.enqueued = enqueued
	c.story.tasks[ev.GetRequestId()] = t
	return nil
}

func (c *Checker) updated(op *protos.Operation, ev *protos.TaskEvent) error {
	t, err := c.story.waiting(ev)
	if err != nil {
		return err
	}
	if op.GetTaskWaiting().GetRequestId() != ev.GetRequestId() {
		return broken(NothingDropped, "%q was updated by %v", ev.GetRequestId(), op)
	}
	t.content = contentOf(ev)
	t.enqueued = op.GetTaskWaiting().GetEnqueueTime().AsTime()
	return nil
}

func (c *Checker) assigned(op *protos.Operation, ev *protos.TaskEvent) error {
	t, err := c.story.waiting(ev)
	if err != nil {
		return err
	}
	if op.GetAssignTasks() == nil {
		return broken(NothingDropped, "%q was assigned by %v", ev.GetRequestId(), op)
	}
	if err := c.sameContent(t, ev); err != nil {
		return err
	}
	if err := c.story.put(ev.GetRequestId(), t, ev.GetWorkerId()); err != nil {
		return err
	}
	if err := c.orders.mayAssign(ev); err != nil {
		return err
	}
	d := ev.GetAssigned()
	t.stage = protos.Stage_STAGE_HELD
	t.level = d.GetPriority()
	t.paidSince = c.ledger.now
	t.cost = vector{}
	copy(t.cost[:], d.GetPreemptionCost())
	t.preemptionCost = t.cost
	c.ledger.count(t.account, t.level, 1)
	c.ledger.add(t.account, -1, t.cost)
	return firstError(c.checkTaker(ev, t), c.sameCost(ev, t.cost))
}

func (c *Checker) reprioritized(op *protos.Operation, ev *protos.TaskEvent) error {
	t, err := c.story.placed(ev)
	if err != nil {
		return err
	}
	d := ev.GetReprioritized()
	if op.GetAssignTasks() == nil || t.level != d.GetOldPriority() ||
		d.GetOldPriority() == d.GetNewPriority() {
		return broken(NothingDropped, "%q at level %d was moved by %v", ev.GetRequestId(),
			t.level, ev)
	}
	c.setLevel(t, d.GetNewPriority())
	return firstError(c.sameContent(t, ev), c.sameCost(ev, t.cost))
}

func (c *Checker) completed(op *protos.Operation, ev *protos.TaskEvent) error {
	id := ev.GetRequestId()
	if t := c.story.tasks[id]; t == nil || t.worker != ev.GetWorkerId() {
		return broken(NothingDropped, "%q completed on %q, but is not there", id,
			ev.GetWorkerId())
	}
	t := c.story.tasks[id]
	running := t.worker != "" && t.stage == protos.Stage_STAGE_RUNNING
	legal := false
	switch d := ev.GetCompleted(); d.GetReason() {
	case protos.TaskEvent_Completed_REASON_WORKER_IDLE:
		legal = op.GetAssignTasks() != nil && running
	case protos.TaskEvent_Completed_REASON_INCONSISTENT_TASK_FOR_WORKER:
		legal = op.GetTaskRunning().GetWorkerId() == t.worker && running &&
			op.GetTaskRunning().GetRequestId() == d.GetOtherRequestId()
	case protos.TaskEvent_Completed_REASON_WAITING_TASK_ABSENT:
		legal = op.GetTaskAbsent().GetRequestId() == id && t.worker == ""
	case protos.TaskEvent_Completed_REASON_RUNNING_TASK_ABSENT:
		legal = op.GetTaskAbsent().GetRequestId() == id && t.worker != ""
	case protos.TaskEvent_Completed_REASON_EXPIRED:
		legal = op.GetAssignTasks() != nil && t.worker == ""
		c.duties.expired[id] = t.enqueued
	case protos.TaskEvent_Completed_REASON_WORKER_GONE:
		legal = op.GetWorkerGone().GetWorkerId() == t.worker && running
	case protos.TaskEvent_Completed_REASON_WIPED:
		legal = op.GetWipe() != nil
	}
	if !legal {
		return broken(NothingDropped, "%q (%+v) completed by %v: %v", id, *t, op, ev)
	}
	err := c.sameContent(t, ev)
	if t.worker != "" {
		err = firstError(err, c.sameCost(ev, c.ledger.costOf(t)))
		wiped := op.GetWipe() != nil // then nobody pays, or gets anything back
		if t.stage != protos.Stage_STAGE_HELD && !wiped {
			c.ledger.endByNews(t.account, t.level, ev.GetTime().AsTime())
		}
		c.endRun(t, t.stage == protos.Stage_STAGE_HELD && !wiped)
	}
	c.story.remove(id)
	return err
}

// waitsAgain follows an assignment that was taken back by its age, its labels, an error or news.
func (c *Checker) waitsAgain(op *protos.Operation, ev *protos.TaskEvent) error {
	t, err := c.story.placed(ev)
	if err != nil {
		return err
	}
	cost := c.ledger.costOf(t)
	refund := t.stage == protos.Stage_STAGE_HELD
	if ev.GetType() == protos.TaskEvent_TYPE_UNASSIGNED {
		refund = t.stage != protos.Stage_STAGE_RUNNING
	} else if op.GetCordonWorker() != nil && t.stage != protos.Stage_STAGE_HELD {
		return broken(NothingDropped, "%q was handed to %q, and taken back by a cordon",
			ev.GetRequestId(), ev.GetWorkerId())
	} else if t.stage == protos.Stage_STAGE_RUNNING &&
		op.GetTaskWaiting().GetRequestId() != ev.GetRequestId() {
		return broken(NothingDropped, "%q runs, and was made to wait by %v", ev.GetRequestId(), op)
	}
	if w := op.GetTaskWaiting(); w != nil {
		c.expect(op)
	}
	if !refund && ev.GetType() == protos.TaskEvent_TYPE_REQUEUED {
		c.ledger.endByNews(t.account, t.level, ev.GetTime().AsTime())
	}
	c.endRun(t, refund)
	return firstError(c.waitAgain(t, ev), c.sameCost(ev, cost))
}

func (c *Checker) adopted(op *protos.Operation, ev *protos.TaskEvent) error {
	id, other := ev.GetRequestId(), ev.GetAdopted().GetOtherWorkerId()
	t := c.story.tasks[id]
	if t == nil || t.worker != other || op.GetTaskRunning().GetRequestId() != id ||
		op.GetTaskRunning().GetWorkerId() != ev.GetWorkerId() {
		return broken(OnePlace, "%q was adopted from %q by %v; it is %+v", id, other, op, t)
	}
	if other == "" {
		t.cost, t.preemptionCost = vector{}, vector{}
		t.paidSince = c.ledger.now
		t.level = ev.GetAdopted().GetPriority()
		c.ledger.count(t.account, t.level, 1)
	}
	if t.level != ev.GetAdopted().GetPriority() {
		return broken(Conserved, "%q was adopted at level %d instead of %d", id,
			ev.GetAdopted().GetPriority(), t.level)
	}
	if other == "" {
		t.stage = protos.Stage_STAGE_HELD
	}
	c.comeTo(t, protos.Stage_STAGE_RUNNING)
	return firstError(c.story.put(id, t, ev.GetWorkerId()), c.sameContent(t, ev),
		c.sameCost(ev, c.ledger.costOf(t)))
}

// endRun takes a task out of the ledger, giving back what it paid by itself if it is to.
func (c *Checker) endRun(t *task, refund bool) {
	if refund {
		c.ledger.add(t.account, 1, c.ledger.ownPayment(t))
	}
	c.ledger.count(t.account, t.level, -1)
}

// waitAgain makes a task wait whose run has ended, with what was said of it since.
func (c *Checker) waitAgain(t *task, ev *protos.TaskEvent) error {
	c.story.lift(t)
	if t.next != nil {
		t.content, t.next = *t.next, nil
	}
	return c.sameContent(t, ev)
}

// sameContent compares what an event says of a request with what is known of it.
func (c *Checker) sameContent(t *task, ev *protos.TaskEvent) error {
	got := contentOf(ev)
	if got.account != t.account || !slices.Equal(got.base, t.base) ||
		!slices.Equal(got.provisionable, t.provisionable) {
		return broken(NothingDropped, "%v says that %q is %v; it is %v", ev.GetType(),
			ev.GetRequestId(), got, t.content)
	}
	return nil
}

// sameCost compares the cost that an event tells with the ledger's.
func (c *Checker) sameCost(ev *protos.TaskEvent, want vector) error {
	if !slices.Equal(ev.GetCost(), want[:]) {
		return broken(Conserved, "%v of %q tells a cost of %v; it is %v", ev.GetType(),
			ev.GetRequestId(), ev.GetCost(), want)
	}
	return nil
}

// sorted returns labels as a set.
func sorted(labels []string) []string {
	return slices.Compact(slices.Sorted(slices.Values(labels)))
}
