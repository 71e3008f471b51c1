package state

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/quotasched/quotasched/protos/dispatch"
)

// A machine is a worker with its agent and its processes, which outlive the agent but not the
// machine.
type machine struct {
	name     string
	boot     int
	instance int
	sequence uint64
	obeyed   uint64               // the newest report whose answer it has followed
	sent     map[uint64]time.Time // when this process sent its reports
	deadline time.Time            // what runs must end by then
	leases   map[string]*attempt
	cut      time.Time // until when nothing gets through
	slots    int
}

// An attempt is a lease that a machine knows.
type attempt struct {
	id        string
	slot      int
	goesOn    bool
	phase     dispatch.Phase
	startedAt time.Time
	endsAt    time.Time
	exit      int32
	stopAt    time.Time // zero unless it is being stopped
	killed    bool
}

func (a *attempt) isAlive() bool { return alive(a.phase) }

// obey is a machine's: it follows orders.
func (w *world) obey(l letter) {
	x := l.to
	if l.boot != x.boot || l.instance != x.instance {
		return
	}
	if l.refused {
		w.keep("machine %s: its agent is refused, and starts anew", x.name)
		x.restart()
		return
	}
	if d := x.sent[l.answers].Add(ttl); d.After(x.deadline) {
		x.deadline = d
	}
	if l.answers <= x.obeyed {
		return // these orders are older than some that it has followed
	}
	x.obeyed = l.answers
	for _, id := range l.orders.Recorded {
		if a := x.leases[id]; a != nil && !a.isAlive() {
			delete(x.leases, id)
		}
	}
	for _, s := range l.orders.Stops {
		a := x.leases[s.GetLeaseId()]
		if a == nil {
			x.leases[s.GetLeaseId()] = &attempt{id: s.GetLeaseId(), phase: isRejected}
		} else if a.isAlive() && a.stopAt.IsZero() {
			a.stopAt = w.now.Add(time.Duration(w.dice.IntN(8)) * time.Second)
		}
	}
	for _, r := range l.orders.Runs {
		if x.leases[r.GetLeaseId()] == nil && w.now.Before(x.deadline) {
			x.leases[r.GetLeaseId()] = &attempt{id: r.GetLeaseId(), slot: int(r.GetSlot()),
				phase: dispatch.Phase_PHASE_ACCEPTED, exit: int32(w.dice.IntN(4) / 3),
				goesOn: r.GetTask().GetOnDisconnect() == dispatch.TaskSpec_ON_DISCONNECT_CONTINUE}
		}
	}
}

// live is what a machine does each second.
func (w *world) live(x *machine) {
	if !w.calm {
		w.trouble(x)
	}
	busy := map[int]bool{}
	for _, id := range slices.Sorted(maps.Keys(x.leases)) {
		if a := x.leases[id]; a.isAlive() && !a.startedAt.IsZero() {
			w.runOn(x, a)
			busy[a.slot] = busy[a.slot] || a.isAlive()
		}
	}
	for _, id := range slices.Sorted(maps.Keys(x.leases)) {
		a := x.leases[id]
		switch {
		case !a.isAlive() || !a.startedAt.IsZero():
		case !a.stopAt.IsZero():
			a.phase = isRejected
		case !w.now.Before(x.deadline):
			a.phase = isLost
		case !busy[a.slot] && w.chance(70):
			busy[a.slot] = true
			a.startedAt, a.phase = w.now, isRunning
			a.endsAt = w.now.Add(time.Duration(1+w.dice.IntN(40)) * time.Second)
			w.starts[taskOf(id)]++
			w.keep("%s starts %s, deadline %v", x.name, id, x.deadline)
		}
	}
	w.say(x)
}

// runOn lets a process go on, end, be stopped or be killed.
func (w *world) runOn(x *machine, a *attempt) {
	switch {
	case !a.goesOn && !w.now.Before(x.deadline), !a.stopAt.IsZero() && !w.now.Before(a.stopAt):
		a.phase, a.killed = isFinished, true
	case !w.now.Before(a.endsAt):
		a.phase = isFinished
		if a.exit == 0 {
			w.exits[taskOf(a.id)] = true
		}
	}
}

// trouble cuts a machine off, restarts its agent or boots it.
func (w *world) trouble(x *machine) {
	switch n := w.dice.IntN(1000); {
	case n < 8:
		x.cut = w.now.Add(time.Duration(w.dice.IntN(80)) * time.Second)
	case n < 14:
		w.keep("machine %s: its agent starts anew", x.name)
		x.restart()
	case n < 18:
		w.keep("machine %s boots", x.name)
		x.boot++
		x.restart()
		x.leases = map[string]*attempt{}
	case n < 20:
		w.keep("machine %s: its agent starts anew with other slots", x.name)
		x.slots = 1 + w.dice.IntN(2)
		x.restart()
	}
}

// restart lets another process of the agent begin.
func (x *machine) restart() {
	x.instance++
	x.sequence, x.obeyed, x.sent = 0, 0, map[uint64]time.Time{}
}

// say sends a report.
func (w *world) say(x *machine) {
	if w.chance(40) {
		return
	}
	x.sequence++
	x.sent[x.sequence] = w.now
	r := &dispatch.Report{Pool: "lab", Worker: x.name, BootId: fmt.Sprint("b", x.boot),
		InstanceId: fmt.Sprint("i", x.instance), Sequence: x.sequence, AcceptsWork: w.calm || !w.chance(5),
		Slots: int32(x.slots)}
	if x.obeyed > 0 {
		r.Epoch = 1
	}
	for _, id := range slices.Sorted(maps.Keys(x.leases)) {
		a := x.leases[id]
		l := &dispatch.LeaseReport{LeaseId: id, Slot: int32(a.slot), Phase: a.phase}
		if !a.startedAt.IsZero() {
			l.RunningFor = durationpb.New(w.now.Sub(a.startedAt))
		}
		if a.phase == isFinished {
			l.Result = &dispatch.Result{Outcome: &dispatch.Result_ExitCode{ExitCode: a.exit}}
			if a.killed {
				l.Result.Outcome = &dispatch.Result_Signal{Signal: "SIGKILL"}
			}
		}
		r.Leases = append(r.Leases, l)
	}
	w.keep("%s says %v", x.name, r)
	w.post(letter{report: r, to: x, boot: x.boot, instance: x.instance})
}
