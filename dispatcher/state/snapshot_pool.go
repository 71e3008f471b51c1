package state

import (
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/quotasched/quotasched/internal/check"
	"github.com/quotasched/quotasched/protos/replica"
	"github.com/quotasched/quotasched/scheduler"
)

// results reads outcomes of request ids.
func (d *reading) results(b []byte) error {
	m := &replica.RequestResults{}
	if err := unmarshal(b, m); err != nil {
		return err
	}
	r := &d.m.results
	for i, x := range m.GetResults() {
		at, err := readTime("time", x.GetTime())
		if err != nil {
			return fmt.Errorf("results[%d]: %w", i, err)
		}
		key := resultKey{x.GetIdentity(), x.GetRequestId()}
		if r.byID[key] != nil || x.GetRequestId() == "" ||
			len(x.GetCommandHash()) != sha256.Size || x.GetOutcome() == nil ||
			len(r.queue) > 0 && at.Before(r.queue[len(r.queue)-1].at) {
			return fmt.Errorf("results[%d]: not as it was written", i)
		}
		kept := &result{key: key, at: at, outcome: x.GetOutcome()}
		copy(kept.hash[:], x.GetCommandHash())
		r.keep(kept)
	}
	return nil
}

// head reads the head of a pool.
func (d *reading) head(b []byte, name string) error {
	h := &replica.PoolHead{}
	if err := unmarshal(b, h); err != nil {
		return err
	}
	if h.GetPool() != name {
		return fmt.Errorf("it is the head of pool %s", check.Quote(h.GetPool()))
	}
	if err := checkPoolName(name); err != nil {
		return err
	}
	if err := checkSettings(h.GetSettings()); err != nil {
		return err
	}
	settings := h.GetSettings()
	if settings.GetScheduler() == nil {
		return errors.New("settings.scheduler is missing")
	}
	p := newHosted(name, settings, d.m.extras)
	p.external, p.status, p.lastID = h.GetExternal(), h.GetStatus(), h.GetLastId()
	var err error
	if p.created, err = readTime("create_time", h.GetCreateTime()); err != nil {
		return err
	}
	if p.now, err = readTime("time", h.GetTime()); err != nil {
		return err
	}
	last := ""
	for _, c := range h.GetCordons() {
		if c.GetWorker() <= last {
			return errors.New("cordons are not in order of name")
		}
		last = c.GetWorker()
		p.cordons[last] = c.GetReason()
	}
	d.p, d.last = p, ""
	d.m.pools[name] = p
	return nil
}

// workers reads the workers of a pool.
func (d *reading) workers(b []byte) error {
	m := &replica.Workers{}
	if err := unmarshal(b, m); err != nil {
		return err
	}
	last := ""
	for _, s := range m.GetWorkers() {
		name := s.GetReport().GetWorker()
		if name <= last {
			return fmt.Errorf("worker %s does not come after %s", check.Quote(name), last)
		}
		last = name
		if err := d.worker(s); err != nil {
			return fmt.Errorf("worker %s: %w", check.Quote(name), err)
		}
	}
	return nil
}

func (d *reading) worker(s *replica.StoredWorker) error {
	r := s.GetReport()
	if err := checkWorkerName(r.GetWorker()); err != nil {
		return err
	}
	w := &worker{name: r.GetWorker(), boot: r.GetBootId(), instance: r.GetInstanceId(),
		sequence: r.GetSequence(), labels: r.GetLabels(), accepts: r.GetAcceptsWork(),
		refusal: r.GetRefusal(), count: int(r.GetSlots()), silentSince: timeOf(s.GetSilentTime()),
		directive: s.GetDirective(), earlierBoots: s.GetEarlierBoots(),
		earlierInstances: s.GetEarlierInstances(), earlierSequence: s.GetEarlierSequence(),
		followed: r.GetEpoch() > 0}
	n := int(s.GetSlots())
	if w.count < 1 || w.count > slotsMax || n < w.count || n > slotsMax {
		return fmt.Errorf("%d of %d slots", w.count, n)
	}
	for i := range n {
		w.slots = append(w.slots, &slot{worker: w, index: i, id: slotID(w.name, i)})
	}
	for _, l := range r.GetLeases() {
		if k := len(w.reported); k > 0 && w.reported[k-1].id >= l.GetLeaseId() {
			return errors.New("its leases are not in order of id")
		}
		w.reported = append(w.reported, reported{l.GetLeaseId(), int(l.GetSlot()), l.GetPhase()})
	}
	d.p.workers[w.name] = w
	d.p.byName.Append(w)
	d.p.slots += int64(n)
	return nil
}

// usage reads what accounts used.
func (d *reading) usage(b []byte) error {
	m := &replica.Usage{}
	if err := unmarshal(b, m); err != nil {
		return err
	}
	u := &d.p.usage
	for _, h := range m.GetHours() {
		if len(h.GetUsedMs()) != numLevels || u.hours[h.GetHour()][h.GetAccountId()] != nil {
			return fmt.Errorf("hour %d of account %s: not as it was written", h.GetHour(),
				check.Quote(h.GetAccountId()))
		}
		s := u.sum(h.GetHour(), h.GetAccountId())
		copy(s.used[:], h.GetUsedMs())
		s.lost, s.ended = h.GetLostMs(), h.GetEndedTasks()
	}
	for _, r := range m.GetRuns() {
		_, twice := u.runs[r.GetRequestId()]
		since, err := readTime("since", r.GetSince())
		if err != nil || twice || r.GetPriority() < 0 || r.GetPriority() >= numLevels {
			return fmt.Errorf("run of %s: not as it was written", check.Quote(r.GetRequestId()))
		}
		u.start(r.GetRequestId(), usageRun{r.GetAccountId(), r.GetPriority(), since})
	}
	for _, l := range m.GetLosses() {
		u.lost[l.GetAccountId()] = l.GetLostMs()
	}
	return nil
}

// endPool checks that the parts of the pool that was read go together, and joins them.
func (d *reading) endPool() error {
	p := d.p
	if p == nil {
		return nil
	}
	if (p.pool == nil) != p.failed() {
		return fmt.Errorf("pool %s: it has failed, or its scheduler is missing", p.name)
	}
	if p.failed() {
		return nil
	}
	for t := range p.byID.All() {
		if err := p.join(t); err != nil {
			return fmt.Errorf("pool %s: task %s: %w", p.name, t.id, err)
		}
	}
	if err := p.checkScheduler(); err != nil {
		return fmt.Errorf("pool %s: %w", p.name, err)
	}
	if p.external {
		if err := p.checkHeard(); err != nil {
			return fmt.Errorf("pool %s: %w", p.name, err)
		}
	}
	for w := range p.byName.All() {
		p.listWorker(w)
		for _, s := range w.slots {
			_, s.cordoned = p.cordonOf(s)
		}
	}
	return nil
}

// join gives a task on a worker its slot.
func (p *hosted) join(t *task) error {
	if t.id > p.lastID {
		return fmt.Errorf("its id is after %s", check.Quote(p.lastID))
	}
	if !t.onWorker() {
		return nil
	}
	s := p.slotOf(t.lease.worker)
	if s == nil || s.task != nil || s.worker.boot != t.lease.boot {
		return fmt.Errorf("its slot %s is unknown, or has another task", check.Quote(t.lease.worker))
	}
	s.task, t.lease.slot = t, s
	return nil
}

// checkScheduler returns an error unless the scheduler knows the tasks that it must know.
func (p *hosted) checkScheduler() error {
	s := p.pool.Scheduler()
	want := 0
	for t := range p.byID.All() {
		if t.hasEnded() || t.onWorker() && t.lease.stop == preempted {
			continue
		}
		if !s.Knows(scheduler.RequestID(t.id)) && t.state != stopping {
			return fmt.Errorf("the scheduler does not know task %s", t.id)
		}
		want++
	}
	c := p.pool.Counts()
	have := c.Waiting
	for _, n := range c.Running {
		have += n
	}
	if !p.external && have > want {
		return fmt.Errorf("the scheduler knows %d tasks, of %d", have, want)
	}
	return nil
}
