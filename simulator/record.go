package simulator

import (
	"fmt"
	"slices"
	"time"

	"github.com/quotasched/quotasched/scheduler"
)

// TaskRecord is the story of one request, told when it has ended: an impossible one when it
// arrives, and one that has not ended when the run does, in order of id. Times are from the
// workload's start, and Unknown if they never came.
type TaskRecord struct {
	Request    scheduler.RequestID
	Submission string
	Account    scheduler.AccountID
	Importance string
	// Outcome is how it ended: "completed", "impossible", "expired", "dropped", "lost" or
	// "unfinished".
	Outcome string
	Submit  time.Duration
	// FirstStart is the start of its first run, Start that of its last one, and End the end of
	// that. Provisioning is a part of a run.
	FirstStart, Start, End time.Duration
	// Worker had its last run, and Level is where that ended, or is at the end of the figures.
	// Without a run they are empty and the free bucket.
	Worker scheduler.WorkerID
	Level  scheduler.Priority
	// Runs counts its runs, and Preemptions how often the pool preempted it.
	Runs, Preemptions int
	// Provision is what its last run spent on provisioning, and Lost what those of its runs had
	// done that were stopped.
	Provision, Lost time.Duration
	// RealWait is the wait of its submission in reality, or Unknown.
	RealWait time.Duration
}

// recordEnd tells of a request that has ended.
func (e *engine) recordEnd(r *request, outcome string) {
	if e.setup.Record == nil || !e.tally.counts(int(r.submission)) {
		return
	}
	record := e.newRecord(int(r.submission), r.id, outcome)
	record.Runs, record.Preemptions, record.Lost = int(r.runs), int(r.preemptions), r.lost
	if r.runs > 0 {
		until := r.stopped
		record.FirstStart, record.Start, record.End = r.first, r.started, r.stopped
		record.Worker, record.Level = r.ranOn.id, scheduler.Priority(r.ranAt)
		if r.stopped == Unknown {
			until, record.Level = e.now, scheduler.Priority(r.level)
		}
		record.Provision = max(0, min(until, r.provisioned)-r.started)
	}
	e.tell(record)
}

// recordImpossible tells of the requests of a submission that no fleet of this size can run.
func (e *engine) recordImpossible(submission int) {
	if e.setup.Record == nil || !e.tally.counts(submission) {
		return
	}
	s := &e.setup.Workload.Submissions[submission]
	for i := 0; i < s.Size && e.recordErr == nil; i++ {
		e.tell(e.newRecord(submission, s.requestID(i), "impossible"))
	}
}

// recordUnfinished tells of the requests that have not ended at the end of the run.
func (e *engine) recordUnfinished() error {
	if e.setup.Record != nil {
		left := slices.SortedFunc(e.requests.each(), func(a, b *request) int {
			return compareIDs(a.id, b.id)
		})
		for _, r := range left {
			e.recordEnd(r, "unfinished")
		}
	}
	return e.recordErr
}

// newRecord returns the record of a request that never ran.
func (e *engine) newRecord(submission int, id scheduler.RequestID, outcome string) *TaskRecord {
	s := &e.setup.Workload.Submissions[submission]
	return &TaskRecord{
		Request:    id,
		Submission: s.ID,
		Account:    s.Account,
		Importance: s.Importance,
		Outcome:    outcome,
		Submit:     s.Submit,
		FirstStart: Unknown,
		Start:      Unknown,
		End:        Unknown,
		Level:      scheduler.FreeBucket,
		RealWait:   s.RealWait,
	}
}

// tell gives Setup.Record a record, unless it failed before.
func (e *engine) tell(record *TaskRecord) {
	if e.recordErr != nil {
		return
	}
	if err := e.setup.Record(record); err != nil {
		e.recordErr = fmt.Errorf("record of request %q: %w", record.Request, err)
	}
}
