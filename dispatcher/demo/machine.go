package demo

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/quotasched/quotasched/protos/dispatch"
)

// provisioning is how long it takes to give a slot the labels that it lacks, and stopping how long
// a task takes to stop when it is asked to.
const (
	provisioning = 30 * time.Second
	stopping     = 2 * time.Second
)

// machine is a simulated machine: what its slots run, and what it says of that. It reads no clock
// and does no I/O. Simulated durations are divided by its speed.
//
//	                run           provisioned          run is over
//	orders ──▶ PREPARING ──▶ RUNNING ──────────▶ FINISHED ──recorded──▶ (forgotten)
//	               │  stop       │  stop              ▲
//	               └─────────────┴──▶ STOPPING ───────┘
type machine struct {
	config WorkerConfig
	leases map[string]*lease

	version, epoch uint64 // of the orders that were followed; version 0 wants COMPLETE ones
	refusal        string // why idle slots want no tasks; empty if they do
	exit           bool   // to end when nothing runs
}

// lease is what a machine knows of a lease.
type lease struct {
	slot    int32
	phase   dispatch.Phase
	spec    *dispatch.TaskSpec
	task    simulated
	next    time.Time // when the phase ends by itself; zero if it does not
	started time.Time
	result  *dispatch.Result
}

func newMachine(c WorkerConfig) *machine {
	return &machine{config: c, leases: map[string]*lease{}}
}

// follow takes orders, and reports whether the machine has anything new to say.
func (m *machine) follow(o *dispatch.Orders, now time.Time) bool {
	if o.Epoch < m.epoch {
		return false
	}
	if o.Kind == dispatch.Orders_KIND_INCREMENTAL &&
		(o.Epoch != m.epoch || o.AppliesTo != m.version || m.version == 0) {
		m.version = 0
		return true
	}
	news := m.version != o.ResultsIn
	m.epoch, m.version = o.Epoch, o.ResultsIn
	for _, id := range o.Recorded {
		if l := m.leases[id]; l != nil && l.phase >= dispatch.Phase_PHASE_FINISHED {
			delete(m.leases, id)
			news = true
		}
	}
	for _, s := range o.Stops {
		news = m.stop(s.LeaseId, now) || news
	}
	for _, r := range o.Runs {
		news = m.run(r, now) || news
	}
	return m.direct(o.Directive) || news
}

// run starts a task that is new.
func (m *machine) run(r *dispatch.Run, now time.Time) bool {
	if m.leases[r.LeaseId] != nil {
		return false
	}
	l := &lease{slot: r.Slot, spec: r.Task, phase: dispatch.Phase_PHASE_PREPARING, next: now}
	m.leases[r.LeaseId] = l
	task, err := simulation(r.Task)
	switch {
	case err != nil:
		l.reject(&dispatch.Result{Message: err.Error(), Permanent: true})
	case m.occupied(r.Slot, r.LeaseId):
		l.reject(&dispatch.Result{Message: "the slot has another task"})
	case r.ProvisionRequired:
		l.next = now.Add(m.real(provisioning))
	}
	l.task = task
	return true
}

// reject ends a lease that does not start.
func (l *lease) reject(r *dispatch.Result) {
	l.phase, l.result, l.next = dispatch.Phase_PHASE_REJECTED, r, time.Time{}
}

// occupied says whether a slot has another lease that has not ended.
func (m *machine) occupied(slot int32, but string) bool {
	for id, l := range m.leases {
		if id != but && l.slot == slot && l.phase < dispatch.Phase_PHASE_FINISHED {
			return true
		}
	}
	return false
}

// stop begins to stop a lease; one that was never heard of is said to be rejected.
func (m *machine) stop(id string, now time.Time) bool {
	l := m.leases[id]
	switch {
	case l == nil:
		l = &lease{}
		l.reject(&dispatch.Result{Message: "it was to be stopped before it was heard of"})
		m.leases[id] = l
	case l.phase == dispatch.Phase_PHASE_PREPARING:
		l.reject(&dispatch.Result{Message: "it was stopped before it started"})
	case l.phase == dispatch.Phase_PHASE_RUNNING:
		l.phase, l.next = dispatch.Phase_PHASE_STOPPING, now.Add(m.real(stopping))
	default:
		return false
	}
	return true
}

// direct takes a directive.
func (m *machine) direct(d dispatch.Orders_Directive) bool {
	before := m.refusal
	m.refusal, m.exit = "", false
	switch d {
	case dispatch.Orders_DIRECTIVE_DRAIN:
		m.refusal = "it is drained"
	case dispatch.Orders_DIRECTIVE_EXIT, dispatch.Orders_DIRECTIVE_UPGRADE:
		m.refusal, m.exit = "it is to end", true
	}
	return m.refusal != before
}

// advance does all that is due, and reports whether anything changed.
func (m *machine) advance(now time.Time) bool {
	changed := false
	for _, l := range m.leases {
		for !l.next.IsZero() && !now.Before(l.next) {
			l.step(m)
			changed = true
		}
	}
	return changed
}

// step ends the phase that a lease is in.
func (l *lease) step(m *machine) {
	at := l.next
	l.next = time.Time{}
	switch l.phase {
	case dispatch.Phase_PHASE_PREPARING:
		l.phase, l.started, l.next = dispatch.Phase_PHASE_RUNNING, at, at.Add(m.real(l.task.run))
		if limit := l.spec.GetTimeout().AsDuration(); limit > 0 && limit < l.task.run {
			l.next = at.Add(m.real(limit))
		}
	case dispatch.Phase_PHASE_RUNNING:
		l.end(m, at, &dispatch.Result{Outcome: &dispatch.Result_ExitCode{ExitCode: l.task.exit}})
		if limit := l.spec.GetTimeout().AsDuration(); limit > 0 && limit < l.task.run {
			l.result.Outcome, l.result.TimedOut = &dispatch.Result_Signal{Signal: "SIGTERM"}, true
		}
	case dispatch.Phase_PHASE_STOPPING:
		l.end(m, at, &dispatch.Result{Outcome: &dispatch.Result_Signal{
			Signal: cmp.Or(l.spec.GetStopSignal(), "SIGTERM")}})
	}
}

func (l *lease) end(m *machine, at time.Time, r *dispatch.Result) {
	r.Ran = durationpb.New(m.simulated(at.Sub(l.started)))
	l.phase, l.result = dispatch.Phase_PHASE_FINISHED, r
}

// fence ends all tasks because the dispatcher was not heard of for too long, but those that go on.
// It reports whether there were any.
func (m *machine) fence() bool {
	any := false
	for _, l := range m.leases {
		if l.fenced() {
			l.phase, l.next, any = dispatch.Phase_PHASE_LOST, time.Time{}, true
		}
	}
	return any
}

// fenced says whether there is anything that fence would end.
func (m *machine) fenced() bool {
	for _, l := range m.leases {
		if l.fenced() {
			return true
		}
	}
	return false
}

func (l *lease) fenced() bool {
	return l.phase < dispatch.Phase_PHASE_FINISHED &&
		l.spec.GetOnDisconnect() != dispatch.TaskSpec_ON_DISCONNECT_CONTINUE
}

// due returns when advance will have something to do; zero if never.
func (m *machine) due() time.Time {
	var first time.Time
	for _, l := range m.leases {
		if !l.next.IsZero() && (first.IsZero() || l.next.Before(first)) {
			first = l.next
		}
	}
	return first
}

// idle says whether nothing runs.
func (m *machine) idle() bool {
	for _, l := range m.leases {
		if l.phase < dispatch.Phase_PHASE_FINISHED {
			return false
		}
	}
	return true
}

// report says all that is true, but for who says it.
func (m *machine) report(now time.Time) *dispatch.Report {
	r := &dispatch.Report{
		Pool: m.config.Pool, Worker: m.config.Name, Labels: m.config.Labels,
		Slots: int32(m.config.Slots), AcceptsWork: m.refusal == "", Refusal: m.refusal,
		Version: m.version, Epoch: m.epoch,
	}
	for _, id := range slices.Sorted(maps.Keys(m.leases)) {
		l := m.leases[id]
		e := &dispatch.LeaseReport{LeaseId: id, Slot: l.slot, Phase: l.phase, Result: l.result}
		if !l.started.IsZero() {
			e.RunningFor = durationpb.New(m.simulated(now.Sub(l.started)))
		}
		r.Leases = append(r.Leases, e)
	}
	return r
}

// real is how long a simulated duration takes, and simulated the other way round.
func (m *machine) real(d time.Duration) time.Duration {
	return time.Duration(float64(d) / m.config.Speed)
}

func (m *machine) simulated(d time.Duration) time.Duration {
	return time.Duration(float64(d) * m.config.Speed)
}
