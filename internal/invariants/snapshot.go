package invariants

import (
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/quotasched/quotasched/protos"
)

// content is a request's content with names instead of numbers.
type content struct {
	account             string
	base, provisionable []string
	// enqueued is not told by events, but by operations.
	enqueued time.Time
}

// placed is where a snapshot has a request, and how.
type placed struct {
	content
	// worker is empty for a request that waits; then run is nil.
	worker  string
	run     *protos.Run
	blocked bool
	// lost is the work lost to preemption, in milliseconds.
	lost int64
	// next is what a request on a worker asks for if it waits again; nil if that is the same.
	next *content
}

// idle is an idle worker of a snapshot.
type idle struct {
	id     string
	labels []string
}

// picture is a snapshot with names instead of numbers.
type picture struct {
	now      time.Time
	accounts map[string]*protos.Account
	requests map[string]*placed
	idle     []idle
	labels   map[string][]string // of each worker
	tables   *protos.Scheduler
}

// CheckScheduler returns an error if the snapshot of a scheduler by itself breaks an invariant:
// a request in two places, a worker named twice or both idle and busy, or a number that names
// nothing.
func CheckScheduler(s *protos.Scheduler) error {
	_, err := newPicture(s)
	return err
}

// newPicture reads a snapshot.
func newPicture(s *protos.Scheduler) (*picture, error) {
	p := &picture{
		now:      s.GetLastUpdateTime().AsTime(),
		accounts: map[string]*protos.Account{},
		requests: map[string]*placed{},
		labels:   map[string][]string{},
		tables:   s,
	}
	for _, a := range s.GetAccounts() {
		if p.accounts[a.GetId()] != nil {
			return nil, broken(OnePlace, "account %q is in the snapshot twice", a.GetId())
		}
		p.accounts[a.GetId()] = a
	}
	for _, r := range s.GetWaitingRequests() {
		if err := p.addRequest(r, &placed{}); err != nil {
			return nil, err
		}
	}
	for _, w := range s.GetWorkers() {
		if err := p.addWorker(w); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func (p *picture) addRequest(r *protos.Request, at *placed) error {
	if r.GetId() == "" {
		return broken(OnePlace, "a request without an id, on worker %q", at.worker)
	}
	if other := p.requests[r.GetId()]; other != nil {
		return broken(OnePlace, "request %q is on %q and on %q (none is waiting)", r.GetId(),
			other.worker, at.worker)
	}
	var err error
	if at.content, err = p.content(r.GetContent()); err != nil {
		return err
	}
	at.blocked = r.GetBlocked()
	at.lost = r.GetLostWork().AsDuration().Milliseconds()
	p.requests[r.GetId()] = at
	return nil
}

func (p *picture) addWorker(w *protos.Worker) error {
	if _, twice := p.labels[w.GetId()]; twice {
		return broken(OnePlace, "worker %q is in the snapshot twice", w.GetId())
	}
	labels, err := p.labelSet(w.GetLabelSet())
	if err != nil {
		return err
	}
	p.labels[w.GetId()] = labels
	if (w.GetRun() == nil) != (w.GetIdleSince() != nil) {
		return broken(OnePlace, "worker %q is both idle and busy, or neither", w.GetId())
	}
	if w.GetRun() == nil {
		p.idle = append(p.idle, idle{w.GetId(), labels})
		return nil
	}
	at := &placed{worker: w.GetId(), run: w.GetRun()}
	if n := w.GetRun().GetNextContent(); n != nil {
		next, err := p.content(n)
		if err != nil {
			return err
		}
		at.next = &next
	}
	return p.addRequest(w.GetRun().GetRequest(), at)
}

func (p *picture) content(c *protos.RequestContent) (content, error) {
	out := content{enqueued: c.GetEnqueueTime().AsTime()}
	if n := int(c.GetAccount()); n > len(p.tables.GetAccountIds()) {
		return out, broken(OnePlace, "account number %d names nothing", n)
	} else if n > 0 {
		out.account = p.tables.GetAccountIds()[n-1]
	}
	var err error
	if out.base, err = p.labelSet(c.GetBaseLabelSet()); err != nil {
		return out, err
	}
	out.provisionable, err = p.labelSet(c.GetProvisionableLabelSet())
	return out, err
}

func (p *picture) labelSet(number uint32) ([]string, error) {
	if number == 0 {
		return nil, nil
	}
	if int(number) > len(p.tables.GetLabelSets()) {
		return nil, broken(OnePlace, "label set %d names nothing", number)
	}
	var out []string
	for _, id := range p.tables.GetLabelSets()[number-1].GetLabelIds() {
		if int(id) >= len(p.tables.GetLabels()) {
			return nil, broken(OnePlace, "label %d names nothing", id)
		}
		out = append(out, p.tables.GetLabels()[id])
	}
	return out, nil
}

// millis is a time in milliseconds since 1970; 0 if there is none.
func millis(t *timestamppb.Timestamp) int64 {
	if t == nil {
		return 0
	}
	return t.AsTime().UnixMilli()
}

// hasAll says whether all wanted labels are there; both are sorted.
func hasAll(labels, wanted []string) bool {
	for _, l := range wanted {
		if _, found := slices.BinarySearch(labels, l); !found {
			return false
		}
	}
	return true
}
