package reference_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// stage is a duel with short names for what tests do to a pool. Both sides are compared after each
// operation, so what is worked out by hand holds for either.
type stage struct {
	t *testing.T
	*duel
}

func newStage(t *testing.T) *stage {
	return &stage{t, newDuel(t, &scheduler.Config{BurstCover: -1}, 10*time.Minute)}
}

// do applies an operation at a time, and returns its answer as "request>worker" for assignments
// and "request!worker" for cancellations.
func (s *stage) do(seconds float64, op *protos.Operation) (answer []string) {
	s.t.Helper()
	op.Time = timestamppb.New(at(seconds))
	_, result, _, err := s.apply(s.t, op)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, a := range result.GetAssignments() {
		answer = append(answer, a.GetRequestId()+">"+a.GetWorkerId())
	}
	for _, c := range result.GetCancellations() {
		answer = append(answer, c.GetRequestId()+"!"+c.GetWorkerId())
	}
	return answer
}

func (s *stage) waiting(seconds float64, id, account string, base ...string) {
	s.t.Helper()
	s.do(seconds, &protos.Operation{Kind: &protos.Operation_TaskWaiting{
		TaskWaiting: &protos.TaskWaiting{RequestId: id, AccountId: account, BaseLabels: base,
			EnqueueTime: timestamppb.New(at(seconds))}}})
}

func (s *stage) running(seconds float64, id, worker string) {
	s.t.Helper()
	s.do(seconds, &protos.Operation{Kind: &protos.Operation_TaskRunning{
		TaskRunning: &protos.TaskRunning{RequestId: id, WorkerId: worker}}})
}

func (s *stage) absent(seconds float64, id string) {
	s.t.Helper()
	s.do(seconds, &protos.Operation{Kind: &protos.Operation_TaskAbsent{
		TaskAbsent: &protos.TaskAbsent{RequestId: id}}})
}

func (s *stage) fails(seconds float64, id string) {
	s.t.Helper()
	s.do(seconds, &protos.Operation{Kind: &protos.Operation_AddTaskError{
		AddTaskError: &protos.AddTaskError{RequestId: id, Message: "broken"}}})
}

// account gives an account so many worker-seconds at p0.
func (s *stage) account(seconds float64, id string, balance int64) {
	s.t.Helper()
	s.do(seconds, &protos.Operation{Kind: &protos.Operation_AddAccount{
		AddAccount: &protos.AddAccount{AccountId: id,
			Config:  accountProto(&scheduler.AccountConfig{}),
			Balance: []int64{balance * quotaUnit, 0, 0, 0, 0}}}})
}

// pull lets the workers w0, w1, ... pull, each with the label x, and asserts the answer.
func (s *stage) pull(seconds float64, workers int, want ...string) {
	s.t.Helper()
	a := &protos.AssignTasks{}
	for i := range workers {
		a.Workers = append(a.Workers, &protos.IdleWorker{WorkerId: fmt.Sprint("w", i),
			Labels: []string{"x"}})
	}
	op := &protos.Operation{Kind: &protos.Operation_AssignTasks{AssignTasks: a}}
	if got := s.do(seconds, op); !slices.Equal(got, want) {
		s.t.Fatalf("the pull at %v is answered %q, want %q", seconds, got, want)
	}
}

// cancelled asserts what is to be cancelled.
func (s *stage) cancelled(seconds float64, want ...string) {
	s.t.Helper()
	op := &protos.Operation{Kind: &protos.Operation_GetCancellations{
		GetCancellations: &protos.GetCancellations{}}}
	if got := s.do(seconds, op); !slices.Equal(got, want) {
		s.t.Fatalf("at %v, %q are to be cancelled, want %q", seconds, got, want)
	}
}

// TestPreemptedUntilGone: a preempted task is cancelled again and again until it is reported gone;
// news that it runs changes nothing, and its worker keeps what it is to run next.
func TestPreemptedUntilGone(t *testing.T) {
	s := newStage(t)
	s.waiting(0, "old", "")
	s.pull(0, 1, "old>w0")
	s.running(1, "old", "w0")
	s.account(2, "a", 100)
	s.waiting(2, "new", "a")
	s.pull(3, 0)
	s.cancelled(3, "old!w0")
	s.running(4, "old", "w0")
	s.absent(2.9, "old") // Before the preemption.
	s.cancelled(4, "old!w0")
	s.absent(4, "old")
	s.cancelled(4)
	s.pull(5, 1, "new>w0")
	s.pull(6, 1, "new>w0")
	s.running(7, "new", "w0")
	s.cancelled(7)
}

// TestPreemptorPreempted: what is aborted stays the task that really runs.
func TestPreemptorPreempted(t *testing.T) {
	s := newStage(t)
	s.waiting(0, "r0", "")
	s.pull(0, 1, "r0>w0")
	s.running(1, "r0", "w0")
	s.account(2, "a", 1)
	s.waiting(2, "r1", "a")
	s.pull(2, 0)
	s.account(3, "a", -700) // r1 comes down to p1, and can be preempted.
	s.account(3, "b", 100)
	s.waiting(3, "r2", "b")
	s.pull(3, 0)
	s.cancelled(3, "r0!w0")
	s.absent(4, "r0")
	s.pull(5, 1, "r2>w0")
	s.pull(6, 2, "r2>w0", "r1>w1")
}

// TestTimeOut: an assignment that nobody acknowledged for ten minutes waits again, and what must
// stop still must.
func TestTimeOut(t *testing.T) {
	s := newStage(t)
	s.waiting(0, "old", "")
	s.pull(0, 1, "old>w0")
	s.running(0, "old", "w0")
	s.account(1, "a", 10_000)
	s.waiting(1, "new", "a")
	s.pull(1, 0)
	s.pull(600.999, 1, "new>w0")
	s.running(0.999, "new", "w0") // Older than the assignment.
	s.pull(600.999, 1, "new>w0")
	s.pull(601, 0)
	s.cancelled(601, "old!w0")
	s.pull(602, 2, "new>w0")
}

// TestFoundRunning: a waiting request that is found on a worker is not given to another one.
func TestFoundRunning(t *testing.T) {
	s := newStage(t)
	s.waiting(0, "r", "")
	s.running(1, "r", "w9")
	s.pull(2, 2)
	s.running(3, "r", "w8")
	s.pull(4, 2)
}

// TestErrorsAreNotPlaced: a task with an error is taken back, and cancelled until it is absent.
func TestErrorsAreNotPlaced(t *testing.T) {
	s := newStage(t)
	s.pull(0, 1)
	s.waiting(0, "r", "")
	s.pull(0, 0) // Held for w0.
	s.fails(1, "r")
	s.cancelled(1, "r!")
	s.pull(1, 1)
	s.fails(1, "unknown")
	s.cancelled(1, "r!", "unknown!")
	s.absent(2, "r")
	s.absent(2, "unknown")
	s.cancelled(2)
	s.waiting(3, "r", "")
	s.pull(3, 1, "r>w0")
	s.fails(3, "r")
	s.cancelled(3, "r!w0")
	s.pull(4, 1)
}

// TestLabelsChange: what is held for a worker is not handed to it without the labels for it.
func TestLabelsChange(t *testing.T) {
	s := newStage(t)
	s.do(0, &protos.Operation{Kind: &protos.Operation_AssignTasks{AssignTasks: &protos.AssignTasks{
		Workers: []*protos.IdleWorker{{WorkerId: "w0", Labels: []string{"gpu", "x"}}}}}})
	s.waiting(1, "r", "", "gpu")
	s.pull(1, 0)
	s.pull(0.5, 1) // Old news of other labels: it stays held.
	s.pull(2, 1)
	s.pull(3, 2)
}
