package state

import (
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/quotasched/quotasched/internal/check"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/protos/replica"
	"github.com/quotasched/quotasched/scheduler"
)

const (
	// externalAhead is how far ahead of the state's time an external dispatcher's news may be,
	externalAhead = 10 * time.Second
	// and externalBehind how far behind the pool's time a pull: an older one is taken at that time.
	externalBehind = 10 * time.Second
)

// external runs an operation of an external pool.
func (e *entry) external(c *replica.ExternalOperation, out *replica.CommandOutcome) error {
	op := c.GetOperation()
	if err := Check(c); err != nil {
		return err
	}
	return e.on(c.GetPool(), func(p *hosted) error {
		if !p.external {
			return refuse(codes.FailedPrecondition,
				"pool %s is not external: its tasks and workers are this dispatcher's", p.name)
		}
		at := op.GetTime().AsTime()
		if ahead := at.Sub(e.at); ahead > externalAhead {
			return invalid("pool %s: the time of the news is %v ahead, more than %v", p.name,
				ahead.Round(time.Millisecond), externalAhead)
		}
		if err := p.checkExternalBounds(op); err != nil {
			return err
		}
		if op.GetAssignTasks() != nil {
			op = p.timePull(op)
		}
		result, err := p.apply(op)
		if err != nil {
			return refusalOf(err)
		}
		out.Answer = &replica.CommandOutcome_External{External: result}
		return nil
	})
}

// timePull returns a pull that is not older than the pool allows, and takes its time for the
// pool's.
func (p *hosted) timePull(op *protos.Operation) *protos.Operation {
	at := op.GetTime().AsTime()
	if p.now.Sub(at) > externalBehind {
		op = proto.CloneOf(op)
		op.Time = timestamppb.New(p.now)
	}
	if at.After(p.now) {
		p.now = at
	}
	return op
}

// checkExternalBounds refuses requests and workers beyond what the pool holds.
func (p *hosted) checkExternalBounds(op *protos.Operation) error {
	c := p.pool.Counts()
	busy := 0
	for _, n := range c.Running {
		busy += n
	}
	s := p.pool.Scheduler()
	if id := op.GetTaskWaiting().GetRequestId(); id != "" && !s.Knows(scheduler.RequestID(id)) {
		if n := int64(c.Waiting+busy) + 1; n > p.limits.liveTasks {
			return exhausted(p.name, "requests", n, p.limits.liveTasks)
		}
	}
	fresh := 0
	for _, w := range op.GetAssignTasks().GetWorkers() {
		if _, known := s.Worker(scheduler.WorkerID(w.GetWorkerId())); !known {
			fresh++
		}
	}
	if n := int64(c.Idle + busy + fresh); fresh > 0 && n > p.limits.workers {
		return exhausted(p.name, "workers", n, p.limits.workers)
	}
	return nil
}

// checkExternal checks an operation of an external pool as far as that needs no state. The pool
// checks the rest.
func checkExternal(c *replica.ExternalOperation) error {
	op := c.GetOperation()
	at := op.GetTime()
	if at == nil || at.CheckValid() != nil || !check.InRange(at.AsTime()) {
		return invalid("operation.time is missing, or not in the years 1970 to 9999")
	}
	switch op.GetKind().(type) {
	case *protos.Operation_TaskWaiting, *protos.Operation_TaskRunning, *protos.Operation_TaskAbsent,
		*protos.Operation_AddTaskError, *protos.Operation_AssignTasks,
		*protos.Operation_GetCancellations, *protos.Operation_WorkerGone:
		return nil
	}
	return invalid("operation: only news, pulls and get_cancellations are of another dispatcher's")
}
