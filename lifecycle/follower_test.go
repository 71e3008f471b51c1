package lifecycle_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	"github.com/quotasched/quotasched/internal/recording"
	"github.com/quotasched/quotasched/internal/scramble"
	"github.com/quotasched/quotasched/lifecycle"
	"github.com/quotasched/quotasched/pool"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

var start = time.Date(2026, time.January, 5, 9, 0, 0, 0, time.UTC)

func newPool(t require.TestingT, expiration time.Duration) *pool.Pool {
	a := &scheduler.AccountConfig{MaxCharge: time.Hour}
	a.ChargeRate[0] = scheduler.Workers(2)
	p, err := pool.New(start, &scheduler.Config{RequestExpiration: expiration, BurstCover: -1,
		MaxLostWork: [scheduler.NumPriorities]time.Duration{-1, -1, -1, -1, -1},
		Accounts:    map[scheduler.AccountID]*scheduler.AccountConfig{"a": a}})
	require.NoError(t, err)
	return p
}

// places returns where each request is, without times, which a snapshot does not have for all, and
// without what a snapshot does not say of what is being stopped.
func places(f *lifecycle.Follower) []lifecycle.Request {
	var all []lifecycle.Request
	for r := range f.Requests() {
		r.Since, r.Start = time.Time{}, time.Time{}
		if r.State == lifecycle.Stopping {
			r.Account, r.Worker, r.Level = "", "", 0
		}
		all = append(all, r)
	}
	return all
}

// Whatever a pool is told, a follower that saw all of it knows the same as one that begins with the
// pool's snapshot; and each change begins where the one before it ended. But a snapshot remembers
// that a request has expired until it is reported absent, also when it was tried again since.
func TestFollowsThePool(t *testing.T) {
	kinds := map[lifecycle.Kind]int{}
	rapid.Check(t, func(t *rapid.T) {
		expiration := time.Duration(rapid.IntRange(0, 5).Draw(t, "expiration")) * time.Minute
		p := newPool(t, expiration)
		f := lifecycle.New(p.Snapshot())
		last := map[scheduler.RequestID]lifecycle.Request{}
		retried := map[scheduler.RequestID]bool{}
		for i, op := range recording.Operations(t, start) {
			outcome, _ := p.Step(context.Background(), op)
			for _, c := range f.Step(op, outcome) {
				kinds[c.Kind]++
				was, known := last[c.Now.ID]
				if !known {
					was = lifecycle.Request{ID: c.Now.ID}
				}
				if diff := cmp.Diff(was, c.Was); diff != "" {
					t.Fatalf("operation %d, %v: %s begins elsewhere (-before +now):\n%s", i, op,
						c.Kind, diff)
				}
				last[c.Now.ID] = c.Now
				if c.Kind == lifecycle.Arrived && c.Was.State == lifecycle.Stopping {
					retried[c.Now.ID] = true
				}
				if c.Now.State == lifecycle.Unknown {
					delete(last, c.Now.ID)
				}
			}
			scramble.Everything(op)
			scramble.Everything(outcome)
			want := slices.DeleteFunc(places(lifecycle.New(p.Snapshot())),
				func(r lifecycle.Request) bool {
					_, known := f.Request(r.ID)
					return !known && r.State == lifecycle.Stopping && retried[r.ID]
				})
			if diff := cmp.Diff(want, places(f), cmpopts.EquateEmpty()); diff != "" {
				t.Fatalf("operation %d, %v (-snapshot +follower):\n%s", i, op, diff)
			}
		}
	})
	for _, k := range []lifecycle.Kind{lifecycle.Arrived, lifecycle.Assigned, lifecycle.Started,
		lifecycle.Adopted, lifecycle.Ended, lifecycle.Requeued} { // others are rare in random news
		require.NotZero(t, kinds[k], "%s", k)
	}
}

// An expired request is forgotten with what it has lost: tried again, it begins anew.
func TestAnExpiredRequestHasLostNothing(t *testing.T) {
	f := lifecycle.New(newPool(t, time.Minute).Snapshot())
	for _, e := range []*protos.TaskEvent{
		{Type: protos.TaskEvent_TYPE_ENQUEUED},
		{Type: protos.TaskEvent_TYPE_ASSIGNED, WorkerId: "w"},
		{Type: protos.TaskEvent_TYPE_PREEMPTED, WorkerId: "w"},
		{Type: protos.TaskEvent_TYPE_ENQUEUED},
		{Type: protos.TaskEvent_TYPE_COMPLETED,
			Details: &protos.TaskEvent_Completed_{Completed: &protos.TaskEvent_Completed{
				Reason: protos.TaskEvent_Completed_REASON_EXPIRED}}},
	} {
		e.RequestId, e.Time = "r", timestamppb.New(start)
		if e.Type == protos.TaskEvent_TYPE_PREEMPTED {
			f.Start("r", "w", start)
			e.Details = &protos.TaskEvent_Preempted_{Preempted: &protos.TaskEvent_Preempted{
				LostWork: durationpb.New(time.Minute)}}
		}
		f.Event(e)
		if e.Type == protos.TaskEvent_TYPE_PREEMPTED {
			r, _ := f.Request("r")
			require.Equal(t, time.Minute, r.Lost)
		}
	}
	r, known := f.Request("r")
	require.True(t, known)
	require.Equal(t, lifecycle.Stopping, r.State)
	require.Zero(t, r.Lost)
}

// So it is on a day of the device lab, with all that happens every day.
func TestFollowsARecordedDay(t *testing.T) {
	r, err := recording.Example("device-lab.yaml", "quota", "workload.length=24h")
	require.NoError(t, err)
	p, n := r.Opened()
	f := lifecycle.New(p.Snapshot())
	kinds := map[lifecycle.Kind]int{}
	for i, op := range r.Operations[n:] {
		outcome, _ := p.Step(context.Background(), op)
		for _, c := range f.Step(op, outcome) {
			kinds[c.Kind]++
		}
		if i%200 == 0 {
			require.Empty(t, cmp.Diff(places(lifecycle.New(p.Snapshot())), places(f)))
		}
	}
	require.Equal(t, kinds[lifecycle.Started], kinds[lifecycle.Acknowledged])
	require.NotZero(t, kinds[lifecycle.Preempted])
	require.NotZero(t, kinds[lifecycle.Moved])
}

// A told pool is a pool and its follower, which are told the same.
type told struct {
	*testing.T
	pool     *pool.Pool
	follower *lifecycle.Follower
}

// step returns the changes that an operation makes, in words: kind, minute, and the states between.
func (d *told) step(op *protos.Operation) []string {
	d.Helper()
	var words []string
	outcome, _ := d.pool.Step(context.Background(), op)
	for _, c := range d.follower.Step(op, outcome) {
		words = append(words, fmt.Sprintf("%s %s at %v: %s, %s", c.Now.ID, c.Kind,
			c.Time.Sub(start).Minutes(), c.Was.State, c.Now.State))
	}
	return words
}

func minute(n int) time.Time { return start.Add(time.Duration(n) * time.Minute) }

func waiting(n int, id scheduler.RequestID, account scheduler.AccountID) *protos.Operation {
	return pool.TaskWaiting(minute(n),
		scheduler.TaskRequest{ID: id, Account: account, EnqueueTime: minute(n)})
}

// The life of a free task that a paid one preempts, and of the paid one, which starts by an answer.
func TestALife(t *testing.T) {
	p := newPool(t, 0)
	d := &told{t, p, lifecycle.New(p.Snapshot())}
	require.Equal(t, []string{"free arrived at 0: unknown, waiting"}, d.step(waiting(0, "free", "")))
	require.Equal(t, []string{"free assigned at 1: waiting, held",
		"free started at 1: held, handed out"},
		d.step(pool.AssignTasks(minute(1), pool.IdleWorker("w"))))
	require.Empty(t, d.step(pool.AssignTasks(minute(2), pool.IdleWorker("w"))), "given again")
	require.Empty(t, d.step(pool.TaskRunning(minute(2), "free", "")), "refused")
	require.Empty(t, d.step(pool.TaskRunning(minute(0), "free", "w")), "old news")
	require.Equal(t, []string{"free acknowledged at 3: handed out, running"},
		d.step(pool.TaskRunning(minute(3), "free", "w")))
	require.Empty(t, d.step(pool.TaskRunning(minute(4), "free", "w")), "said again")
	d.step(waiting(20, "paid", "a"))
	require.Equal(t, []string{"free preempted at 20: running, stopping",
		"paid assigned at 20: waiting, held"}, d.step(pool.AssignTasks(minute(20))))
	stopping, _ := d.follower.Request("free")
	require.Equal(t, lifecycle.Request{ID: "free", State: lifecycle.Stopping, Worker: "w",
		Level: scheduler.FreeBucket, Since: minute(20), Start: minute(1),
		Lost: 19 * time.Minute}, stopping)
	require.Equal(t, []string{"free ended before at 19: stopping, stopping"},
		d.step(pool.TaskAbsent(minute(19), "free")))
	require.Equal(t, []string{"free stopped at 21: stopping, unknown"},
		d.step(pool.TaskAbsent(minute(21), "free")))
	_, known := d.follower.Request("free")
	require.False(t, known)
	require.Equal(t, []string{"paid started at 22: held, handed out",
		"paid acknowledged at 22: handed out, running"},
		d.step(pool.TaskRunning(minute(22), "paid", "w")), "its start was not seen")
	require.Equal(t, []string{"paid ended at 30: running, unknown"},
		d.step(pool.TaskAbsent(minute(30), "paid")))
	require.Empty(t, slices.Collect(d.follower.Requests()))
}

// The times in all states add up to the time from a request's arrival to its end.
func TestTimesAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := newPool(t, 0)
		f := lifecycle.New(nil)
		arrived, spent := map[scheduler.RequestID]time.Time{}, map[scheduler.RequestID]time.Duration{}
		at := start
		for _, op := range recording.Operations(t, start) {
			if op.GetTime().AsTime().Before(at) {
				continue // with old news, and so times that go back, they do not
			}
			at = op.GetTime().AsTime()
			outcome, _ := p.Step(context.Background(), op)
			for _, c := range f.Step(op, outcome) {
				id := c.Now.ID
				if c.Was.State == lifecycle.Unknown {
					arrived[id], spent[id] = c.Time, 0
				}
				spent[id] += c.Spent()
				if want := c.Time.Sub(arrived[id]); spent[id] != want {
					t.Fatalf("%s of %s: %v after its arrival, the times add up to %v", c.Kind, id,
						want, spent[id])
				}
			}
		}
	})
}

// No snapshot and no outcome is bad enough for a panic; what a follower is told of requests that it
// never saw comes from nowhere.
func TestBadInput(t *testing.T) {
	f := lifecycle.New(&protos.Pool{Scheduler: &protos.Scheduler{
		WaitingRequests: []*protos.Request{nil, {Id: "r",
			Content: &protos.RequestContent{Account: 1 << 31}}},
		Workers: []*protos.Worker{nil, {Id: "w", Run: &protos.Run{}}}}})
	require.Empty(t, f.Step(nil, nil))
	require.Empty(t, f.Step(&protos.Operation{}, &protos.Outcome{Events: []*protos.TaskEvent{nil, {}}}))
	changes := f.Step(&protos.Operation{}, &protos.Outcome{Events: []*protos.TaskEvent{
		{Type: protos.TaskEvent_TYPE_COMPLETED, RequestId: "new"}}})
	require.Len(t, changes, 1)
	require.Equal(t, lifecycle.Unknown, changes[0].Was.State)
	require.Zero(t, changes[0].Spent())
}

// A worker that is gone ends what must stop there, and what ran there; a request that waits again
// keeps what it has lost, or more if the dispatcher says so.
func TestWorkersThatAreGone(t *testing.T) {
	p := newPool(t, 0)
	d := &told{t, p, lifecycle.New(p.Snapshot())}
	d.step(waiting(0, "free", ""))
	d.step(pool.AssignTasks(minute(1), pool.IdleWorker("w")))
	d.step(waiting(5, "paid", "a"))
	d.step(pool.AssignTasks(minute(5)))
	again := pool.TaskWaiting(minute(6), scheduler.TaskRequest{ID: "free", EnqueueTime: minute(0)})
	copied, _ := pool.Restore(p.Snapshot())
	other := &told{t, copied, lifecycle.New(copied.Snapshot())}
	require.Equal(t, []string{"free arrived at 6: stopping, waiting"}, other.step(again))
	r, _ := other.follower.Request("free")
	require.Equal(t, 4*time.Minute, r.Lost)
	other.step(pool.TaskWaiting(minute(7), scheduler.TaskRequest{ID: "free",
		EnqueueTime: minute(0), LostWork: time.Hour}))
	require.Empty(t, cmp.Diff(places(lifecycle.New(copied.Snapshot())), places(other.follower)))
	r, _ = other.follower.Request("free")
	require.Equal(t, time.Hour, r.Lost)

	require.Empty(t, d.step(pool.WorkerGone(minute(4), "w")), "old news")
	require.Equal(t, []string{"paid requeued at 6: held, waiting",
		"free stopped at 6: stopping, unknown"}, d.step(pool.WorkerGone(minute(6), "w")))
	require.Empty(t, d.step(pool.WorkerGone(minute(7), "w")), "unknown")
	require.Empty(t, cmp.Diff(places(lifecycle.New(p.Snapshot())), places(d.follower)))
}

// A wipe ends all that waits and runs, and then all that had to stop.
func TestWipedPoolHasNoRequests(t *testing.T) {
	p := newPool(t, 0)
	d := &told{t, p, lifecycle.New(p.Snapshot())}
	d.step(waiting(0, "free", ""))
	d.step(pool.AssignTasks(minute(1), pool.IdleWorker("w")))
	d.step(waiting(5, "paid", "a"))
	d.step(pool.AssignTasks(minute(5)))
	d.step(waiting(6, "later", "a"))
	require.Equal(t, []string{"later ended at 7: waiting, unknown", "paid ended at 7: held, unknown",
		"free stopped at 7: stopping, unknown"}, d.step(pool.Wipe(scheduler.Order{Time: minute(7)})))
	require.Empty(t, cmp.Diff(places(lifecycle.New(p.Snapshot())), places(d.follower)))
}
