package experiment

import (
	"context"
	"fmt"
	"sync"

	"github.com/quotasched/quotasched/scheduler"
	"github.com/quotasched/quotasched/simulator/trace"
)

// workload is one that runs share; none of them changes it.
type workload struct {
	trace.Loaded
	accounts []scheduler.AccountID
	requests int
	workers  int // of the fleet that it was first made for
}

// shelf holds the workloads of an experiment, each from its first run to its last one.
type shelf struct {
	loader *loader
	places map[string]*place
}

// place is that of one workload.
type place struct {
	mu       sync.Mutex
	workload *workload
	err      error
	runs     int // that need it still
}

// workloadOf names the workload of a variant and a seed.
func workloadOf(v *variant, seed uint64) string {
	if v.trace != "" {
		return v.workload // a log is the same for all seeds
	}
	return fmt.Sprintf("%s%d", v.workload, seed)
}

// newShelf returns a shelf for all runs.
func newShelf(e *Experiment, runs []planned) *shelf {
	s := &shelf{loader: e.loader, places: map[string]*place{}}
	for _, r := range runs {
		p := s.places[r.workload]
		if p == nil {
			p = &place{}
			s.places[r.workload] = p
		}
		p.runs++
	}
	if p := s.places[workloadOf(e.variants[0], e.File.Seeds[0])]; p != nil {
		p.workload = e.loader.first
	}
	return s
}

// take returns a run's workload, and makes it if it is the first one that needs it.
func (s *shelf) take(ctx context.Context, r *planned) (*workload, error) {
	p := s.places[r.workload]
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.workload == nil && p.err == nil {
		p.workload, p.err = s.loader.workload(ctx, r.variant, r.seed)
	}
	return p.workload, p.err
}

// giveBack lets a workload go when no run needs it any more.
func (s *shelf) giveBack(r *planned) {
	p := s.places[r.workload]
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.runs--; p.runs == 0 {
		p.workload = nil
	}
}
