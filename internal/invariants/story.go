package invariants

import (
	"slices"

	"github.com/quotasched/quotasched/protos"
)

// task is a known request as its events tell it.
type task struct {
	content
	// worker is empty while it waits.
	worker string
	stage  protos.Stage
	level  int32
	// cost is what the run had cost at paidSince, in milliseconds; of that, preemptionCost went
	// to another account.
	cost, preemptionCost vector
	paidSince            int64
	// handedOut is when it was handed out or adopted, and saved up to when its work is saved, in
	// milliseconds; 0 if it was not.
	handedOut, saved int64
	// lost is the work of its earlier runs that was lost to preemption, in milliseconds.
	lost int64
	// next is what it asks for if it waits again, if something newer was said.
	next *content
}

// story is the places of all requests and workers with a task, from events alone.
type story struct {
	tasks    map[string]*task
	onWorker map[string]string
}

func newStory() *story {
	return &story{tasks: map[string]*task{}, onWorker: map[string]string{}}
}

// read takes the places from a snapshot.
func (s *story) read(p *picture) {
	for id, at := range p.requests {
		t := &task{content: at.content, worker: at.worker, lost: at.lost}
		if r := at.run; r != nil {
			t.stage = r.GetStage()
			t.level = r.GetPriority()
			copy(t.cost[:], r.GetCost())
			copy(t.preemptionCost[:], r.GetPreemptionCost())
			t.paidSince = r.GetPaidSince().AsTime().UnixMilli()
			t.handedOut = millis(r.GetHandOutTime())
			t.saved = millis(r.GetSavedTime())
			s.onWorker[at.worker] = id
			t.next = at.next
		}
		s.tasks[id] = t
	}
}

// compare says where a snapshot has other places than the events told.
func (s *story) compare(p *picture) error {
	for id, t := range s.tasks {
		at := p.requests[id]
		if at == nil {
			return broken(NothingDropped, "request %q is gone without an event", id)
		}
		if at.worker != t.worker {
			return broken(NothingDropped, "request %q is on %q without an event; it was on %q",
				id, at.worker, t.worker)
		}
		if at.account != t.account || !slices.Equal(at.base, t.base) ||
			!slices.Equal(at.provisionable, t.provisionable) {
			return broken(NothingDropped, "request %q is %v without an event; it was %v",
				id, at.content, t.content)
		}
		if !at.enqueued.Equal(t.enqueued) || at.lost != t.lost {
			return broken(NothingDropped, "request %q is enqueued at %v, %d ms lost, without an "+
				"event; it was at %v, %d ms", id, at.enqueued, at.lost, t.enqueued, t.lost)
		}
		if t.worker == "" {
			continue
		}
		if at.run.GetStage() != t.stage {
			return broken(OnlyStarted, "request %q on %q is at %v; it was at %v", id, t.worker,
				at.run.GetStage(), t.stage)
		}
		if at.run.GetPriority() != t.level {
			return broken(NothingDropped, "request %q is at level %d without an event; it was "+
				"at %d", id, at.run.GetPriority(), t.level)
		}
	}
	for id := range p.requests {
		if s.tasks[id] == nil {
			return broken(NothingDropped, "request %q is known without an event", id)
		}
	}
	return nil
}

// waiting returns the known request of an event that is about one that waits.
func (s *story) waiting(ev *protos.TaskEvent) (*task, error) {
	t := s.tasks[ev.GetRequestId()]
	if t == nil {
		return nil, broken(NothingDropped, "%v of %q, which is not known", ev.GetType(),
			ev.GetRequestId())
	}
	if t.worker != "" {
		return nil, broken(OnePlace, "%v of %q, which is on %q", ev.GetType(),
			ev.GetRequestId(), t.worker)
	}
	return t, nil
}

// placed returns the known request of an event that is about one on the event's worker.
func (s *story) placed(ev *protos.TaskEvent) (*task, error) {
	t := s.tasks[ev.GetRequestId()]
	if t == nil {
		return nil, broken(NothingDropped, "%v of %q, which is not known", ev.GetType(),
			ev.GetRequestId())
	}
	if t.worker == "" || t.worker != ev.GetWorkerId() {
		return nil, broken(OnePlace, "%v of %q on %q, which is on %q", ev.GetType(),
			ev.GetRequestId(), ev.GetWorkerId(), t.worker)
	}
	return t, nil
}

// put moves a request to a worker that has none.
func (s *story) put(id string, t *task, worker string) error {
	if other, busy := s.onWorker[worker]; busy {
		return broken(OnePlace, "%q comes to %q, where %q is", id, worker, other)
	}
	if worker == "" {
		return broken(OnePlace, "%q comes to a worker without an id", id)
	}
	if t.worker != "" {
		delete(s.onWorker, t.worker)
	}
	t.worker = worker
	s.onWorker[worker] = id
	return nil
}

// startedOn returns the worker that a request was handed to or runs on; empty if there is none.
func (s *story) startedOn(id string) string {
	if t := s.tasks[id]; t != nil && t.worker != "" && t.stage != protos.Stage_STAGE_HELD {
		return t.worker
	}
	return ""
}

// lift makes a request wait that is on a worker.
func (s *story) lift(t *task) {
	delete(s.onWorker, t.worker)
	t.worker = ""
	t.handedOut, t.saved = 0, 0
}

// remove forgets a request.
func (s *story) remove(id string) {
	if t := s.tasks[id]; t.worker != "" {
		delete(s.onWorker, t.worker)
	}
	delete(s.tasks, id)
}

// contentOf returns the content that an event tells.
func contentOf(ev *protos.TaskEvent) content {
	return content{account: ev.GetAccountId(), base: ev.GetBaseLabels(),
		provisionable: ev.GetProvisionableLabels()}
}
