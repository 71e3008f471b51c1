package reference_test

import (
	"fmt"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// begin is when stories begin.
var begin = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// storyteller makes up operations one after the other. It looks at the pool, so that most of them
// make sense there.
type storyteller struct {
	d     dice
	p     *profile
	clock time.Time
	// seen is the pool as it was after the last operation.
	seen *protos.Pool
	// told are the latest operations, to be told again now and then.
	told []*protos.Operation
	// gone are the requests that left lately.
	gone []string
	// phase is what there is more of for a while, in a pool with phases.
	phase phase
}

// phase is a part of a story.
type phase int

const (
	mixed phase = iota
	flood       // many requests come, few workers
	ebb         // many tasks end
	phases
)

func newStoryteller(d dice, p *profile) *storyteller {
	return &storyteller{d: d, p: p, clock: begin, seen: &protos.Pool{}}
}

// look shows the storyteller the pool after an operation.
func (s *storyteller) look(op *protos.Operation, pool *protos.Pool, events []*protos.TaskEvent) {
	s.seen = pool
	s.told = append(s.told, op)
	if len(s.told) > 12 {
		s.told = s.told[1:]
	}
	for _, ev := range events {
		if ev.GetType() == protos.TaskEvent_TYPE_COMPLETED ||
			ev.GetType() == protos.TaskEvent_TYPE_PREEMPTED {
			s.gone = append(s.gone, ev.GetRequestId())
		}
	}
	if len(s.gone) > 8 {
		s.gone = s.gone[len(s.gone)-8:]
	}
}

// next makes up an operation.
func (s *storyteller) next() *protos.Operation {
	accounts, waiting, pulls := 8, 24, 30
	if s.p.calm {
		waiting, pulls = 60, 15
	}
	if s.p.flips {
		accounts = 25
	}
	if len(s.seen.GetScheduler().GetAccounts()) < s.p.accounts {
		accounts += 15
	}
	absent := 8
	if s.p.phases && chance(s.d, 1) {
		s.phase = phase(s.d.roll(int(phases)))
	}
	switch s.phase {
	case flood:
		waiting, pulls = 8*waiting, pulls/3
	case ebb:
		absent, pulls = 8*absent, 3*pulls
	}
	tell := pickWeighted(s.d, []weighted[func() *protos.Operation]{
		{pulls, s.pull},
		{waiting, s.waiting},
		{16, s.running},
		{absent, s.absent},
		{accounts, s.account},
		{1, s.deleteAccount},
		{1, s.resetBalance},
		{3, s.taskError},
		{3, s.getCancellations},
		{2, s.workerGone},
		{7, s.order},
		{3, s.again},
		{3, s.invalid},
	})
	return tell()
}

// time draws when an operation is true: mostly a little later than the last one.
func (s *storyteller) time() *timestamppb.Timestamp {
	fraction := time.Duration(0)
	if chance(s.d, 20) {
		fraction = time.Duration(pick(s.d, 1, 499_999, 999_999, 1_000_000))
	}
	step := func(lo, hi int, unit time.Duration) func() time.Time {
		return func() time.Time {
			s.clock = s.clock.Add(time.Duration(between(s.d, lo, hi))*unit + fraction)
			return s.clock
		}
	}
	off := func(lo, hi int, unit time.Duration) func() time.Time {
		return func() time.Time {
			return s.clock.Add(time.Duration(between(s.d, lo, hi))*unit + fraction)
		}
	}
	jumps := 1
	if s.p.calm {
		jumps = 0
	}
	return timestamppb.New(pickWeighted(s.d, []weighted[func() time.Time]{
		{20, off(0, 0, time.Second)},
		{45, step(0, 3000, time.Millisecond)},
		{6 * jumps, step(1, 60, time.Second)},
		{2 * jumps, step(1, 15, time.Minute)},
		{jumps, step(1, 50, time.Hour)},
		{6, off(-3000, -1, time.Millisecond)},
		{3, off(-120, -1, time.Second)},
		{3, off(1, 3000, time.Millisecond)},
		{jumps, off(1, 5, time.Minute)},
		{jumps * s.d.roll(2), step(1, 100, 365*24*time.Hour)},
	})())
}

func (s *storyteller) newRequest() string { return fmt.Sprintf("r%d", s.d.roll(s.p.requests)) }
func (s *storyteller) newWorker() string  { return fmt.Sprintf("w%d", s.d.roll(s.p.workers)) }

// oneOf returns one of the ids, or what other makes up if there are none.
func (s *storyteller) oneOf(ids []string, other func() string) string {
	if len(ids) == 0 {
		return other()
	}
	return pick(s.d, ids...)
}

// waits, runs and mustStop are the requests that wait, that are on a worker and that were
// preempted there; placed is where each of the latter two is.
func (s *storyteller) waits() (ids []string) {
	for _, r := range s.seen.GetScheduler().GetWaitingRequests() {
		ids = append(ids, r.GetId())
	}
	return ids
}

type placed struct {
	request, worker string
	stage           protos.Stage
}

func (s *storyteller) runs() (all []placed) {
	for _, w := range s.seen.GetScheduler().GetWorkers() {
		if r := w.GetRun(); r != nil {
			all = append(all, placed{r.GetRequest().GetId(), w.GetId(), r.GetStage()})
		}
	}
	return all
}

func (s *storyteller) mustStop() (all []placed) {
	for _, q := range s.seen.GetReconciler().GetWorkerQueues() {
		for _, a := range q.GetTasksToAbort() {
			all = append(all, placed{request: a.GetRequestId(), worker: q.GetWorkerId()})
		}
	}
	return all
}

// waiting reports a request as waiting: mostly an unknown one.
func (s *storyteller) waiting() *protos.Operation {
	id := s.newRequest()
	switch runs, stop := s.runs(), s.mustStop(); {
	case chance(s.d, 10):
		id = s.oneOf(s.waits(), s.newRequest)
	case chance(s.d, 10) && len(runs) > 0:
		id = pick(s.d, runs...).request
	case chance(s.d, 15) && len(stop) > 0:
		id = pick(s.d, stop...).request
	case chance(s.d, 5):
		id = s.oneOf(s.gone, s.newRequest)
	}
	w := &protos.TaskWaiting{
		RequestId:           id,
		AccountId:           newAccount(s.d, s.p),
		BaseLabels:          some(s.d, 30, s.p.base),
		ProvisionableLabels: some(s.d, 30, s.p.provisionable),
		EnqueueTime: timestamppb.New(s.clock.Add(-pick(s.d, 0, 0, time.Nanosecond,
			time.Second, 5*time.Second, time.Minute, 11*time.Minute, -time.Minute))),
	}
	if chance(s.d, 20) {
		w.EnqueueTime = timestamppb.New(begin)
	} else if chance(s.d, 1) {
		w.EnqueueTime = pick(s.d, &timestamppb.Timestamp{}, &timestamppb.Timestamp{
			Seconds: 253402300799, Nanos: 999_999_999})
	}
	w.BaseLabels = append(w.BaseLabels, some(s.d, 50, s.p.everywhere)...)
	if s.p.ownLabels {
		w.BaseLabels = append(w.BaseLabels, "own:"+id)
	}
	if chance(s.d, 10) {
		w.Tags = pick(s.d, []string{"x"}, []string{"y", "x"}, []string{"x", "x"})
	}
	if chance(s.d, 10) {
		w.LostWork = durationpb.New(pick(s.d, time.Millisecond, time.Second, 5*time.Second,
			time.Minute, 1500*time.Microsecond))
	}
	return &protos.Operation{Time: s.time(), Kind: &protos.Operation_TaskWaiting{TaskWaiting: w}}
}

// pull lets some workers pull, mostly idle ones and those that hold an assignment, each mostly
// with the labels that it always has.
func (s *storyteller) pull() *protos.Operation {
	a := &protos.AssignTasks{}
	busy := map[string]bool{}
	for _, r := range s.runs() {
		busy[r.worker] = r.stage == protos.Stage_STAGE_RUNNING
	}
	pullMax := s.p.pullMax
	if s.p.held && !chance(s.d, 30) {
		pullMax = 0
	}
	for range between(s.d, 0, pullMax) {
		id := s.newWorker()
		if busy[id] && !chance(s.d, 8) {
			continue
		}
		a.Workers = append(a.Workers, &protos.IdleWorker{WorkerId: id,
			Labels: s.workerLabels(id)})
	}
	return &protos.Operation{Time: s.time(), Kind: &protos.Operation_AssignTasks{AssignTasks: a}}
}

// workerLabels returns the labels of a worker, which follow from its id but change now and then.
func (s *storyteller) workerLabels(id string) []string {
	home := 0
	for _, c := range id {
		home = home*31 + int(c)
	}
	d := dice(newSeededDice(uint64(home)))
	if chance(s.d, 5) || s.p.restless && chance(s.d, 60) {
		d = s.d
	}
	labels := append(some(d, 70, s.p.base), s.p.everywhere...)
	labels = append(labels, some(d, 40, s.p.provisionable)...)
	labels = append(labels, some(d, 40, s.p.extra)...)
	if s.p.ownLabels {
		for r := range s.p.requests {
			if chance(d, s.p.ownPercent) {
				labels = append(labels, fmt.Sprintf("own:r%d", r))
			}
		}
	}
	return labels
}

// running reports a task as running: mostly one that its worker was handed out, or runs already.
func (s *storyteller) running() *protos.Operation {
	r := &protos.TaskRunning{RequestId: s.newRequest(), WorkerId: s.newWorker()}
	var likely []placed
	for _, p := range s.runs() {
		if p.stage == protos.Stage_STAGE_HANDED_OUT {
			likely = append(likely, p, p, p)
		} else {
			likely = append(likely, p)
		}
	}
	switch stop := s.mustStop(); {
	case len(likely) > 0 && !chance(s.d, 25):
		at := pick(s.d, likely...)
		r.RequestId, r.WorkerId = at.request, at.worker
	case len(stop) > 0 && chance(s.d, 40):
		at := pick(s.d, stop...)
		r.RequestId, r.WorkerId = at.request, at.worker
	case len(likely) > 0 && chance(s.d, 40):
		r.RequestId = pick(s.d, likely...).request
	case chance(s.d, 60):
		r.RequestId = s.oneOf(s.waits(), s.newRequest)
	}
	if chance(s.d, 35) {
		r.SavedTime = timestamppb.New(s.clock.Add(-time.Duration(between(s.d, -1000, 8000)) *
			time.Millisecond))
	}
	return &protos.Operation{Time: s.time(), Kind: &protos.Operation_TaskRunning{TaskRunning: r}}
}

// absent reports a task as gone: mostly one that is on a worker, or was preempted.
func (s *storyteller) absent() *protos.Operation {
	id := s.newRequest()
	switch runs, stop := s.runs(), s.mustStop(); {
	case len(stop) > 0 && chance(s.d, 50):
		id = pick(s.d, stop...).request
	case len(runs) > 0 && chance(s.d, 60):
		id = pick(s.d, runs...).request
	case chance(s.d, 50):
		id = s.oneOf(s.waits(), s.newRequest)
	}
	return &protos.Operation{Time: s.time(), Kind: &protos.Operation_TaskAbsent{
		TaskAbsent: &protos.TaskAbsent{RequestId: id}}}
}

// account makes or replaces an account.
func (s *storyteller) account() *protos.Operation {
	id := fmt.Sprintf("a%d", s.d.roll(s.p.accounts))
	c := newAccountConfig(s.d, s.p)
	a := &protos.AddAccount{AccountId: id, Config: accountProto(c)}
	if chance(s.d, 90) {
		for _, q := range newBalance(s.d, s.p) {
			a.Balance = append(a.Balance, int64(q))
		}
	}
	return &protos.Operation{Time: s.time(), Kind: &protos.Operation_AddAccount{AddAccount: a}}
}

func accountProto(c *scheduler.AccountConfig) *protos.AccountConfig {
	out := &protos.AccountConfig{MaxCharge: durationpb.New(c.MaxCharge),
		MaxFanout: int64(c.MaxFanout), DisableFreeTasks: c.DisableFreeTasks,
		Description: c.Description}
	if c.SafeAfter != 0 {
		out.SafeAfter = durationpb.New(c.SafeAfter)
	}
	for _, r := range c.ChargeRate {
		out.ChargeRate = append(out.ChargeRate, int64(r))
	}
	for key, n := range c.PerLabelTaskLimits {
		if out.PerLabelTaskLimits == nil {
			out.PerLabelTaskLimits = map[string]int64{}
		}
		out.PerLabelTaskLimits[key] = int64(n)
	}
	return out
}

func (s *storyteller) deleteAccount() *protos.Operation {
	return &protos.Operation{Time: s.time(), Kind: &protos.Operation_DeleteAccount{
		DeleteAccount: &protos.DeleteAccount{AccountId: newAccount(s.d, s.p)}}}
}

func (s *storyteller) resetBalance() *protos.Operation {
	return &protos.Operation{Time: s.time(), Kind: &protos.Operation_ResetBalance{
		ResetBalance: &protos.ResetBalance{AccountId: newAccount(s.d, s.p)}}}
}

// taskError reports an error of any request.
func (s *storyteller) taskError() *protos.Operation {
	id := s.newRequest()
	if stop := s.mustStop(); len(stop) > 0 && chance(s.d, 60) {
		id = pick(s.d, stop...).request
	} else if runs := s.runs(); len(runs) > 0 && chance(s.d, 40) {
		id = pick(s.d, runs...).request
	} else if chance(s.d, 40) {
		id = s.oneOf(s.waits(), s.newRequest)
	}
	return &protos.Operation{Time: s.time(), Kind: &protos.Operation_AddTaskError{
		AddTaskError: &protos.AddTaskError{RequestId: id,
			Message: pick(s.d, "broken", "very broken", "", "bro\xffken")}}}
}

func (s *storyteller) getCancellations() *protos.Operation {
	return &protos.Operation{Time: s.time(), Kind: &protos.Operation_GetCancellations{
		GetCancellations: &protos.GetCancellations{}}}
}

// again tells one of the latest operations again, with its old time or with a new one.
func (s *storyteller) again() *protos.Operation {
	if len(s.told) == 0 {
		return s.pull()
	}
	op := cloneOperation(pick(s.d, s.told...))
	if chance(s.d, 50) {
		op.Time = s.time()
	}
	return op
}
