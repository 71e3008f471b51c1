package state

import (
	"time"

	"github.com/quotasched/quotasched/protos"
)

// RuleVersion is the newest version of the rules that this code knows.
const RuleVersion = 1

// A Machine is the replicated state. Make one with New or Read. Its methods, those that only read
// included, must not be called at the same time.
type Machine struct {
	index   uint64
	now     time.Time
	rules   uint32
	chain   chain
	results results
	pools   map[string]*hosted
	// restored is the newest entry of the backup that the cluster began with; 0 for none.
	restored uint64
	// sideBySide calls a function for each of n sections of a snapshot.
	sideBySide func(n int, f func(i int))
	extras
}

// extras are what options say, and memory for the pools to work in. They are no part of the state.
type extras struct {
	memory   *workMemory
	fault    Fault
	recorder Recorder
	known    uint32 // the newest rules
	// sectionTasks is how many tasks are in a section of a snapshot.
	sectionTasks int
}

// A Fault is called before each operation of a pool, and may panic: so tests plant the failure of a
// pool.
type Fault func(pool string, op *protos.Operation)

// An Option changes what New and Read make.
type Option func(*Machine)

// WithFault plants a fault.
func WithFault(f Fault) Option { return func(m *Machine) { m.fault = f } }

// WithRecorder tells a recorder of all that is done to the pools.
func WithRecorder(r Recorder) Option { return func(m *Machine) { m.recorder = r } }

// WithRules takes it that rules up to a version are known, which may be more than RuleVersion: so
// tests try out how a new version comes into force.
func WithRules(version uint32) Option { return func(m *Machine) { m.known = version } }

// New returns the state before the first entry.
func New(options ...Option) *Machine {
	m := &Machine{now: time.Unix(0, 0).UTC(), rules: 1, pools: map[string]*hosted{},
		sideBySide: oneByOne, extras: extras{memory: &workMemory{}, recorder: nobody{},
			known: RuleVersion, sectionTasks: tasksPerSection}}
	for _, o := range options {
		o(m)
	}
	return m
}

func oneByOne(n int, f func(i int)) {
	for i := range n {
		f(i)
	}
}

// Index is the newest entry that was applied; 0 before the first.
func (m *Machine) Index() uint64 { return m.index }

// Time is the state's time: the greatest of all entries. Before the first it is 1970.
func (m *Machine) Time() time.Time { return m.now }

// Rules is the rule version in force.
func (m *Machine) Rules() uint32 { return m.rules }

// Restored is the newest entry of the backup that the cluster began with, before which there are no
// events; 0 if it began with nothing.
func (m *Machine) Restored() uint64 { return m.restored }

// Restore makes this state, which was read from a backup, the one that a cluster begins with.
func (m *Machine) Restore() { m.restored = m.index }

// Empty reports whether there is no pool.
func (m *Machine) Empty() bool { return len(m.pools) == 0 }

// HasWork reports whether a Tick does anything before NextDue: a task waits or is on a worker.
func (m *Machine) HasWork() bool {
	for _, p := range m.pools { // the order is free: any one does
		if p.failed() {
			continue
		}
		c := p.pool.Counts()
		busy := 0
		for _, n := range c.Running {
			busy += n
		}
		if c.Waiting > 0 || busy > 0 || p.live() > 0 {
			return true
		}
	}
	return false
}

// NextDue returns the earliest time at which a Tick forgets something that is kept for a limited
// time, such as a task that has ended. It is not ok if there is nothing of the kind.
func (m *Machine) NextDue() (due time.Time, ok bool) {
	add := func(t time.Time) {
		if !ok || t.Before(due) {
			due, ok = t, true
		}
	}
	if t, any := m.results.due(); any {
		add(t)
	}
	for _, p := range m.pools { // the order is free: the earliest is the earliest
		if p.failed() {
			continue
		}
		if p.ended.Len() > 0 {
			add(p.ended.First().changed.Add(p.limits.retention))
		}
		if t, any := p.over.due(); any {
			add(t)
		}
		if p.silent.Len() > 0 {
			add(p.silent.First().silentSince.Add(forgetWorkerAfter))
		}
	}
	return due, ok
}
