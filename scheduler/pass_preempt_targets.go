package scheduler

import "github.com/quotasched/quotasched/internal/touches"

// A target is a worker class within one preemption step.
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
func (class *workerClass) Before(other *workerClass) bool {
	return class.target.key.Before(&other.target.key)
}

// findTargets makes targets of the classes that the accounts' lanes can use.
func (st *preemption) findTargets(accounts []*account) {
	for _, a := range accounts {
		st.addTargets(a)
	}
	st.queue.Init()
}

// addTargets makes targets of the classes that an account's lanes can use. Lanes that took part at
// a better level do not take part here, but may another time.
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
	for _, l := range st.requeuedLanes {
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
	demand := l.demand
	st.observer.looks(1 + len(demand.classes))
	if st.isLimited(l) {
		st.retryLater(l.account)
		return
	}
	if !demand.counted {
		for _, class := range demand.classes {
			if class.bestBelow(st.level) < numLevels {
				st.addTarget(class, l)
			}
		}
		return
	}
	for q := st.level + 1; q < numLevels; q++ {
		st.s.index.eachClass(demand, &st.s.index.runSlots[q], func(class *workerClass) bool {
			if class.bestBelow(st.level) == q { // or it was met at a better level
				st.addTarget(class, l)
			}
			return true
		})
	}
}

// addTarget makes a target of a class, if it is none yet, and adds a lane that can use it.
func (st *preemption) addTarget(class *workerClass, l *lane) {
	touches.Class()
	t := &class.target
	if this := (step{st.id, st.level}); t.step != this {
		*t = target{step: this, lanes: t.lanes[:0]}
		st.seek(class, nil)
		st.queue.Append(class)
	}
	t.lanes = append(t.lanes, l)
}

// seek finds a class's cheapest run at a worse level, after the given place if there is one. It
// reports whether there is any.
func (st *preemption) seek(class *workerClass, after *costKey) bool {
	t := &class.target
	t.next = nil
	for q := st.level + 1; q < numLevels; q++ {
		runs := &class.runs[q]
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
func (st *preemption) advance(class *workerClass) {
	offered := class.target.key
	if st.seek(class, &offered) {
		st.queue.FixTop()
	} else {
		st.queue.Pop()
	}
}

// setAside takes the first target, which nobody can pay, out of the queue.
func (st *preemption) setAside(class *workerClass) {
	st.queue.Pop()
	st.unaffordable = append(st.unaffordable, class)
}

// wake brings back the targets that an account may pay after a refund, from the run after the one
// that was offered last.
func (st *preemption) wake(refunded *account, offered costKey) {
	rest := st.unaffordable[:0]
	for _, class := range st.unaffordable {
		if class.wantedBy(refunded) && st.seek(class, &offered) {
			st.queue.Push(class)
		} else {
			rest = append(rest, class)
		}
	}
	st.unaffordable = rest
}

func (class *workerClass) wantedBy(a *account) bool {
	for _, l := range class.target.lanes {
		if l.account == a {
			return true
		}
	}
	return false
}
