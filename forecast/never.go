package forecast

import (
	"fmt"
	"slices"

	"github.com/quotasched/quotasched/explain"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// whyNever returns what keeps a request from ever running on the fleet; nil if it may run. The
// workers that the pool knows count only as far as they are of the fleet.
func (s *scene) whyNever(pool *scheduler.Scheduler, r *scheduler.TaskRequest) *protos.Finding {
	f, err := pool.CanEverRun(r)
	if err != nil { // which no request has that the pool took
		return nil
	}
	fits := s.fits(r)
	explain.DescribeFeasibility(f)
	for _, finding := range f.GetFindings() {
		if finding.GetCode() != protos.Finding_NoSuchWorker || !fits {
			return finding
		}
	}
	if fits {
		return nil
	}
	return &protos.Finding{
		Code:    protos.Finding_NoSuchWorker,
		Message: fmt.Sprintf("no worker of the fleet has the labels %q", r.BaseLabels),
	}
}

// fits reports whether a worker of the fleet has the base labels of a request.
func (s *scene) fits(r *scheduler.TaskRequest) bool {
	for i := range s.options.Workers {
		if hasAll(s.options.Workers[i].Labels, r.BaseLabels) {
			return true
		}
	}
	return false
}

// hasAll reports whether some labels have all others among them.
func hasAll(labels, all []string) bool {
	for _, l := range all {
		if !slices.Contains(labels, l) {
			return false
		}
	}
	return true
}
