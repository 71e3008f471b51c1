package state

import (
	"crypto/sha256"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/quotasched/quotasched/protos/dispatch"
)

// The states of a task.
const (
	unborn    = dispatch.Task_STATE_UNSPECIFIED
	waiting   = dispatch.Task_STATE_WAITING
	assigned  = dispatch.Task_STATE_ASSIGNED
	running   = dispatch.Task_STATE_RUNNING
	stopping  = dispatch.Task_STATE_STOPPING
	succeeded = dispatch.Task_STATE_SUCCEEDED
	failed    = dispatch.Task_STATE_FAILED
	cancelled = dispatch.Task_STATE_CANCELLED
	expired   = dispatch.Task_STATE_EXPIRED
	lost      = dispatch.Task_STATE_LOST
	rejected  = dispatch.Task_STATE_REJECTED
	numStates = rejected + 1
)

// A task is one task. What the lists of its pool depend on changes within hosted.update alone.
type task struct {
	id       string
	account  *account
	spec     []byte // a TaskSpec, as it was marshalled; without its payload when the task has ended
	payload  int    // bytes of the payload in it
	key      *taskKey
	identity string
	state    dispatch.Task_State
	enqueued time.Time
	changed  time.Time

	attempts, losses, failures, preemptions int32

	lease    *lease // the attempt under way, or the last one; nil before the first
	lostWork time.Duration
	message  string
	result   *dispatch.Result
	late     *dispatch.Result
}

// A taskKey is the key of a task, and the SHA-256 of the spec that was submitted with it.
type taskKey struct {
	key  string
	hash [sha256.Size]byte
}

// A lease is an attempt.
type lease struct {
	id        string
	slot      *slot // nil when it is over
	worker    string
	boot      string
	phase     dispatch.Phase
	assigned  time.Time
	started   time.Time // zero before
	stop      dispatch.StopReason
	stopped   time.Time // zero before
	provision bool
	saved     time.Duration // as the pool was last told
	silent    time.Time     // since when nothing is heard of it while it goes on; else zero
}

// onWorker reports whether a task has an attempt under way.
func (t *task) onWorker() bool { return isOnWorker(t.state) }

func isOnWorker(s dispatch.Task_State) bool {
	return s == assigned || s == running || s == stopping
}

// hasEnded reports whether nothing more becomes of a task.
func (t *task) hasEnded() bool { return t.state > stopping }

// unaccepted reports whether it counts how long a task is on a worker that has not said that it has
// it.
func (t *task) unaccepted() bool {
	return t.state == assigned && t.lease.phase == dispatch.Phase_PHASE_UNSPECIFIED &&
		t.lease.silent.IsZero()
}

// LeaseID names an attempt.
func LeaseID(task string, attempt int32) string {
	return task + "/" + strconv.Itoa(int(attempt))
}

// taskOf returns the task that a lease's name names.
func taskOf(leaseID string) string {
	id, _, _ := strings.Cut(leaseID, "/")
	return id
}

// toProto returns a task as people see it.
func (t *task) toProto(pool string) *dispatch.Task {
	m := (&taskMessage{}).fill(t)
	m.Pool, m.Spec = pool, t.parseSpec()
	return m
}

// copyToProto is toProto for messages that leave the state.
func (t *task) copyToProto(pool string) *dispatch.Task {
	m := t.toProto(pool)
	m.Result, m.LateResult = proto.CloneOf(m.Result), proto.CloneOf(m.LateResult)
	return m
}

// timestampOf returns a time as a message; nil for the zero time.
func timestampOf(t time.Time) *timestamppb.Timestamp {
	return fillTime(&timestamppb.Timestamp{}, t)
}

// timeOf returns the time of a message; the zero time for nil.
func timeOf(t *timestamppb.Timestamp) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.AsTime()
}
