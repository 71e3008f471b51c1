package reference_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/quotasched/quotasched/internal/reference"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/reconciler"
	"github.com/quotasched/quotasched/scheduler"
)

// play is a pool with short names for what tests do to it.
type play struct {
	t     *testing.T
	apply func(*protos.Operation, scheduler.EventSink) (*protos.Result, error)
	see   func() *protos.Pool
	recorder
}

// onPools runs a test on the reference's pool and on the engine's.
func onPools(t *testing.T, c *scheduler.Config, test func(s *play)) {
	t.Run("reference", func(t *testing.T) {
		p, err := reference.NewPool(begin, c, 0)
		if err != nil {
			t.Fatal(err)
		}
		test(&play{t: t, apply: p.Apply, see: p.ToProto})
	})
	t.Run("engine", func(t *testing.T) {
		engine, err := scheduler.NewWithConfig(begin, c)
		if err != nil {
			t.Fatal(err)
		}
		if engine.ToProto().GetRuleVersion() != scheduler.RuleVersion {
			t.Skip("the engine decides by other rules")
		}
		state := reconciler.New()
		test(&play{t: t,
			apply: func(op *protos.Operation, e scheduler.EventSink) (*protos.Result, error) {
				return reconciler.Apply(context.Background(), state, engine, op, e)
			},
			see: func() *protos.Pool {
				return &protos.Pool{Scheduler: engine.ToProto(), Reconciler: state.ToProto()}
			}})
	})
}

// try applies an operation at a time.
func (s *play) try(seconds float64, op *protos.Operation) (*protos.Result, error) {
	op.Time = timestamppb.New(at(seconds))
	return s.apply(op, &s.recorder)
}

// do applies an operation, and returns its answer as "request>worker" for assignments and
// "request!worker" for cancellations.
func (s *play) do(seconds float64, op *protos.Operation) (answer []string) {
	s.t.Helper()
	result, err := s.try(seconds, op)
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

// account makes an account with so many worker-seconds at the levels from p0 on.
func (s *play) account(seconds float64, id string, ws ...float64) {
	s.t.Helper()
	a := &protos.AddAccount{AccountId: id, Config: &protos.AccountConfig{},
		Balance: make([]int64, scheduler.NumPriorities)}
	for p, n := range ws {
		a.Balance[p] = int64(scheduler.WorkerSeconds(n))
	}
	s.do(seconds, &protos.Operation{Kind: &protos.Operation_AddAccount{AddAccount: a}})
}

func (s *play) waiting(seconds float64, id, account string) { s.retry(seconds, id, account, seconds) }

// retry reports a request as waiting that was enqueued at another time.
func (s *play) retry(seconds float64, id, account string, enqueued float64) {
	s.t.Helper()
	s.do(seconds, &protos.Operation{Kind: &protos.Operation_TaskWaiting{
		TaskWaiting: &protos.TaskWaiting{RequestId: id, AccountId: account,
			EnqueueTime: timestamppb.New(at(enqueued))}}})
}

func (s *play) running(seconds float64, id, worker string) {
	s.t.Helper()
	s.do(seconds, &protos.Operation{Kind: &protos.Operation_TaskRunning{
		TaskRunning: &protos.TaskRunning{RequestId: id, WorkerId: worker}}})
}

// saved reports a task as running, with its work saved up to a time.
func (s *play) saved(seconds float64, id, worker string, saved float64) {
	s.t.Helper()
	s.do(seconds, &protos.Operation{Kind: &protos.Operation_TaskRunning{
		TaskRunning: &protos.TaskRunning{RequestId: id, WorkerId: worker,
			SavedTime: timestamppb.New(at(saved))}}})
}

func (s *play) absent(seconds float64, id string) {
	s.t.Helper()
	s.do(seconds, &protos.Operation{Kind: &protos.Operation_TaskAbsent{
		TaskAbsent: &protos.TaskAbsent{RequestId: id}}})
}

func (s *play) gone(seconds float64, worker string) {
	s.t.Helper()
	s.do(seconds, &protos.Operation{Kind: &protos.Operation_WorkerGone{
		WorkerGone: &protos.WorkerGone{WorkerId: worker}}})
}

// pull lets workers pull, and asserts the answer.
func (s *play) pull(seconds float64, workers []string, want ...string) {
	s.t.Helper()
	a := &protos.AssignTasks{}
	for _, id := range workers {
		a.Workers = append(a.Workers, &protos.IdleWorker{WorkerId: id})
	}
	op := &protos.Operation{Kind: &protos.Operation_AssignTasks{AssignTasks: a}}
	if got := s.do(seconds, op); !slices.Equal(got, want) {
		s.t.Fatalf("the pull at %v is answered %q, want %q", seconds, got, want)
	}
}

// cancelled asserts what is to be cancelled.
func (s *play) cancelled(seconds float64, want ...string) {
	s.t.Helper()
	op := &protos.Operation{Kind: &protos.Operation_GetCancellations{
		GetCancellations: &protos.GetCancellations{}}}
	if got := s.do(seconds, op); !slices.Equal(got, want) {
		s.t.Fatalf("at %v, %q are to be cancelled, want %q", seconds, got, want)
	}
}

// has asserts what an account has at p0, in worker-seconds.
func (s *play) has(id string, ws float64) {
	s.t.Helper()
	for _, a := range s.see().GetScheduler().GetAccounts() {
		if q := scheduler.Quota(a.GetBalance()[0]); a.GetId() == id {
			if q != scheduler.WorkerSeconds(ws) {
				s.t.Fatalf("%s has %v at p0, want %v", id, q, ws)
			}
			return
		}
	}
	s.t.Fatalf("there is no account %s", id)
}

// last returns the newest event of a type.
func (s *play) last(kind protos.TaskEvent_Type) *protos.TaskEvent {
	s.t.Helper()
	for _, ev := range slices.Backward(s.events) {
		if ev.GetType() == kind {
			return ev
		}
	}
	s.t.Fatalf("there is no event %v", kind)
	return nil
}

// at is so many seconds after the beginning.
func at(seconds float64) time.Time {
	return begin.Add(time.Duration(seconds * float64(time.Second)))
}
