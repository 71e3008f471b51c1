package simulator

import (
	"time"

	"github.com/quotasched/quotasched/scheduler"
)

// TaskRecord is the story of one request, told when it has ended. Times are from the workload's
// start, and Unknown if they never came.
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
	// that.
	FirstStart, Start, End time.Duration
	// Worker had its last run, and Level is where that ended.
	Worker scheduler.WorkerID
	Level  scheduler.Priority
	// Runs counts its runs, and Preemptions how often the pool preempted it.
	Runs, Preemptions int
	// Provision is what its last run spent on provisioning, and Lost what its other runs had done.
	Provision, Lost time.Duration
	// RealWait is the wait of its submission in reality, or Unknown.
	RealWait time.Duration
}
