package simulator

import (
	"errors"
	"fmt"
	"time"

	"github.com/quotasched/quotasched/internal/words"
	"github.com/quotasched/quotasched/scheduler"
)

// Workload is what is asked of a fleet: everything that will be submitted, known in advance.
type Workload struct {
	// Name is for people: a file's, or that of a built-in workload.
	Name string
	// Start is the moment from which the submissions' times are counted.
	Start time.Time
	// RealWorkers is the size of the machine that the workload is from; 0 if that is not known, or
	// if there was none.
	RealWorkers int
	// RealPreemptionsKnown is true if the workload knows how often its submissions were preempted.
	RealPreemptionsKnown bool
	// Submissions are in order of their times.
	Submissions []Submission
}

// Submission is a number of equal requests that are submitted together, such as one job of a log:
// a job of n processors is a submission of size n, and becomes n requests. They are scheduled one
// by one, not as a gang.
type Submission struct {
	// ID is unique in the workload, and not empty. The requests are called ID if there is one, and
	// ID.0, ID.1 and so on if there are more.
	ID string
	// Account pays for the tasks; if it is empty or has no quota, they are free.
	Account scheduler.AccountID
	// BaseLabels must all be on a worker that runs a task.
	BaseLabels []string
	// ProvisionableLabels are labels that a worker is given before the task if it lacks them.
	ProvisionableLabels []string
	// Submit is when the requests arrive, from the workload's start; not negative.
	Submit time.Duration
	// Run is how long each task runs, without provisioning; more than 0.
	Run time.Duration
	// Size is the number of requests; more than 0.
	Size int
	// RealWait is how long the submission waited in reality, where the workload is from a log, and
	// Unknown where that is not known.
	RealWait time.Duration
	// RealPreemptions is how often it was preempted (evicted) in reality; read only if the
	// workload's RealPreemptionsKnown is set.
	RealPreemptions int
	// Importance is what the submitter said of it, such as the name of a queue. The scheduler does
	// not know it: it groups figures, and a policy may have made an account of it. It may be empty.
	Importance string
}

// Unknown is a duration that is not known.
const Unknown time.Duration = -1

// maxSubmit bounds submit and run times: two hundred years are enough, and a Duration holds them.
const maxSubmit = 200 * 365 * 24 * time.Hour

// ErrSetup is what errors about a run's input wrap: a workload, fleet, policy or timing that no run
// can begin with.
var ErrSetup = errors.New("cannot simulate this")

// validate returns nil, or an error that names the first submission that is not as it should be.
// Whether ids are unique is found out when they are indexed, see names.go.
func (w *Workload) validate() error {
	if w == nil || len(w.Submissions) == 0 {
		return fmt.Errorf("%w: the workload is empty", ErrSetup)
	}
	for i := range w.Submissions {
		s := &w.Submissions[i]
		switch {
		case s.ID == "":
			return fmt.Errorf("%w: submission %d has no id", ErrSetup, i)
		case s.Submit < 0 || s.Submit > maxSubmit:
			return fmt.Errorf("%w: submission %q at %v", ErrSetup, s.ID, s.Submit)
		case i > 0 && s.Submit < w.Submissions[i-1].Submit:
			return fmt.Errorf("%w: submission %q is out of order", ErrSetup, s.ID)
		case s.Run <= 0 || s.Run > maxSubmit:
			return fmt.Errorf("%w: submission %q runs for %v", ErrSetup, s.ID, s.Run)
		case s.Size <= 0:
			return fmt.Errorf("%w: submission %q has size %s", ErrSetup, s.ID,
				words.Number(s.Size))
		}
	}
	return nil
}

// Requests returns the number of requests in all submissions.
func (w *Workload) Requests() int {
	n := 0
	for i := range w.Submissions {
		n += w.Submissions[i].Size
	}
	return n
}

// AccountIDs returns the accounts that submissions name, each once, in order of appearance. The
// empty one is left out.
func (w *Workload) AccountIDs() []scheduler.AccountID {
	var ids []scheduler.AccountID
	seen := map[scheduler.AccountID]bool{"": true}
	for i := range w.Submissions {
		if id := w.Submissions[i].Account; !seen[id] {
			seen[id] = true
			ids = append(ids, id)
		}
	}
	return ids
}
