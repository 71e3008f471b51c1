package scheduler

import (
	"github.com/quotasched/quotasched/internal/slotset"
	"github.com/quotasched/quotasched/protos"
)

// CanEverRun says whether any pass could start a request like this one, whatever waits and runs,
// and whatever time goes by, as long as the fleet and its account's settings are what they are. It
// says no only where that is certain: no known worker has all base labels, or its account may not
// run free, has nothing, earns nothing, and runs nothing for which it could get a refund. So a
// dispatcher can refuse or flag such a request when it comes. Whether the request is known makes no
// difference, and nothing changes. It costs O(labels), and O(1) for each worker class that has
// the rarest of them. explain.DescribeFeasibility fills in the messages of the answer.
//
// The error is ErrInvalid, as AddRequest's.
func (s *Scheduler) CanEverRun(r *TaskRequest) (*protos.Feasibility, error) {
	s.checkMade()
	if err := r.Validate(); err != nil {
		return nil, err
	}
	var f findings
	d := &protos.Feasibility{
		Workers:   int64(s.workersWith(r.BaseLabels)),
		AccountId: string(r.Account),
	}
	if d.Workers == 0 {
		d.MissingLabels = s.missingLabels(r.BaseLabels)
		f.add(protos.Finding_NoSuchWorker, false)
	}
	if a := s.accounts[r.Account]; a != nil && a.neverPays() {
		f.add(protos.Finding_NeverPays, false)
	}
	d.Findings = f.all()
	d.Possible = len(d.Findings) == 0
	return d, nil
}

// neverPays reports whether the account can never start anything: it may not run free, and no level
// has anything or will have.
func (a *account) neverPays() bool {
	return a.neverFree() && !a.hasRuns() && a.caps == (Balance{}) && !a.balance.anyAbove(0)
}

// anyAbove reports whether any level has more than q.
func (b Balance) anyAbove(q Quota) bool {
	for _, have := range b {
		if have > q {
			return true
		}
	}
	return false
}

// workersWith counts the known workers that have all the labels.
func (s *Scheduler) workersWith(labels []string) (n int) {
	x := s.index
	sets := []*slotset.Set{&x.all}
	for _, name := range labels {
		l := s.labels.byName[name]
		if l == nil || l.classes.Len() == 0 {
			return 0
		}
		sets = append(sets, &l.classes)
	}
	slotset.Intersect(sets, func(slot uint32) bool {
		n += x.slots[slot].workers
		return true
	})
	return n
}

// missingLabels returns those labels that no known worker has, sorted.
func (s *Scheduler) missingLabels(labels []string) (missing []string) {
	for _, name := range sortedSet(labels) {
		if l := s.labels.byName[name]; l == nil || l.classes.Len() == 0 {
			missing = append(missing, name)
		}
	}
	return missing
}
