package state

import (
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/quotasched/quotasched/pool"
	"github.com/quotasched/quotasched/protos/dispatch"
	"github.com/quotasched/quotasched/scheduler"
)

const (
	// forgetWorkerAfter is how long a silent machine without a lease is known.
	forgetWorkerAfter = 24 * time.Hour
	// earlierMax is how many earlier boots, and processes, of a machine are known.
	earlierMax = 16
)

// A worker is a machine: some slots, each of which is a worker of the pool.
type worker struct {
	name     string
	boot     string
	instance string
	sequence uint64 // of the newest report that changed anything
	// followed is true if the process has followed orders. One that has not may be long gone, and its
	// reports have been under way all the time.
	followed bool
	labels   []string
	accepts  bool
	refusal  string
	count    int     // the slots that it says it has
	slots    []*slot // those, and such that went but still have a lease
	// reported are the leases of the newest report, in order of id, and strays that it never spoke of.
	reported    []reported
	silentSince time.Time // zero if it is not silent
	directive   dispatch.Orders_Directive

	earlierBoots, earlierInstances []string // oldest first
	earlierSequence                uint64   // of the last one of these instances
	looked                         *entry   // it is among the pool's looks of this entry
}

// A slot is a worker of the pool.
type slot struct {
	worker   *worker
	index    int
	id       string // NAME/index
	task     *task  // whose lease it has; nil for none
	cordoned bool   // as the scheduler was told
}

// A reported lease is one that a worker spoke of. Its phase is unspecified for a stray that the
// worker was to run and never spoke of.
type reported struct {
	id    string
	slot  int
	phase dispatch.Phase
}

// isMissing reports whether the process of a machine leaves out a lease that an earlier one spoke
// of.
func (w *worker) isMissing(l *lease) bool {
	return l.phase != unspoken &&
		!slices.ContainsFunc(w.reported, func(r reported) bool { return r.id == l.id })
}

// alive reports whether a lease in this phase may have a process.
func alive(phase dispatch.Phase) bool { return phase < dispatch.Phase_PHASE_FINISHED }

// Before orders machines by name.
func (w *worker) Before(v *worker) bool { return w.name < v.name }

type bySilence struct{ *worker }

// Before orders silent machines, the one that has been silent for longest first.
func (w bySilence) Before(v bySilence) bool {
	if !w.silentSince.Equal(v.silentSince) {
		return w.silentSince.Before(v.silentSince)
	}
	return w.name < v.name
}

func (w *worker) isSilent() bool { return !w.silentSince.IsZero() }

// hasLease reports whether any slot has a lease.
func (w *worker) hasLease() bool {
	return slices.ContainsFunc(w.slots, func(s *slot) bool { return s.task != nil })
}

// resize makes the slots that a machine says it has, and drops those at the end that went and have
// no lease.
func (p *hosted) resize(w *worker) {
	p.slots -= int64(len(w.slots))
	for i := len(w.slots); i < w.count; i++ {
		w.slots = append(w.slots, &slot{worker: w, index: i, id: slotID(w.name, i)})
	}
	for _, s := range w.slots[w.count:] {
		if s.task == nil {
			p.dropSlot(s)
		}
	}
	for len(w.slots) > w.count && w.slots[len(w.slots)-1].task == nil {
		w.slots = w.slots[:len(w.slots)-1]
	}
	p.slots += int64(len(w.slots))
}

// dropSlot tells the scheduler that there is no such worker.
func (p *hosted) dropSlot(s *slot) {
	p.must(pool.WorkerGone(p.now, scheduler.WorkerID(s.id)))
	if s.cordoned {
		s.cordoned = false
		p.must(pool.UncordonWorker(scheduler.Order{Time: p.now}, scheduler.WorkerID(s.id)))
	}
}

// slotID names a slot.
func slotID(worker string, i int) string { return worker + "/" + strconv.Itoa(i) }

// slotOf returns the slot of a name; nil if there is none.
func (p *hosted) slotOf(id string) *slot {
	name, number, _ := strings.Cut(id, "/")
	w := p.workers[name]
	i, err := strconv.Atoi(number)
	if w == nil || err != nil || i < 0 || i >= len(w.slots) || w.slots[i].id != id {
		return nil
	}
	return w.slots[i]
}

// wantsTask reports whether a slot may be given a task: nothing lives there, and its machine is
// heard of and takes tasks.
func (s *slot) wantsTask() bool {
	w := s.worker
	return s.task == nil && s.index < w.count && !w.isSilent() && w.takesTasks() &&
		!slices.ContainsFunc(w.reported, func(r reported) bool {
			return r.slot == s.index && alive(r.phase)
		})
}

// takesTasks reports whether a machine wants tasks, and is not told to end.
func (w *worker) takesTasks() bool {
	return w.accepts && w.directive == dispatch.Orders_DIRECTIVE_UNSPECIFIED
}

// cordonOf returns why the scheduler must give a slot nothing, and may give its task's place to
// nobody.
func (p *hosted) cordonOf(s *slot) (reason string, cordoned bool) {
	w := s.worker
	if reason, ok := p.personsCordon(s); ok {
		return reason, true
	}
	switch {
	case s.index >= w.count:
		return "the slot went", s.task != nil
	case w.isSilent():
		return "the worker is silent", s.task != nil
	case w.directive != dispatch.Orders_DIRECTIVE_UNSPECIFIED:
		return "the worker is told to end", true
	case !w.accepts:
		return "the worker takes no tasks: " + w.refusal, true
	}
	return "", false
}

// personsCordon returns why somebody cordoned a slot or its machine.
func (p *hosted) personsCordon(s *slot) (reason string, cordoned bool) {
	if reason, cordoned = p.cordons[s.worker.name]; cordoned {
		return reason, true
	}
	reason, cordoned = p.cordons[s.id]
	return reason, cordoned
}

// syncCordon tells the scheduler if it has changed whether a slot is cordoned.
func (p *hosted) syncCordon(s *slot) {
	reason, cordoned := p.cordonOf(s)
	if cordoned == s.cordoned {
		return
	}
	s.cordoned = cordoned
	order := scheduler.Order{Time: p.now, Reason: reason}
	if cordoned {
		p.must(pool.CordonWorker(order, scheduler.WorkerID(s.id)))
		return
	}
	p.must(pool.UncordonWorker(order, scheduler.WorkerID(s.id)))
}

// leave tells the scheduler that a slot is gone.
func (p *hosted) leave(s *slot) {
	p.must(pool.WorkerGone(p.now, scheduler.WorkerID(s.id)))
	p.look(s.worker)
}

// look lets the idle slots of a worker pull in the pass of this entry.
func (p *hosted) look(w *worker) {
	if w.looked != p.entry {
		w.looked = p.entry
		p.looks = append(p.looks, w)
	}
}

// touch notes that the orders of a worker may differ.
func (p *hosted) touch(w *worker) {
	p.entry.touched[WorkerKey{p.name, w.name}] = true
	p.look(w)
}

// lookAtAll lets all idle slots pull.
func (p *hosted) lookAtAll() {
	for w := range p.byName.All() {
		p.look(w)
	}
}

// forgetWorker forgets a machine without leases.
func (p *hosted) forgetWorker(w *worker) {
	p.unlistWorker(w)
	w.count = 0
	p.resize(w)
	delete(p.workers, w.name)
	p.byName.Remove(w)
	p.tellWorker(w, dispatch.WorkerChange_KIND_FORGOTTEN, "")
}

// updateWorker changes a machine's silence or leases within the list of silent ones.
func (p *hosted) updateWorker(w *worker, change func()) {
	p.unlistWorker(w)
	change()
	p.listWorker(w)
}

func (p *hosted) listWorker(w *worker) {
	if w.isSilent() && !w.hasLease() {
		p.silent.Insert(bySilence{w})
	}
}

func (p *hosted) unlistWorker(w *worker) {
	if w.isSilent() && !w.hasLease() {
		p.silent.Remove(bySilence{w})
	}
}

// tellWorker adds an event of a machine.
func (p *hosted) tellWorker(w *worker, kind dispatch.WorkerChange_Kind, message string) {
	p.entry.touched[WorkerKey{p.name, w.name}] = true
	p.entry.emit(p.name, &dispatch.Event{Kind: &dispatch.Event_Worker{
		Worker: &dispatch.WorkerChange{Worker: w.name, Kind: kind, Message: message}}})
}

// WorkerInfo is what a leader needs to know of a machine.
type WorkerInfo struct {
	Boot, Instance string
	Sequence       uint64
	Silent         bool
	LeaseTTL       time.Duration
}

func (p *hosted) infoOf(w *worker) WorkerInfo {
	return WorkerInfo{Boot: w.boot, Instance: w.instance, Sequence: w.sequence,
		Silent: w.isSilent(), LeaseTTL: p.limits.leaseTTL}
}

// Worker returns what is known of a machine.
func (m *Machine) Worker(pool, name string) (*WorkerInfo, bool) {
	p := m.pools[pool]
	if p == nil || p.workers[name] == nil {
		return nil, false
	}
	info := p.infoOf(p.workers[name])
	return &info, true
}

// Workers yields all machines, in order of pool and name, but those of pools that have failed. The
// state must not change meanwhile.
func (m *Machine) Workers() iter.Seq2[WorkerKey, WorkerInfo] {
	return func(yield func(WorkerKey, WorkerInfo) bool) {
		for _, p := range m.sortedPools() {
			if p.failed() {
				continue
			}
			for w := range p.byName.All() {
				if !yield(WorkerKey{p.name, w.name}, p.infoOf(w)) {
					return
				}
			}
		}
	}
}
