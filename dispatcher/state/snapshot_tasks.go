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
)

// WithSideBySide lets Write make sections of a snapshot side by side, and Read read those of tasks,
// which are most of a large one: do calls f(0) to f(n-1), in any order or at once, and returns when
// all of them have. Without it they are made and read one by one.
func WithSideBySide(do func(n int, f func(i int))) Option {
	return func(m *Machine) { m.sideBySide = do }
}

// sideBySideMax is how many sections are read side by side.
const sideBySideMax = 8

// A tasksRead is a section of tasks: its bytes, then the tasks in it.
type tasksRead struct {
	index int
	name  *replica.SectionName
	bytes []byte
	tasks []taskRead
	err   error
}

// A taskRead is a task that is not in its pool yet.
type taskRead struct {
	*task
	accountID string
}

// readPending reads the sections of tasks whose bytes have come.
func (d *reading) readPending() error {
	all := d.pending
	d.pending = nil
	d.m.sideBySide(len(all), func(i int) { all[i].read(d.p.failed()) })
	for _, s := range all {
		err := s.err
		for i := 0; err == nil && i < len(s.tasks); i++ {
			err = d.place(s.tasks[i])
		}
		if err != nil {
			return sectionError(s.index, s.name, err)
		}
	}
	return nil
}

// read reads the tasks of a section.
func (s *tasksRead) read(failed bool) {
	m := &replica.Tasks{}
	if s.err = unmarshal(s.bytes, m); s.err != nil {
		return
	}
	s.tasks = make([]taskRead, len(m.GetTasks()))
	for i, stored := range m.GetTasks() {
		var err error
		if s.tasks[i], err = readTask(stored, failed); err != nil {
			s.err = fmt.Errorf("task %s: %w", check.Quote(stored.GetTask().GetId()), err)
			return
		}
	}
}

// place adds a task to the pool.
func (d *reading) place(t taskRead) error {
	switch {
	case t.id <= d.last:
		return fmt.Errorf("task %s does not come after %s", check.Quote(t.id), d.last)
	case t.key != nil && d.p.keys[t.key.key] != nil:
		return fmt.Errorf("task %s: its key is another task's as well", check.Quote(t.id))
	}
	d.last = t.id
	t.account = d.p.accountOf(t.accountID)
	d.p.add(t.task)
	return nil
}

// readTask reads a task of a pool, which may have failed.
func readTask(s *replica.StoredTask, failed bool) (r taskRead, err error) {
	m := s.GetTask()
	spec := &dispatch.TaskSpec{}
	if err := unmarshal(s.GetSpec(), spec); err != nil {
		return r, fmt.Errorf("its spec: %w", err)
	}
	if err := checkSpec(spec); err != nil {
		return r, err
	}
	t := &task{id: m.GetId(), spec: s.GetSpec(), payload: payloadBytes(spec),
		identity: m.GetIdentity(), state: m.GetState(), attempts: m.GetAttempts(),
		losses: m.GetLosses(), failures: m.GetFailures(), preemptions: m.GetPreemptions(),
		message: m.GetMessage(), result: m.GetResult(), late: m.GetLateResult()}
	if err := checkTaskID(t.id); err != nil {
		return r, err
	}
	if t.state <= unborn || t.state >= numStates || t.hasEnded() && t.payload > 0 {
		return r, fmt.Errorf("it is %v, or has a payload that it cannot have", t.state)
	}
	if t.enqueued, err = readTime("enqueue_time", m.GetEnqueueTime()); err != nil {
		return r, err
	}
	if t.changed, err = readTime("change_time", m.GetChangeTime()); err != nil {
		return r, err
	}
	if t.lostWork, err = readDuration("lost_work", s.GetLostWork()); err != nil {
		return r, err
	}
	if t.key, err = readKey(spec, s.GetSpecHash()); err != nil {
		return r, err
	}
	if t.lease, err = readLease(t, s, failed); err != nil {
		return r, err
	}
	return taskRead{t, spec.GetAccountId()}, nil
}

func readDuration(what string, d *durationpb.Duration) (time.Duration, error) {
	v, ok := check.Duration(d)
	if !ok || v < 0 {
		return 0, fmt.Errorf("%s is not a duration, or negative", what)
	}
	return v, nil
}

// readKey reads the key of a task; nil if it has none.
func readKey(spec *dispatch.TaskSpec, hash []byte) (*taskKey, error) {
	if spec.GetKey() == "" {
		return nil, nil
	}
	if len(hash) != sha256.Size {
		return nil, errors.New("its key has no hash")
	}
	k := &taskKey{key: spec.GetKey()}
	copy(k.hash[:], hash)
	return k, nil
}

// readLease reads the lease of a task; nil if it has none. Its slot is found when the workers are
// read.
func readLease(t *task, s *replica.StoredTask, failed bool) (*lease, error) {
	m := s.GetTask().GetLease()
	if m == nil {
		if t.onWorker() {
			return nil, errors.New("it is on a worker and has no lease")
		}
		return nil, nil
	}
	l := &lease{id: m.GetId(), worker: m.GetWorker(), boot: m.GetBootId(), phase: m.GetPhase(),
		started: timeOf(m.GetStartTime()), stop: m.GetStopReason(), stopped: timeOf(m.GetStopTime()),
		provision: s.GetProvisionRequired(), silent: timeOf(s.GetDisconnectTime())}
	var err error
	if l.assigned, err = readTime("assign_time", m.GetAssignTime()); err != nil {
		return nil, err
	}
	if l.saved, err = readDuration("saved_for", s.GetSavedFor()); err != nil {
		return nil, err
	}
	if failed {
		return l, nil // in the middle of whatever it was
	}
	if l.id != LeaseID(t.id, t.attempts) || alive(l.phase) != t.onWorker() ||
		(l.stop != noStop) != (t.state == stopping) && t.onWorker() ||
		!l.silent.IsZero() && !t.onWorker() {
		return nil, fmt.Errorf("its lease %s does not go with its state", check.Quote(l.id))
	}
	return l, nil
}
