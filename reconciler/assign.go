package reconciler

import (
	"context"
	"slices"
	"time"

	"go.chromium.org/luci/common/data/stringset"
	"go.chromium.org/luci/common/logging"

	"github.com/quotasched/quotasched/internal/check"
	"github.com/quotasched/quotasched/scheduler"
)

// Assignment represents a scheduler-initiated operation to assign a task to a worker.
type Assignment struct {
	// WorkerID is the ID of the worker that is being assigned a task.
	WorkerID scheduler.WorkerID

	// RequestID is the ID of the task request that is being assigned.
	RequestID scheduler.RequestID

	// ProvisionRequired indicates whether the worker needs to be provisioned (in other words, it
	// is true if the worker does not possess the request's provisionable labels).
	ProvisionRequired bool
}

// IdleWorker represents a worker that is idle and wants to have a task assigned.
type IdleWorker struct {
	// ID is the ID of the idle worker.
	ID scheduler.WorkerID

	// Labels is the set of labels of the idle worker.
	Labels stringset.Set
}

// AssignTasks accepts any number of idle workers, and returns tasks to be assigned to those workers
// (if there are tasks available), in the order of the call. It takes back what has timed out, moves
// the scheduler to time t, and runs a pass; assignments for workers that are not in this call are
// held until they pull.
//
// A worker that has an assignment is given it again. A worker listed twice is given one assignment,
// by its first mention; nil workers, empty ids and labels that are not UTF-8 are passed over, with
// a warning through the context's logger. A t outside the years 1970 to 9999 changes nothing, with
// an error through the logger. A t before the scheduler's time does not turn it back: the pass runs
// at the scheduler's time.
//
// Beside a pass, it costs O(tasks with errors), O(labels) for each worker and O(log n) for each
// assignment that is made or times out.
func (state *State) AssignTasks(ctx context.Context, s *scheduler.Scheduler, t time.Time,
	events scheduler.EventSink, workers ...*IdleWorker) []Assignment {
	state.checkCall(ctx)
	if err := checkTime(t); err != nil {
		logging.Errorf(ctx, "AssignTasks: %s", err)
		return nil
	}
	pulls := make([]pull, 0, len(workers))
	for i, w := range workers {
		if w == nil {
			logging.Warningf(ctx, "AssignTasks: worker %d of the call is nil", i)
			continue
		}
		pulls = append(pulls, pull{index: i, id: w.ID, set: w.Labels})
	}
	return state.assignTasks(ctx, s, t, events, pulls, nil)
}

// A pull is a worker that asks for a task: the one at index of the call, with its labels as a set
// or in any order.
type pull struct {
	index  int
	id     scheduler.WorkerID
	set    stringset.Set // nil if the labels are listed
	labels []string      // of a set only if they are not those with which the worker is known
	again  bool          // they are those with which the scheduler knows the worker
}

// compare finds out whether the scheduler knows the worker of a pull with its labels, as it mostly
// does: then nothing has to be looked at for each label again.
func (p *pull) compare(s *scheduler.Scheduler) {
	if p.set == nil {
		p.again = s.HasLabelList(p.id, p.labels)
	} else if p.again = s.HasLabels(p.id, p.set); !p.again {
		p.labels = p.set.ToSlice()
	}
}

// markIdle tells the scheduler that the worker is idle.
func (p *pull) markIdle(s *scheduler.Scheduler, t time.Time, events scheduler.EventSink) error {
	if p.again {
		return s.MarkIdleAgain(p.id, t, events)
	}
	return s.MarkIdleWith(p.id, p.labels, t, events)
}

// satisfies reports whether the labels have all the base labels, and all the provisionable labels,
// of a request that is on the worker.
func (p *pull) satisfies(s *scheduler.Scheduler, r scheduler.RequestID) (base, prov bool) {
	if p.again {
		return s.SatisfiesAgain(r, p.id)
	}
	return s.Satisfies(p.labels, r, p.id)
}

// assignTasks is AssignTasks at a valid time, for workers some of which may not count. It appends
// to out, and uses the memory of pulls.
func (state *State) assignTasks(ctx context.Context, s *scheduler.Scheduler, t time.Time,
	events scheduler.EventSink, pulls []pull, out []Assignment) []Assignment {
	state.scheduler = s
	state.blockErrors(s, t, events)
	state.timeOut(s, t, events)
	s.UpdateTime(t, events)
	for _, r := range s.TakeExpiredTries() {
		state.expired[r.Request] = r.EnqueueTime
	}
	pulls = state.validPulls(ctx, s, pulls)
	state.takePulls(ctx, s, t, events, pulls)
	state.hold(s.RunOnce(events), t)
	return state.handOut(ctx, s, pulls, out)
}

// validPulls returns the pulls of a call that count, in the memory of its argument.
func (state *State) validPulls(ctx context.Context, s *scheduler.Scheduler, pulls []pull) []pull {
	valid := pulls[:0]
	for i := range pulls {
		p := pulls[i]
		p.compare(s)
		if err := checkPull(&p); err != nil {
			logging.Warningf(ctx, "AssignTasks: worker %d of the call: %s", p.index, err)
		} else if len(pulls) > 1 && !state.seen.Add(string(p.id)) {
			logging.Warningf(ctx, "AssignTasks: worker %s is in the call twice",
				check.Quote(p.id))
		} else {
			valid = append(valid, p)
		}
	}
	if len(valid) > seenMax {
		state.seen = stringset.New(0)
	}
	clear(state.seen)
	return valid
}

// seenMax is for how many workers of a call memory is kept: to clear it costs what it once held.
const seenMax = 256

// blockErrors keeps the scheduler from placing requests with errors, and takes them back if they
// were not handed out.
func (state *State) blockErrors(s *scheduler.Scheduler, t time.Time, events scheduler.EventSink) {
	if len(state.errors) == 0 {
		return
	}
	for _, id := range sortedKeys(state.errors) {
		if !s.Knows(id) {
			continue
		}
		if w, stage, ok := s.Stage(id); ok && stage == scheduler.Held {
			state.unassign(s, id, w, t, events)
		}
		must(s.Block(id))
	}
}

// timeOut takes back the assignments that nobody has acknowledged in time.
func (state *State) timeOut(s *scheduler.Scheduler, t time.Time, events scheduler.EventSink) {
	for _, w := range state.due(t) {
		state.unassign(s, state.entries[w].request, w, t, events)
	}
}

// unassign removes an entry, and its assignment if the scheduler still has it.
func (state *State) unassign(s *scheduler.Scheduler, r scheduler.RequestID, w scheduler.WorkerID,
	t time.Time, events scheduler.EventSink) {
	state.dropEntry(w)
	if s.IsAssigned(r, w) {
		must(s.Unassign(r, w, t, events))
	}
}

// takePulls tells the scheduler which workers are idle: those for which nothing is held, and those
// whose labels no longer satisfy what is.
func (state *State) takePulls(ctx context.Context, s *scheduler.Scheduler, t time.Time,
	events scheduler.EventSink, pulls []pull) {
	for i := range pulls {
		w := &pulls[i]
		e := state.entries[w.id]
		if e != nil && state.isStale(s, w.id, e) {
			state.dropEntry(w.id)
			e = nil
		}
		if e != nil {
			if base, _ := w.satisfies(s, e.request); base {
				continue
			}
			logging.Infof(ctx, "AssignTasks: the labels of worker %s no longer satisfy request %s",
				check.Quote(w.id), check.Quote(e.request))
		}
		must(w.markIdle(s, t, events))
		if e != nil {
			state.dropStale(s, w.id)
		}
	}
}

// hold makes each assignment of a pass its worker's entry.
func (state *State) hold(assignments []scheduler.Assignment, t time.Time) {
	for _, a := range assignments {
		state.setEntry(a.Worker, &entry{request: a.Request, since: t})
		if a.Abort != "" {
			state.addAbort(a.Worker, a.Abort, preemption{since: t, lost: a.LostWork})
		}
	}
}

// handOut gives each worker of a call what is held for it, and appends that to out. A pull that was
// old news may have labels that do not satisfy it: then it is held for a newer pull.
func (state *State) handOut(ctx context.Context, s *scheduler.Scheduler,
	pulls []pull, out []Assignment) []Assignment {
	out = slices.Grow(out, min(len(pulls), len(state.entries)))
	for i := range pulls {
		w := &pulls[i]
		e := state.entries[w.id]
		if e == nil || state.errors[e.request] != nil {
			continue
		}
		base, provisioned := w.satisfies(s, e.request)
		if !base {
			continue
		}
		must(s.MarkHandedOut(e.request, w.id))
		e.handedOut = true
		out = append(out, Assignment{
			WorkerID:          w.id,
			RequestID:         e.request,
			ProvisionRequired: !provisioned,
		})
	}
	logging.Debugf(ctx, "AssignTasks: %d workers pulled, %d were given tasks", len(pulls), len(out))
	return out
}

// must panics if an operation fails whose arguments were checked before.
func must(err error) {
	if err != nil {
		panic("invariant: checked arguments are valid: " + err.Error())
	}
}
