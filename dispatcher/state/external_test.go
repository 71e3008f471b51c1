package state

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	"github.com/quotasched/quotasched/pool"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/protos/dispatch"
	"github.com/quotasched/quotasched/protos/replica"
	"github.com/quotasched/quotasched/scheduler"
)

// An outside is another dispatcher, with an external pool "lab".
type outside struct {
	t     *testing.T
	m     *Machine
	index uint64
	at    time.Time
}

func newOutside(t *testing.T) *outside {
	o := &outside{t: t, m: New(), at: start}
	o.apply(&replica.Command{Kind: &replica.Command_CreatePool{CreatePool: &dispatch.CreatePoolRequest{
		Pool: "lab", External: true}}})
	return o
}

func (o *outside) apply(c *replica.Command) *replica.CommandOutcome {
	o.t.Helper()
	o.index++
	got, err := o.m.Apply(o.index, &replica.Entry{RuleVersion: 1, Time: timestamppb.New(o.at),
		Commands: []*replica.Command{c}})
	require.NoError(o.t, err)
	out := got.Outcome.GetCommands()[0]
	require.Zero(o.t, out.GetCode(), out.GetError())
	return out
}

func (o *outside) say(op *protos.Operation) *protos.Result {
	o.t.Helper()
	return o.apply(&replica.Command{Kind: &replica.Command_External{
		External: &replica.ExternalOperation{Pool: "lab", Operation: op}}}).GetExternal()
}

func (o *outside) waiting(id string) {
	o.t.Helper()
	o.say(pool.TaskWaiting(o.at, scheduler.TaskRequest{ID: scheduler.RequestID(id), EnqueueTime: o.at}))
}

// pull returns what a worker is given; "" for nothing.
func (o *outside) pull(worker string) string {
	o.t.Helper()
	r := o.say(pool.AssignTasks(o.at, pool.IdleWorker(scheduler.WorkerID(worker))))
	if len(r.GetAssignments()) == 0 {
		return ""
	}
	return r.GetAssignments()[0].GetRequestId()
}

func (o *outside) callbacks() []string {
	o.t.Helper()
	return o.apply(&replica.Command{Kind: &replica.Command_TakeCallbacks{
		TakeCallbacks: &replica.TakeCallbacks{Pool: "lab"}}}).GetCallbacks().GetRequestIds()
}

// restart goes on from a snapshot.
func (o *outside) restart() {
	o.t.Helper()
	var err error
	o.m, err = again(o.m)
	require.NoError(o.t, err)
}

// A task's error, as all that is asked about, ends when nobody has said anything of it for a day and
// 60 callbacks; not sooner, however often or rarely it was asked about.
func TestTaskErrorsEnd(t *testing.T) {
	for every, calls := range map[time.Duration]int{time.Minute: 24 * 60, 10 * time.Minute: 24 * 6,
		time.Hour: 60} {
		o := newOutside(t)
		o.say(pool.AddTaskError(o.at, "bad", "no account"))
		o.waiting("lost")
		for n := range calls {
			o.at = o.at.Add(every)
			o.waiting("answered")
			if n%50 == 0 {
				o.restart()
			}
			if n+1 == calls {
				continue
			}
			require.Equal(t, []string{"bad", "lost"}, o.callbacks(), "%v: call %d", every, n)
			all, err := o.m.Cancellations("lab")
			require.NoError(t, err)
			require.Len(t, all, 1)
		}
		o.at = o.at.Add(every)
		if every == time.Hour { // the 60th callback, and one more turn
			require.Equal(t, []string{"bad", "lost"}, o.callbacks()[:2])
			o.at = o.at.Add(every)
		}
		require.NotContains(t, o.callbacks(), "bad")
		all, err := o.m.Cancellations("lab")
		require.NoError(t, err)
		require.Empty(t, all)
		require.EqualValues(t, 1, o.m.pools["lab"].requests(), "lost is over, and answered is not")
	}
}

// That a task is over is known for an hour, after which nothing is kept of it.
func TestWhatIsOverIsForgotten(t *testing.T) {
	o := newOutside(t)
	for i := range 100 {
		o.say(pool.TaskAbsent(o.at, scheduler.RequestID(fmt.Sprint("t", i))))
		o.at = o.at.Add(time.Second)
	}
	o.restart()
	p := o.m.pools["lab"]
	require.Len(t, p.over.byID, 100)
	due, ok := o.m.NextDue()
	require.True(t, ok)
	require.Equal(t, start.Add(time.Hour), due)
	o.at = due.Add(49 * time.Second)
	o.apply(&replica.Command{Kind: &replica.Command_Tick{Tick: &replica.Tick{}}})
	require.Len(t, p.over.byID, 50)
	require.Equal(t, 50, p.over.queue.Len())
	require.Empty(t, p.heard.byID)
}

// The servers of another dispatcher have clocks of their own: one says that a bot still runs a task,
// and another one has said, of a little earlier, that it asks for the next.
func TestAWorkerThatGoesOnIsNotTakenBack(t *testing.T) {
	for name, acknowledged := range map[string]bool{"handed out": false, "running": true} {
		t.Run(name, func(t *testing.T) {
			o := newOutside(t)
			o.waiting("first")
			require.Equal(t, "first", o.pull("w"))
			o.say(pool.TaskRunning(o.at, "first", "w"))
			o.at = o.at.Add(time.Minute)
			o.waiting("first") // it was killed, and waits again
			o.waiting("second")
			next := o.pull("w")
			other := map[string]string{"first": "second", "second": "first"}[next]
			if acknowledged {
				o.say(pool.TaskRunning(o.at, scheduler.RequestID(next), "w"))
			}

			late := o.at.Add(3 * time.Second)
			o.say(pool.TaskRunning(late, scheduler.RequestID(other), "w"))
			on, _, _ := o.m.pools["lab"].pool.Scheduler().Stage(scheduler.RequestID(next))
			require.EqualValues(t, "w", on)
			_, _, runs := o.m.pools["lab"].pool.Scheduler().Stage(scheduler.RequestID(other))
			require.False(t, runs)

			o.at = o.at.Add(externalSkew + time.Second) // still true: the other one is wrong
			o.say(pool.TaskRunning(o.at, scheduler.RequestID(other), "w"))
			on, _, _ = o.m.pools["lab"].pool.Scheduler().Stage(scheduler.RequestID(other))
			require.EqualValues(t, "w", on)
		})
	}
}

// There is a bound on tasks that wait, run or are to be cancelled, together.
func TestTaskErrorsCountAsTasks(t *testing.T) {
	o := newOutside(t)
	o.m.pools["lab"].limits.liveTasks = 2
	o.say(pool.AddTaskError(o.at, "bad", "x"))
	o.waiting("a")
	o.waiting("a")
	for _, op := range []*protos.Operation{pool.AddTaskError(o.at, "b", "x"), pool.TaskWaiting(o.at,
		scheduler.TaskRequest{ID: "c", EnqueueTime: o.at})} {
		o.index++
		got, err := o.m.Apply(o.index, &replica.Entry{RuleVersion: 1, Time: timestamppb.New(o.at),
			Commands: []*replica.Command{{Kind: &replica.Command_External{
				External: &replica.ExternalOperation{Pool: "lab", Operation: op}}}}})
		require.NoError(t, err)
		require.Equal(t, "pool lab: requests: 3 are more than 2",
			got.Outcome.GetCommands()[0].GetError())
	}
}

// Whatever another dispatcher says, in whatever order, a state goes on from its snapshot as without
// one, and all that the scheduler knows has its turn.
func TestAnyNewsOfAnotherDispatcher(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		o, plain := newOutside(t), newOutside(t)
		id := rapid.SampledFrom([]string{"r1", "r2", "r3", "r4"})
		worker := rapid.SampledFrom([]string{"w1", "w2"})
		for range rapid.IntRange(1, 60).Draw(r, "steps") {
			o.at = o.at.Add(time.Duration(rapid.IntRange(0, 90).Draw(r, "after")) * time.Second)
			at := o.at.Add(-time.Duration(rapid.IntRange(-9, 40).Draw(r, "late")) * time.Second)
			request := scheduler.RequestID(id.Draw(r, "request"))
			w := scheduler.WorkerID(worker.Draw(r, "worker"))
			op := rapid.SampledFrom([]*protos.Operation{
				pool.TaskWaiting(at, scheduler.TaskRequest{ID: request, EnqueueTime: at}),
				pool.TaskRunning(at, request, w), pool.TaskAbsent(at, request),
				pool.AddTaskError(at, request, "wrong"), pool.WorkerGone(at, w),
				pool.AssignTasks(at, pool.IdleWorker(w)), pool.AssignTasks(at, pool.IdleWorker(w)),
				nil,
			}).Draw(r, "operation")
			c := &replica.Command{Kind: &replica.Command_TakeCallbacks{
				TakeCallbacks: &replica.TakeCallbacks{Pool: "lab"}}}
			if op != nil {
				c.Kind = &replica.Command_External{
					External: &replica.ExternalOperation{Pool: "lab", Operation: op}}
			}
			plain.at = o.at
			plain.apply(c)
			o.apply(c)
			require.NoError(t, checkInvariants(o.m))
			require.False(t, o.m.pools["lab"].failed(), o.m.pools["lab"].status.GetFailure())
			if rapid.IntRange(0, 9).Draw(r, "restart") == 0 {
				o.restart()
			}
			require.Equal(t, plain.m.RollingHash(), o.m.RollingHash())
		}
		require.Equal(t, plain.m.pools["lab"].hash(), o.m.pools["lab"].hash())
	})
}
