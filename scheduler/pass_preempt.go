package scheduler

import (
	"github.com/quotasched/quotasched/internal/minheap"
	"github.com/quotasched/quotasched/internal/touches"
)

// A preemption is one preemption step. It looks only at worker classes that some waiting lane can
// use: each is a target, with the lanes that can, and the cheapest of its runs that was not offered
// yet.
type preemption struct {
	*pass
	now          int64
	queue        minheap.Heap[*workerClass] // the targets, by their next run
	unaffordable []*workerClass             // targets that nobody can pay at the moment
}

// A victim is a task that has just lost its worker.
type victim struct {
	request RequestID
	abort   RequestID // the request, if it may have started
	cost    Balance
}

// preempt is step 4: each run at a worse level, cheapest first, is offered to the waiting requests
// of this level in order.
func (p *pass) preempt() {
	if p.s.config.DisablePreemption || p.ended {
		return
	}
	st := &preemption{pass: p, now: p.s.now.millis()}
	accounts := st.accounts()
	st.findTargets(accounts)
	for st.queue.Len() > 0 && !p.ended {
		st.offer(st.queue.Top())
	}
	st.noteExhausted(accounts)
}

// accounts returns the accounts that may preempt at this level: those that are not barred.
func (st *preemption) accounts() []*account {
	var accounts []*account
	for _, a := range st.takers {
		if a.isBarred(st.level) || !st.mayStart(a) || st.isExhausted(a) {
			continue
		}
		st.state(a).retryLater = false
		accounts = append(accounts, a)
	}
	return accounts
}

// offer offers the next run of a target, which is the cheapest of all, to its lanes.
func (st *preemption) offer(class *workerClass) {
	touches.Run()
	st.observer.looks(len(class.target.lanes))
	switch l, noDearer := st.taker(class); {
	case l != nil:
		r, key := class.target.next, class.target.key
		refunded := r.account()
		st.takeWorker(l, r)
		st.advance(class)
		st.wake(refunded, key)
	case noDearer:
		st.setAside(class)
	default:
		st.advance(class)
	}
}

// taker returns the lane whose head takes the next run of a target: the first one in order that
// may. If there is none, noDearer says that no dearer run would find one either, unless an account
// gets a refund first.
func (st *preemption) taker(class *workerClass) (best *lane, noDearer bool) {
	t := &class.target
	owner := t.next.account()
	noDearer = true
	for i := 0; i < len(t.lanes); i++ {
		touches.Lane()
		l := t.lanes[i]
		a := l.account
		if l.head == nil || st.isLimited(l) {
			st.retryLater(a)
			last := len(t.lanes) - 1
			t.lanes[i] = t.lanes[last]
			t.lanes = t.lanes[:last]
			i--
			continue
		}
		switch {
		case a == owner:
			noDearer = false
		case !st.mayStart(a):
			st.retryLater(a)
		case !st.canPay(a, &t.key.cost):
			st.retryLater(a)
			noDearer = noDearer && st.paysInOrder(a)
		case !st.admits(a, class):
			st.retryLater(a)
			noDearer = false
		case best == nil || l.head.Before(best.head):
			best = l
		}
	}
	return best, noDearer
}

// takeWorker gives the run's worker to the lane's head. The run's account gets back all that the
// run has cost, and the head's account pays it.
func (st *preemption) takeWorker(l *lane, r *run) {
	s, w, owner := st.s, r.worker, r.account()
	v := &victim{request: r.req.id, cost: r.costAt(st.now)}
	if r.stage != Held {
		v.abort = r.req.id
	}
	st.noteFanout(r)
	s.delist(r)
	s.credit(owner, v.cost)
	if r.stage == Held {
		st.waitAgain(r)
	}
	if st.sink != nil {
		st.sink.AddEvent(s.preemptedEvent(r, v, l, st.level))
	}
	if r.stage != Held {
		s.leave(r.req)
	}
	s.debit(l.account, v.cost)
	st.start(l, l.head, w, v)
}
