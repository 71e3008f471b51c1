package scheduler

import (
	"github.com/quotasched/quotasched/internal/minheap"
	"github.com/quotasched/quotasched/internal/touches"
)

// A preemption is one preemption step. It looks only at worker classes that some waiting lane can
// use: each is a target, with the accounts that want it, and the cheapest of its runs that was not
// offered yet.
type preemption struct {
	*pass
	now   int64
	queue minheap.Heap[*workerClass] // the targets, by their next run
	full  []*workerClass             // targets that label limits keep some account from
	able  int                        // the accounts that may still start a run

	offered []*lane // memory of lanesToOffer
}

// A victim is a task that has just lost its worker.
type victim struct {
	request RequestID
	abort   RequestID // the request, if it may have started
	cost    Balance   // what the task had cost
	payment Quota     // what the taker pays for it, and its own account gets
	unsaved int64     // the work that it loses, in milliseconds
	lost    int64     // what its request has lost in all
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
	st.able = len(accounts)
	for st.queue.Len() > 0 && !st.isOver() {
		st.offer(st.queue.Top())
	}
	for _, a := range accounts {
		if st.queue.Len() > 0 && !a.mayStart(st.level, st.s.burstCover) {
			st.retryLater(a) // it might have taken what is left
		}
	}
	st.noteAttempts(accounts)
}

// isOver reports whether no account can take any more. In a trial the step goes on to its end, so
// that the observer is told of all that it looks at.
func (st *preemption) isOver() bool { return st.ended || st.able == 0 && st.observer == nil }

// accounts returns the accounts that may preempt at this level, and may find something.
func (st *preemption) accounts() []*account {
	var accounts []*account
	for _, a := range st.takers {
		if !st.mayStart(a) {
			continue
		}
		owed := st.mayBeOwed(a)
		if st.isExhausted(a, owed) {
			st.noteExhausted(a, owed)
			continue
		}
		st.attempted = true
		state := st.state(a)
		state.retryLater, state.owed = false, owed
		accounts = append(accounts, a)
	}
	return accounts
}

// offer offers the next run of a target, which is the cheapest of all, to those who want it.
func (st *preemption) offer(class *workerClass) {
	touches.Run()
	t := &class.target
	st.observer.looks(1 + t.wanted.Len())
	l := st.taker(class)
	if l == nil {
		if t.wanted.Len() == 0 {
			st.drop() // nobody is left who could take a dearer run
		} else {
			st.advance(class)
		}
		return
	}
	r := t.next
	loser, key := r.account(), t.key
	st.takeWorker(l, r)
	if !l.account.mayStart(st.level, st.s.burstCover) {
		st.able--
	}
	st.advance(class)
	st.admitAgain(loser, key)
}

// taker returns the lane whose head takes the next run of a target: the first one in order that
// may; nil if there is none. Accounts that can take nothing there any more are dropped.
func (st *preemption) taker(class *workerClass) (best *lane) {
	t := &class.target
	owner := t.next.account()
	skipped := t.skipped[:0]
	for best == nil && t.wanted.Len() > 0 {
		touches.Lane()
		top := t.wanted.Top()
		l := st.firstLane(top.by)
		switch a := top.by.account; {
		case l == nil:
			t.wanted.Pop()
		case l.head != top.head:
			t.wanted.ReplaceTop(claim{l.head, top.by})
		case !st.mayStart(a): // which does not change in this step
			st.retryLater(a)
			t.wanted.Pop()
		case !st.admits(a, class): // until there is room, which the account counts
			t.keptOut = append(t.keptOut, t.wanted.Pop())
			st.noteFull(class)
		case a == owner || !st.mayTake(l, t.next):
			skipped = append(skipped, t.wanted.Pop())
		default:
			best = l
		}
	}
	for _, c := range skipped {
		t.wanted.Push(c)
	}
	clear(skipped)
	t.skipped = skipped[:0]
	return best
}

// mayTake reports whether nothing keeps a lane's head from taking the worker of a run, whose
// account is another one: it outranks the run and nothing protects that, or the worker is owed to
// it.
func (st *preemption) mayTake(l *lane, r *run) bool {
	if !st.s.protects(r, st.level) {
		if st.outranks(l.account, r) {
			return true
		}
		st.noteDearer(l.account, r)
	}
	return r.level == FreeBucket && st.state(l.account).owed && st.waitedLong(l.since) &&
		st.isStillOwed(l.account)
}

// takeWorker gives the run's worker to the lane's head. The head's account pays the run's price at
// this level, but keeps more than it needs; the run's account gets just that back at the run's
// level.
func (st *preemption) takeWorker(l *lane, r *run) {
	s, w, owner := st.s, r.worker, r.account()
	v := &victim{request: r.req.id, cost: r.costAt(st.now), payment: st.payment(l.account, r),
		unsaved: r.unsavedAt(st.now)}
	if r.stage != Held {
		v.abort = r.req.id
	}
	st.noteFanout(r)
	s.delist(r)
	s.addLoss(r.req, v.unsaved)
	v.lost = r.req.lost()
	s.credit(owner, amountAt(r.level, v.payment))
	if r.stage == Held {
		st.waitAgain(r)
	}
	if st.sink != nil {
		st.sink.AddEvent(s.preemptedEvent(r, v, l, st.level))
	}
	if r.stage != Held {
		s.leave(r.req)
	}
	s.debit(l.account, amountAt(st.level, v.payment))
	st.start(l, l.head, w, v)
}

// addLoss adds to what a request, which is on no worker, has lost.
func (s *Scheduler) addLoss(r *request, unsaved int64) {
	s.undo.addLoss(r)
	r.setLost(min(r.lost()+unsaved, maxLoss))
}

// amountAt is an amount at one level; what is paid for free runs is nothing.
func amountAt(p Priority, q Quota) (b Balance) {
	if p < FreeBucket {
		b[p] = q
	}
	return b
}
