package state

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/quotasched/quotasched/internal/check"
	"github.com/quotasched/quotasched/protos/dispatch"
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
	p := newHosted(name, settings, d.m.fault)
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

// tasks reads some tasks.
func (d *reading) tasks(b []byte) error {
	m := &replica.Tasks{}
	if err := unmarshal(b, m); err != nil {
		return err
	}
	for _, s := range m.GetTasks() {
		id := s.GetTask().GetId()
		t, err := d.task(s)
		if err != nil {
			return fmt.Errorf("task %s: %w", check.Quote(id), err)
		}
		if id <= d.last {
			return fmt.Errorf("task %s does not come after %s", check.Quote(id), d.last)
		}
		d.last = id
		d.p.add(t)
	}
	return nil
}

// task reads a task.
func (d *reading) task(s *replica.StoredTask) (*task, error) {
	m := s.GetTask()
	spec := &dispatch.TaskSpec{}
	if err := unmarshal(s.GetSpec(), spec); err != nil {
		return nil, fmt.Errorf("its spec: %w", err)
	}
	if err := checkSpec(spec); err != nil {
		return nil, err
	}
	t := &task{id: m.GetId(), spec: s.GetSpec(), payload: payloadBytes(spec),
		identity: m.GetIdentity(), state: m.GetState(), attempts: m.GetAttempts(),
		losses: m.GetLosses(), failures: m.GetFailures(), preemptions: m.GetPreemptions(),
		message: m.GetMessage(), result: m.GetResult(), late: m.GetLateResult()}
	if err := checkTaskID(t.id); err != nil {
		return nil, err
	}
	if t.state <= unborn || t.state >= numStates || t.hasEnded() && t.payload > 0 {
		return nil, fmt.Errorf("it is %v, or has a payload that it cannot have", t.state)
	}
	var err error
	if t.enqueued, err = readTime("enqueue_time", m.GetEnqueueTime()); err != nil {
		return nil, err
	}
	if t.changed, err = readTime("change_time", m.GetChangeTime()); err != nil {
		return nil, err
	}
	if t.lostWork, err = readDuration("lost_work", s.GetLostWork()); err != nil {
		return nil, err
	}
	if err := d.key(t, spec, s.GetSpecHash()); err != nil {
		return nil, err
	}
	t.account = d.p.accountOf(spec.GetAccountId())
	return t, d.lease(t, s)
}

func readDuration(what string, d *durationpb.Duration) (time.Duration, error) {
	v, ok := check.Duration(d)
	if !ok || v < 0 {
		return 0, fmt.Errorf("%s is not a duration, or negative", what)
	}
	return v, nil
}

// key reads the key of a task.
func (d *reading) key(t *task, spec *dispatch.TaskSpec, hash []byte) error {
	if spec.GetKey() == "" {
		return nil
	}
	if len(hash) != sha256.Size || d.p.keys[spec.GetKey()] != nil {
		return errors.New("its key has no hash, or is another task's as well")
	}
	t.key = &taskKey{key: spec.GetKey()}
	copy(t.key.hash[:], hash)
	return nil
}

// lease reads the lease of a task. Its slot is found when the workers are read.
func (d *reading) lease(t *task, s *replica.StoredTask) error {
	m := s.GetTask().GetLease()
	if m == nil {
		if t.onWorker() {
			return errors.New("it is on a worker and has no lease")
		}
		return nil
	}
	l := &lease{id: m.GetId(), worker: m.GetWorker(), boot: m.GetBootId(), phase: m.GetPhase(),
		started: timeOf(m.GetStartTime()), stop: m.GetStopReason(), stopped: timeOf(m.GetStopTime()),
		provision: s.GetProvisionRequired(), silent: timeOf(s.GetDisconnectTime())}
	var err error
	if l.assigned, err = readTime("assign_time", m.GetAssignTime()); err != nil {
		return err
	}
	if l.saved, err = readDuration("saved_for", s.GetSavedFor()); err != nil {
		return err
	}
	t.lease = l
	if d.p.failed() {
		return nil // in the middle of whatever it was
	}
	if l.id != LeaseID(t.id, t.attempts) || alive(l.phase) != t.onWorker() ||
		(l.stop != noStop) != (t.state == stopping) && t.onWorker() ||
		!l.silent.IsZero() && !t.onWorker() {
		return fmt.Errorf("its lease %s does not go with its state", check.Quote(l.id))
	}
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
