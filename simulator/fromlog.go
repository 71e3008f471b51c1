package simulator

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/quotasched/quotasched/scheduler"
	"github.com/quotasched/quotasched/simulator/swf"
)

// AccountField is the field of a log's job that names the account of its tasks.
type AccountField string

// The fields that can name accounts.
const (
	AccountGroup AccountField = "group"
	AccountUser  AccountField = "user"
	AccountQueue AccountField = "queue"
	// AccountNone makes no accounts: all tasks are free, in order of submission.
	AccountNone AccountField = "none"
)

// AccountFields are all of them.
var AccountFields = []AccountField{AccountGroup, AccountUser, AccountQueue, AccountNone}

// of returns the account of a job: "group-12" for group 12, and "group-unknown" where the log does
// not say.
func (f AccountField) of(job *swf.Job) scheduler.AccountID {
	var n int64
	switch f {
	case AccountGroup:
		n = job.Group
	case AccountUser:
		n = job.User
	case AccountQueue:
		n = job.Queue
	default:
		return ""
	}
	if n < 0 {
		return scheduler.AccountID(f + "-unknown")
	}
	return scheduler.AccountID(string(f) + "-" + strconv.FormatInt(n, 10))
}

// defaultStart is when a log begins that does not say when it began.
var defaultStart = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// maxProcessors bounds what a log's header says of its machine.
const maxProcessors = 1_000_000_000

// FromLog makes a workload of a log: each job that ran becomes a submission of its size, with its
// run time and, for comparison, its real wait. Jobs that never ran (their run time or size is 0 or
// unknown) are left out, and counted. Labels are not used.
func FromLog(log *swf.Log, name string, field AccountField) (w *Workload, neverRan int) {
	w = &Workload{
		Name:        name,
		Start:       defaultStart,
		RealWorkers: int(min(log.Header.Processors(), maxProcessors)),
	}
	if start, ok := log.Header.Start(); ok {
		w.Start = start
	}
	seen := make(map[int64]bool, len(log.Jobs))
	for i := range log.Jobs {
		job := &log.Jobs[i]
		if !job.Ran() {
			neverRan++
			continue
		}
		id := strconv.FormatInt(job.Number, 10)
		if seen[job.Number] { // a log of several parts may begin anew
			id = fmt.Sprintf("%d@%d", job.Number, i+1)
		}
		seen[job.Number] = true
		w.Submissions = append(w.Submissions, Submission{
			ID:       id,
			Account:  field.of(job),
			Submit:   time.Duration(job.SubmitSeconds) * time.Second,
			Run:      time.Duration(job.RunSeconds) * time.Second,
			Size:     int(job.Size()),
			RealWait: realWait(job),
		})
	}
	slices.SortStableFunc(w.Submissions, func(a, b Submission) int {
		return int(min(1, max(-1, a.Submit-b.Submit)))
	})
	return w, neverRan
}

// realWait is the wait that the log states.
func realWait(job *swf.Job) time.Duration {
	if job.WaitSeconds < 0 {
		return Unknown
	}
	return time.Duration(job.WaitSeconds) * time.Second
}

// Machines returns a fleet of n workers without labels: worker-000 and so on.
func Machines(n int) []Worker {
	digits := len(strconv.Itoa(max(n-1, 0)))
	workers := make([]Worker, n)
	for i := range workers {
		workers[i].ID = scheduler.WorkerID(fmt.Sprintf("worker-%0*d", digits, i))
	}
	return workers
}
