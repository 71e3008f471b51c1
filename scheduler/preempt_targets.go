package scheduler

import "github.com/quotasched/quotasched/internal/touches"

// A target is a kind of worker within one preemption step.
type target struct {
	step  step
	lanes []*lane
	next  *run // the next run to offer, with its place in the order
	key   costKey
}

// A step names one preemption step: a pass at one level.
type step struct {
	pass  uint64
	level Priority
}

// Before orders the targets of a preemption step by their next runs.
func (k *kind) Before(j *kind) bool { return k.target.key.Before(&j.target.key) }

// findTargets makes targets of the kinds that the accounts' lanes can use.
func (st *preemption) findTargets(accounts []*account) {
	for _, a := range accounts {
		st.addTargets(a)
	}
	st.queue.Init()
}

// addTargets makes targets of the kinds that an account's lanes can use. Lanes that took part at a
// better level do not take part here, but may another time.
func (st *preemption) addTargets(a *account) {
	if st.state(a).settled {
		st.retryLater(a)
	} else {
		for _, l := range st.lanesToOffer(a) {
			touches.Lane()
			if l.inAccount >= 0 {
				st.addLane(l)
			}
		}
	}
	for _, l := range st.came {
		if l.account != a {
			continue
		}
		st.retryLater(a)
		if !l.settled {
			st.addLane(l)
		}
	}
}

// addLane adds a lane to the targets that it can use.
func (st *preemption) addLane(l *lane) {
	if l.head == nil {
		return
	}
	n := l.need
	st.observer.looks(1 + len(n.kinds))
	if st.isLimited(l) {
		st.retryLater(l.account)
		return
	}
	if !n.wide {
		for _, k := range n.kinds {
			if k.bestBelow(st.level) < numLevels {
				st.addTarget(k, l)
			}
		}
		return
	}
	for q := st.level + 1; q < numLevels; q++ {
		st.s.index.eachKind(n, &st.s.index.runSlots[q], func(k *kind) bool {
			if k.bestBelow(st.level) == q { // or it was met at a better level
				st.addTarget(k, l)
			}
			return true
		})
	}
}

// addTarget makes a target of a kind, if it is none yet, and adds a lane that can use it.
func (st *preemption) addTarget(k *kind, l *lane) {
	touches.Class()
	t := &k.target
	if this := (step{st.id, st.level}); t.step != this {
		*t = target{step: this, lanes: t.lanes[:0]}
		st.seek(k, nil)
		st.queue.Append(k)
	}
	t.lanes = append(t.lanes, l)
}

// seek finds a kind's cheapest run at a worse level, after the given place if there is one. It
// reports whether there is any.
func (st *preemption) seek(k *kind, after *costKey) bool {
	t := &k.target
	t.next = nil
	for q := st.level + 1; q < numLevels; q++ {
		runs := &k.runs[q]
		if runs.Len() == 0 {
			continue
		}
		r := runs.First()
		if after != nil {
			var ok bool
			r, ok = runs.Search(func(r *run) bool {
				key := r.keyAt(st.now)
				return after.Before(&key)
			})
			if !ok {
				continue
			}
		}
		if key := r.keyAt(st.now); t.next == nil || key.Before(&t.key) {
			t.next, t.key = r, key
		}
	}
	return t.next != nil
}

// advance goes on to the next run of the first target in the queue, which goes with its last one.
func (st *preemption) advance(k *kind) {
	offered := k.target.key
	if st.seek(k, &offered) {
		st.queue.FixTop()
	} else {
		st.queue.Pop()
	}
}

// setAside takes the first target, which nobody can pay, out of the queue.
func (st *preemption) setAside(k *kind) {
	st.queue.Pop()
	st.unaffordable = append(st.unaffordable, k)
}

// wake brings back the targets that an account may pay after a refund, from the run after the one
// that was offered last.
func (st *preemption) wake(refunded *account, offered costKey) {
	rest := st.unaffordable[:0]
	for _, k := range st.unaffordable {
		if k.wantedBy(refunded) && st.seek(k, &offered) {
			st.queue.Push(k)
		} else {
			rest = append(rest, k)
		}
	}
	st.unaffordable = rest
}

func (k *kind) wantedBy(a *account) bool {
	for _, l := range k.target.lanes {
		if l.account == a {
			return true
		}
	}
	return false
}
