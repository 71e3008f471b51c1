package state

import (
	"bytes"
	"fmt"
	"io"
	"slices"

	"github.com/quotasched/quotasched/scheduler"
)

// checkInvariants returns what is wrong with a state.
func checkInvariants(m *Machine) error {
	for _, p := range m.sortedPools() {
		if err := p.checkCounts(); err != nil {
			return fmt.Errorf("pool %s: %w", p.name, err)
		}
		if p.external && !p.failed() {
			if err := p.checkOutside(); err != nil {
				return fmt.Errorf("pool %s: %w", p.name, err)
			}
		}
		if p.failed() || p.external {
			continue
		}
		for _, check := range []func() error{p.checkTasks, p.checkSlots, p.checkUsage, p.checkOrders(m)} {
			if err := check(); err != nil {
				return fmt.Errorf("pool %s: %w", p.name, err)
			}
		}
	}
	return nil
}

// checkOutside compares what is known of another dispatcher's requests with what the scheduler has.
func (p *hosted) checkOutside() error {
	if p.heard.turns.Len() != len(p.heard.byID) || p.over.queue.Len() != len(p.over.byID) {
		return fmt.Errorf("%d turns of %d requests; %d of %d that are over", p.heard.turns.Len(),
			len(p.heard.byID), p.over.queue.Len(), len(p.over.byID))
	}
	for h := range p.heard.turns.All() {
		if h.turn.Before(h.heard) || p.heard.byID[h.request] != h {
			return fmt.Errorf("request %s has its turn before it was heard of, or is not found", h.request)
		}
	}
	return p.checkHeard()
}

// checkCounts counts again what is counted.
func (p *hosted) checkCounts() error {
	var counts [numStates]int64
	var payload, live, waits, unaccepted, disconnected int64
	for t := range p.byID.All() {
		counts[t.state]++
		payload += int64(t.payload)
		if t.payload != payloadBytes(t.parseSpec()) {
			return fmt.Errorf("task %s: payload of %d bytes", t.id, t.payload)
		}
		if !bytes.Equal(t.spec, marshalSpec(t.parseSpec())) {
			return fmt.Errorf("task %s: its spec is not as it would be marshalled", t.id)
		}
		if !t.hasEnded() {
			live++
		}
		if t.unaccepted() {
			unaccepted++
		}
		if t.onWorker() && !t.lease.silent.IsZero() {
			disconnected++
		}
		if p.tasks[t.id] != t || t.key != nil && p.keys[t.key.key] != t {
			return fmt.Errorf("task %s is not found by its id or key", t.id)
		}
	}
	var accountsLive int64
	for _, a := range p.accounts {
		accountsLive += a.live
		waits += int64(a.waiting.Len())
	}
	switch {
	case counts != p.counts || payload != p.payload || live != p.live():
		return fmt.Errorf("counts %v, payload %d; counted again: %v, %d", p.counts, p.payload, counts, payload)
	case accountsLive != live || waits != counts[waiting]:
		return fmt.Errorf("accounts have %d tasks and %d waiting, not %d and %d", accountsLive, waits, live,
			counts[waiting])
	case int64(p.unaccepted.Len()) != unaccepted || int64(p.disconnected.Len()) != disconnected:
		return fmt.Errorf("%d unaccepted, %d disconnected", p.unaccepted.Len(), p.disconnected.Len())
	case int64(p.ended.Len()) != int64(len(p.tasks))-live || p.byID.Len() != len(p.tasks):
		return fmt.Errorf("%d ended of %d tasks", p.ended.Len(), len(p.tasks))
	case int64(p.ended.Len()) > p.limits.endedTasks:
		return fmt.Errorf("%d ended tasks are kept", p.ended.Len())
	}
	return nil
}

// checkTasks compares each task with what the scheduler has.
func (p *hosted) checkTasks() error {
	s := p.pool.Scheduler()
	known := 0
	for t := range p.byID.All() {
		id := scheduler.RequestID(t.id)
		on, stage, isOn := s.Stage(id)
		if s.Knows(id) {
			known++
		}
		switch {
		case t.state == waiting:
			if !s.Knows(id) || isOn && stage != scheduler.Held {
				return fmt.Errorf("task %s waits; the scheduler has it %v on %q", t.id, stage, on)
			}
		case t.hasEnded():
			if s.Knows(id) {
				return fmt.Errorf("task %s has ended, and the scheduler knows it", t.id)
			}
		case t.lease.slot == nil || t.lease.slot.task != t || t.lease.id != LeaseID(t.id, t.attempts):
			return fmt.Errorf("task %s is %v, and on no slot", t.id, t.state)
		case (t.lease.stop != noStop) != (t.state == stopping):
			return fmt.Errorf("task %s is %v, with the stop %v", t.id, t.state, t.lease.stop)
		case t.lease.stop == preempted:
			if s.Knows(id) {
				return fmt.Errorf("task %s is preempted, and the scheduler has it", t.id)
			}
		case t.state == stopping && !s.Knows(id): // preempted on top
		case !isOn || string(on) != t.lease.worker || stage == scheduler.Held:
			return fmt.Errorf("task %s is on %s; the scheduler has it %v on %q", t.id, t.lease.worker,
				stage, on)
		}
	}
	c := p.pool.Counts()
	have := c.Waiting
	for _, n := range c.Running {
		have += n
	}
	if have != known {
		return fmt.Errorf("the scheduler knows %d tasks, and %d of the state's", have, known)
	}
	return nil
}

// checkSlots compares each slot with what the scheduler has.
func (p *hosted) checkSlots() error {
	slots, cordoned := 0, 0
	for w := range p.byName.All() {
		if p.workers[w.name] != w {
			return fmt.Errorf("worker %s is not found by its name", w.name)
		}
		if len(w.slots) < w.count || len(w.slots) > w.count && w.slots[len(w.slots)-1].task == nil {
			return fmt.Errorf("worker %s: %d slots of %d", w.name, len(w.slots), w.count)
		}
		for _, s := range w.slots {
			slots++
			_, want := p.cordonOf(s)
			if s.cordoned != want {
				return fmt.Errorf("slot %s: cordoned is %v", s.id, s.cordoned)
			}
			if s.cordoned {
				cordoned++
			}
			if t := s.task; t != nil && (!t.onWorker() || t.lease.slot != s || t.lease.boot != w.boot) {
				return fmt.Errorf("slot %s has task %s, which does not have it", s.id, t.id)
			}
			known, ok := p.pool.Scheduler().Worker(scheduler.WorkerID(s.id))
			if ok && known.Run != nil && known.Run.Stage == scheduler.Held && s.wantsTask() {
				return fmt.Errorf("slot %s is idle, and %q is only held for it", s.id, known.Run.Request)
			}
			if ok && known.Run == nil && !s.cordoned && (s.task != nil || w.isSilent()) {
				return fmt.Errorf("slot %s is silent or has a task, and the scheduler has it idle", s.id)
			}
		}
	}
	if n := p.pool.Counts().Cordoned; n != cordoned || int64(slots) != p.slots {
		return fmt.Errorf("%d slots, %d cordoned; the scheduler has %d cordoned", slots, cordoned, n)
	}
	return nil
}

// checkUsage compares the runs that count with those of the scheduler.
func (p *hosted) checkUsage() error {
	n, sums := 0, 0
	for w := range p.pool.Scheduler().Workers() {
		if w.Run == nil {
			continue
		}
		n++
		r, ok := p.usage.runs[string(w.Run.Request)]
		if !ok || r.level != int32(w.Run.Priority) {
			return fmt.Errorf("usage has %v for task %s, which runs at %v", r, w.Run.Request, w.Run.Priority)
		}
	}
	for _, accounts := range p.usage.hours {
		sums += len(accounts)
	}
	if n != len(p.usage.runs) || sums != p.usage.sums {
		return fmt.Errorf("usage has %d runs of %d, %d sums of %d", len(p.usage.runs), n, p.usage.sums, sums)
	}
	return nil
}

// checkOrders finds orders that contradict each other.
func (p *hosted) checkOrders(m *Machine) func() error {
	return func() error {
		for w := range p.byName.All() {
			o, err := m.Orders(p.name, w.name)
			if err != nil {
				return err
			}
			var all []string
			slots := map[int32]bool{}
			for _, r := range o.Runs {
				if slots[r.GetSlot()] {
					return fmt.Errorf("worker %s: two runs on slot %d", w.name, r.GetSlot())
				}
				slots[r.GetSlot()] = true
				all = append(all, r.GetLeaseId())
			}
			for _, s := range o.Stops {
				all = append(all, s.GetLeaseId())
			}
			all = append(all, o.Recorded...)
			slices.Sort(all)
			if len(slices.Compact(slices.Clone(all))) != len(all) {
				return fmt.Errorf("worker %s: orders speak twice of a lease: %v", w.name, all)
			}
		}
		return nil
	}
}

// again returns the state after a snapshot and back, which must be the same.
func again(m *Machine, o ...Option) (*Machine, error) {
	var first, second bytes.Buffer
	if err := m.Write(&first); err != nil {
		return nil, err
	}
	n, err := Read(bytes.NewReader(first.Bytes()), o...)
	if err != nil {
		return nil, err
	}
	if err := n.Write(io.Writer(&second)); err != nil {
		return nil, err
	}
	if !bytes.Equal(first.Bytes(), second.Bytes()) {
		return nil, fmt.Errorf("a snapshot of a snapshot differs")
	}
	return n, nil
}
