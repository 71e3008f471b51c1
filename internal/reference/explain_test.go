package reference_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"go.chromium.org/luci/common/data/stringset"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/quotasched/quotasched/internal/reference"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// TestExplainIsTrue makes random calls on the engine and on the reference, and now and then asks
// the engine to explain every request. What it says must be true, and asking must change nothing:
// not the state, and not what the engine decides later.
func TestExplainIsTrue(t *testing.T) {
	for i := range profiles {
		p := &profiles[i]
		t.Run(p.name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				dice := rapidDice{t}
				explainCalls(t, dice, p, between(dice, 10, 120))
			})
		})
	}
	all, ended := searches.Load(), searchesEnded.Load()
	if t.Logf("%d of %d searches for changes ended for lack of budget", ended, all); ended*50 > all {
		t.Errorf("%d of %d searches for changes ended for lack of budget", ended, all)
	}
}

// explainCalls makes some calls on both machines, with questions in between.
func explainCalls(t failer, dice dice, p *profile, length int) {
	t.Helper()
	config := newConfig(dice, p)
	journal := &journal{fmt.Sprintf("config %+v", *config)}
	naive, err := reference.NewWithConfig(begin, config)
	if err != nil {
		t.Fatalf("reference: %v", err)
	}
	engine, err := scheduler.NewWithConfig(begin, config)
	if err != nil {
		t.Fatalf("engine: %v", err)
	}
	defer func() {
		if r := recover(); r != nil {
			panic(fmt.Sprintf("%v\n%s", r, journal))
		}
	}()
	c := calls{newStoryteller(dice, p)}
	for i := range length {
		next := c.next()
		journal.note(next.name)
		compareCall(t, next, naive, engine, journal)
		snapshot := naive.ToProto()
		c.seen = &protos.Pool{Scheduler: snapshot}
		if i%8 == 7 || i == length-1 {
			journal.note("# explained")
			checkAnswers(t, engine, snapshot, journal)
		}
	}
}

// checkAnswers asks about every request, and checks the answers.
func checkAnswers(t failer, engine *scheduler.Scheduler, snapshot *protos.Scheduler,
	journal fmt.Stringer) {
	t.Helper()
	before := engine.Hash()
	for _, r := range snapshot.GetWaitingRequests() {
		a := answer{t: t, snapshot: snapshot, id: scheduler.RequestID(r.GetId()), journal: journal}
		e, err := engine.Explain(a.id)
		if err != nil {
			t.Fatalf("%s: %v\n%s", a.id, err, journal)
		}
		a.e = e
		a.checkWaiting()
		a.checkFeasible(engine)
	}
	for _, w := range snapshot.GetWorkers() {
		if w.GetRun() == nil {
			continue
		}
		a := answer{t: t, snapshot: snapshot, journal: journal,
			id: scheduler.RequestID(w.GetRun().GetRequest().GetId())}
		e, err := engine.Explain(a.id)
		if err != nil {
			t.Fatalf("%s: %v\n%s", a.id, err, journal)
		}
		a.e = e
		a.checkRunning(w)
	}
	if engine.Hash() != before {
		t.Fatalf("explaining changes the state\n%s", journal)
	}
}

// answer is an explanation of a request in a state.
type answer struct {
	t        failer
	snapshot *protos.Scheduler
	id       scheduler.RequestID
	e        *protos.Explanation
	same     *scheduler.Scheduler // see copyOnce
	journal  fmt.Stringer
}

func (a *answer) fail(format string, args ...any) {
	a.t.Helper()
	a.t.Fatalf("%s: %s\n%s\n%s", a.id, fmt.Sprintf(format, args...),
		prototext.Format(a.e), a.journal)
}

// copy returns a copy of the state.
func (a *answer) copy() *scheduler.Scheduler {
	a.t.Helper()
	s, err := scheduler.Restore(a.snapshot)
	if err != nil {
		a.t.Fatalf("%v\n%s", err, a.journal)
	}
	return s
}

// startIn returns how the next pass of a copy starts the request; nil if it does not.
func (a *answer) startIn(s *scheduler.Scheduler) *protos.StartDetails {
	events := &recorder{}
	known := map[scheduler.WorkerID]bool{}
	for _, w := range a.snapshot.GetWorkers() {
		known[scheduler.WorkerID(w.GetId())] = true
	}
	s.RunOnce(events)
	for _, ev := range events.events {
		if d := ev.GetAssigned(); d != nil && ev.GetRequestId() == string(a.id) {
			start := &protos.StartDetails{WorkerId: ev.GetWorkerId(), Level: d.GetPriority(),
				PreemptedRequestId: d.GetPreemptedRequestId()}
			if !known[scheduler.WorkerID(ev.GetWorkerId())] {
				start.WorkerId = ""
			}
			return start
		}
	}
	return nil
}

// checkWaiting checks all that is said of a request that waits.
func (a *answer) checkWaiting() {
	a.t.Helper()
	a.checkStart()
	a.checkSuggestions()
	a.checkSmallest()
	a.checkNever()
}

// checkStart compares what is said of the next pass with what it does.
func (a *answer) checkStart() {
	a.t.Helper()
	start := a.startIn(a.copy())
	w := a.e.GetWaiting()
	starts := a.e.GetVerdict() == protos.Explanation_VERDICT_STARTS
	if starts != (start != nil) || !proto.Equal(start, w.GetStart()) && start != nil {
		a.fail("the next pass starts it so: %v", start)
	}
	failed := slices.ContainsFunc(a.e.GetFindings(), func(f *protos.Finding) bool { return !f.Passed })
	if failed == starts {
		a.fail("findings that fail: %v", failed)
	}
	if starts && len(w.GetSuggestions()) > 0 {
		a.fail("suggestions for what starts")
	}
}

// checkSuggestions makes each change that is suggested: the next pass must start the request.
func (a *answer) checkSuggestions() {
	a.t.Helper()
	for _, f := range a.e.GetWaiting().GetSuggestions() {
		if !a.mayReplace() {
			break // the account cannot be given its balance again
		}
		s := a.copy()
		a.apply(s, f.GetChange())
		if start := a.startIn(s); !proto.Equal(start, f.GetStart()) {
			a.fail("with %v it starts so: %v", f.GetChange(), start)
		}
	}
}

// checkFeasible compares the verdict with the answer at the door.
func (a *answer) checkFeasible(engine *scheduler.Scheduler) {
	a.t.Helper()
	r, _ := engine.Request(a.id)
	f, err := engine.CanEverRun(&r)
	if err != nil {
		a.fail("%v", err)
	}
	never := a.e.GetVerdict() == protos.Explanation_VERDICT_NEVER
	if f.GetPossible() == never || f.GetWorkers() != a.e.GetWaiting().GetFleet().GetWorkers() {
		a.fail("feasible: %v", f)
	}
}

func (a *answer) must(err error) {
	a.t.Helper()
	if err != nil {
		a.fail("%v", err)
	}
}

// apply makes a change through the methods that a dispatcher has.
func (a *answer) apply(s *scheduler.Scheduler, change *protos.Change) {
	a.t.Helper()
	account := scheduler.AccountID(a.e.GetAccountId())
	balance, _ := s.Balance(account)
	c := s.Config().Accounts[account]
	switch k := change.GetKind().(type) {
	case *protos.Change_Balance:
		balance[k.Balance.GetLevel()] += scheduler.Quota(k.Balance.GetAmount())
		a.must(s.AddAccount(account, c, balance))
	case *protos.Change_LabelLimit:
		c.PerLabelTaskLimits[k.LabelLimit.GetKey()] = int(k.LabelLimit.GetTo())
		a.must(s.AddAccount(account, c, balance))
	case *protos.Change_Fanout:
		c.MaxFanout = int(k.Fanout.GetTo())
		a.must(s.AddAccount(account, c, balance))
	case *protos.Change_AllowFree:
		c.DisableFreeTasks = false
		a.must(s.AddAccount(account, c, balance))
	case *protos.Change_Unblock:
		a.must(s.Unblock(a.id))
	case *protos.Change_Resume:
		a.must(s.ResumeAccount(account, scheduler.Order{Time: begin}, nil))
	case *protos.Change_FreeWorker:
		a.withEach(s, k.FreeWorker.GetWorkerIds(), a.free)
	case *protos.Change_UncordonWorker:
		a.withEach(s, k.UncordonWorker.GetWorkerIds(), a.uncordon)
	case *protos.Change_MoreWorkers:
		a.add(s, int(k.MoreWorkers.GetCount()))
	default:
		a.fail("a change of no kind")
	}
}

// withEach makes a change with the first of some workers. With each other one it must do, too.
func (a *answer) withEach(s *scheduler.Scheduler, workers []string,
	change func(*scheduler.Scheduler, string)) {
	a.t.Helper()
	change(s, workers[0])
	for _, id := range workers[1:] {
		other := a.copy()
		change(other, id)
		if a.startIn(other) == nil {
			a.fail("it does not start with %s", id)
		}
	}
}

// uncordon ends the cordon of a worker.
func (a *answer) uncordon(s *scheduler.Scheduler, id string) {
	a.t.Helper()
	a.must(s.UncordonWorker(scheduler.WorkerID(id), scheduler.Order{Time: begin}, nil))
}

// free ends the task of a worker, which then pulls.
func (a *answer) free(s *scheduler.Scheduler, id string) {
	a.t.Helper()
	w, _ := s.Worker(scheduler.WorkerID(id))
	r, _ := s.Request(w.Run.Request)
	now := a.snapshot.GetLastUpdateTime().AsTime()
	a.must(s.NotifyTaskAbsent(r.ID, latest(now, w.ConfirmedTime, r.ConfirmedTime), nil))
	a.must(s.MarkIdle(w.ID, stringset.NewFromSlice(w.Labels...), now, nil))
}

func latest(times ...time.Time) time.Time { return slices.MaxFunc(times, time.Time.Compare) }

// add adds idle workers with just the labels of the request, behind all others.
func (a *answer) add(s *scheduler.Scheduler, n int) {
	a.t.Helper()
	labels := stringset.NewFromSlice(a.e.GetBaseLabels()...)
	labels.AddAll(a.e.GetProvisionableLabels())
	for i := range n {
		id := scheduler.WorkerID(fmt.Sprintf("\U0010ffff%s%06d", strings.Repeat("z", 3), i))
		a.must(s.MarkIdle(id, labels, a.snapshot.GetLastUpdateTime().AsTime(), nil))
	}
}

// checkRunning compares what is said of a task with what the next pass does.
func (a *answer) checkRunning(w *protos.Worker) {
	a.t.Helper()
	s := a.copy()
	s.RunOnce(nil)
	code := a.e.GetFindings()[0].GetCode()
	after, on := s.Request(a.id)
	now, _ := s.Worker(scheduler.WorkerID(w.GetId()))
	want := protos.Finding_KeepsWorker
	switch {
	case !on || string(after.Worker) != w.GetId():
		want = protos.Finding_PreemptedNext
	case int32(now.Run.Priority) > w.GetRun().GetPriority():
		want = protos.Finding_DemotedNext
	case int32(now.Run.Priority) < w.GetRun().GetPriority():
		want = protos.Finding_PromotedNext
	}
	if code != want {
		a.fail("the next pass says %s", want)
	}
	if len(a.e.GetFindings()) > 1 && (want == protos.Finding_DemotedNext ||
		!a.e.GetRunning().GetDemotion().GetSafe() ||
		a.e.GetFindings()[1].GetCode() != protos.Finding_SafeFromDemotion) {
		a.fail("the task is not safe from demotion")
	}
	contenders := a.e.GetRunning().GetContenders()
	takes := len(contenders) > 0 && contenders[0].GetCode() == protos.Finding_CODE_UNSPECIFIED
	if takes != (want == protos.Finding_PreemptedNext) ||
		takes && contenders[0].GetRequestId() != string(now.Run.Request) {
		a.fail("the worker then runs %v", now.Run)
	}
	switch r := a.e.GetRunning(); {
	case takes && r.GetTakenBy() != string(now.Run.Request):
		a.fail("the worker then runs %v", now.Run)
	case !takes && (r.GetTakenBy() != "" || r.GetNextLevel() != int32(now.Run.Priority)):
		a.fail("the task then runs at %v", now.Run.Priority)
	}
}
