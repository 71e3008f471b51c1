package node

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quotasched/quotasched/dispatcher/state"
	"github.com/quotasched/quotasched/protos/dispatch"
)

// A reading is a reader of a log.
type reading struct {
	text    strings.Builder
	missing int64
	leases  []string
	ended   chan error
	stop    context.CancelFunc
}

// readLog begins to read a log.
func (c *cluster) readLog(r *dispatch.ReadLogRequest) *reading {
	r.Pool = "lab"
	ctx, cancel := context.WithCancel(context.Background())
	v := &reading{ended: make(chan error, 1), stop: cancel}
	n := c.leader()
	go func() {
		v.ended <- n.ReadLog(ctx, r, func(p *dispatch.ReadLogResponse) error {
			v.text.Write(p.GetData())
			v.missing += p.GetMissing()
			v.leases = append(v.leases, p.GetLeaseId())
			return nil
		})
	}()
	synctest.Wait()
	return v
}

// err is how the reading ended.
func (v *reading) err(t *testing.T) error {
	t.Helper()
	synctest.Wait()
	select {
	case err := <-v.ended:
		return err
	default:
		t.Fatal("it still reads")
		return nil
	}
}

// fetched returns the only fetch of these orders and of those that come.
func (w *worker) fetched(t *testing.T, orders ...*dispatch.Orders) *dispatch.Fetch {
	t.Helper()
	var all []*dispatch.Fetch
	for _, o := range append(orders, w.sent()...) {
		all = append(all, o.GetFetches()...)
	}
	require.Len(t, all, 1)
	return all[0]
}

// sendLog sends a part of a log, and reports whether more is wanted.
func (c *cluster) sendLog(f *dispatch.Fetch, change func(*dispatch.SendLogRequest)) bool {
	c.t.Helper()
	r := &dispatch.SendLogRequest{Pool: "lab", FetchId: f.GetId()}
	change(r)
	answer, err := c.leader().SendLog(context.Background(), r)
	require.NoError(c.t, err)
	return !answer.GetStop()
}

// begin has a worker run a task, and returns the task and its lease.
func (c *cluster) begin(w *worker) (id, run string) {
	c.t.Helper()
	w.say()
	id = c.submit(opaque("x"))[0]
	run = w.sent()[0].GetRuns()[0].GetLeaseId()
	w.say(lease(run, dispatch.Phase_PHASE_RUNNING))
	return id, run
}

func data(text string, end bool) func(*dispatch.SendLogRequest) {
	return func(r *dispatch.SendLogRequest) { r.Data, r.End = []byte(text), end }
}

func TestALogIsFetchedFromItsWorker(t *testing.T) {
	withCluster(t, alone, func(t *testing.T, c *cluster) {
		w := c.connect("w", "b", "i")
		id, run := c.begin(w)
		applied := c.leader().Log().Applied
		v := c.readLog(&dispatch.ReadLogRequest{Id: id, Offset: 3})
		f := w.fetched(t)
		require.Equal(t, run, f.GetLeaseId())
		require.EqualValues(t, 3, f.GetOffset())
		require.True(t, c.sendLog(f, data("hello ", false)))
		w.report.Version = 0 // a new picture, and what is being sent is not asked for again
		for _, o := range w.say(lease(run, dispatch.Phase_PHASE_RUNNING)) {
			require.Empty(t, o.GetFetches())
		}
		require.True(t, c.sendLog(f, data("world", true)))
		require.NoError(t, v.err(t))
		require.Equal(t, "hello world", v.text.String())
		require.Equal(t, applied, c.leader().Log().Applied, "nothing of it is an entry")
		_, err := c.leader().SendLog(context.Background(),
			&dispatch.SendLogRequest{Pool: "lab", FetchId: f.GetId()})
		require.ErrorIs(t, err, ErrNoFetch)
		w.Interrupt()
		w.end(t)
	})
}

func TestALogIsFetchedThroughCalls(t *testing.T) {
	withCluster(t, alone, func(t *testing.T, c *cluster) {
		w := c.connect("w", "b", "i")
		id, _ := c.begin(w)
		w.Interrupt()
		w.end(t)
		v := c.readLog(&dispatch.ReadLogRequest{Id: id})
		w.report.Sequence++
		o, err := c.leader().Sync(context.Background(), w.report)
		require.NoError(t, err)
		require.Len(t, o.GetFetches(), 1)
		c.sendLog(o.GetFetches()[0], data("all", true))
		require.NoError(t, v.err(t))
		require.Equal(t, "all", v.text.String())
	})
}

func TestAFollowedLogGoesOnWithTheNextAttempt(t *testing.T) {
	withCluster(t, alone, func(t *testing.T, c *cluster) {
		time.Sleep(3 * ttl)
		id := c.submit(opaque("x"))[0]
		v := c.readLog(&dispatch.ReadLogRequest{Id: id, Follow: true})
		w := c.connect("w", "b", "i")
		run := w.say()[0].GetRuns()[0].GetLeaseId()
		f := w.fetched(t, w.say(lease(run, dispatch.Phase_PHASE_RUNNING))...)
		require.True(t, f.GetFollow())
		c.sendLog(f, data("first", true))
		w.say(lease(run, dispatch.Phase_PHASE_LOST))
		w.sent()
		run2 := id + "/2"
		f = w.fetched(t, w.say(lease(run2, dispatch.Phase_PHASE_RUNNING))...)
		require.Equal(t, run2, f.GetLeaseId())
		c.sendLog(f, data(", second", true))
		w.say(lease(run2, dispatch.Phase_PHASE_FINISHED))
		require.NoError(t, v.err(t))
		require.Equal(t, "first, second", v.text.String())
		require.Equal(t, []string{run, run2}, v.leases)
		w.Interrupt()
		w.end(t)
	})
}

func TestWhyThereIsNoLog(t *testing.T) {
	withCluster(t, alone, func(t *testing.T, c *cluster) {
		time.Sleep(3 * ttl)
		var refusal *state.Refusal
		read := func(r *dispatch.ReadLogRequest) string {
			err := c.readLog(r).err(t)
			require.ErrorAs(t, err, &refusal)
			return strings.ReplaceAll(err.Error(), r.GetId(), "ID")
		}
		id := c.submit(opaque("x"))[0]
		require.Contains(t, read(&dispatch.ReadLogRequest{Id: "nothing"}), `there is no task "ID"`)
		require.Equal(t, "task ID was never given to a worker: it wrote nothing",
			read(&dispatch.ReadLogRequest{Id: id}))
		require.Equal(t, "attempt 2 of task ID: there were 0",
			read(&dispatch.ReadLogRequest{Id: id, Attempt: 2}))
		w := c.connect("w", "b", "i")
		run := w.say()[0].GetRuns()[0].GetLeaseId()
		require.Equal(t, "attempt 1 of task ID has not started",
			read(&dispatch.ReadLogRequest{Id: id}))
		w.say(lease(run, dispatch.Phase_PHASE_RUNNING))

		v := c.readLog(&dispatch.ReadLogRequest{Id: id})
		c.sendLog(w.fetched(t), func(r *dispatch.SendLogRequest) { r.Failure = "it keeps no log" })
		require.EqualError(t, v.err(t), "worker w: it keeps no log")

		v = c.readLog(&dispatch.ReadLogRequest{Id: id})
		time.Sleep(fetchWait)
		require.ErrorIs(t, v.err(t), ErrNoAnswer)

		w.Interrupt()
		w.end(t)
		time.Sleep(ttl + grace(ttl) + time.Second)
		require.Equal(t, dispatch.Task_STATE_WAITING, c.state(id))
		require.Equal(t, "worker w, which has the log of ID/1, is gone or silent",
			read(&dispatch.ReadLogRequest{Id: id}))
		again := c.connect("v", "b", "i")
		again.say()
		require.Equal(t, "attempt 1 of task ID: name the machine that had it, as its events say; only "+
			"the newest attempt's is known here", read(&dispatch.ReadLogRequest{Id: id, Attempt: 1}))
		v = c.readLog(&dispatch.ReadLogRequest{Id: id, Attempt: 1, Worker: "v"})
		require.Equal(t, run, again.fetched(t).GetLeaseId())
		v.stop()
		require.ErrorIs(t, v.err(t), context.Canceled)
		again.Interrupt()
		again.end(t)
	})
}

// A worker whose process has ended has forgotten what it was sending: the next one is asked.
func TestAFollowedLogSurvivesItsWorkersProcess(t *testing.T) {
	withCluster(t, alone, func(t *testing.T, c *cluster) {
		w := c.connect("w", "b", "i")
		id, run := c.begin(w)
		v := c.readLog(&dispatch.ReadLogRequest{Id: id, Follow: true})
		c.sendLog(w.fetched(t), data("begin", false))
		time.Sleep(partWait)
		f := w.fetched(t)
		require.EqualValues(t, len("begin"), f.GetOffset())
		c.sendLog(f, data(" end", true))
		w.say(lease(run, dispatch.Phase_PHASE_FINISHED))
		require.NoError(t, v.err(t))
		require.Equal(t, "begin end", v.text.String())
		w.Interrupt()
		w.end(t)
	})
}

func TestNotAllMayReadAtOnce(t *testing.T) {
	withCluster(t, alone, func(t *testing.T, c *cluster) {
		w := c.connect("w", "b", "i")
		id, _ := c.begin(w)
		var all []*reading
		for range fetchesPerWorker {
			all = append(all, c.readLog(&dispatch.ReadLogRequest{Id: id}))
		}
		require.ErrorIs(t, c.readLog(&dispatch.ReadLogRequest{Id: id}).err(t), ErrOverloaded)
		for _, v := range all {
			v.stop()
			require.ErrorIs(t, v.err(t), context.Canceled)
		}
		w.sent()
		v := c.readLog(&dispatch.ReadLogRequest{Id: id})
		f := w.fetched(t)
		v.stop()
		require.ErrorIs(t, v.err(t), context.Canceled)
		_, err := c.leader().SendLog(context.Background(), &dispatch.SendLogRequest{Pool: "lab",
			FetchId: f.GetId(), Data: make([]byte, partBytesMax+1)})
		require.ErrorContains(t, err, "65537 bytes")
		w.Interrupt()
		w.end(t)
	})
}

// A reader that has left is told to the worker, whose call waits for it.
func TestAWorkerHearsThatItsReaderHasLeft(t *testing.T) {
	withCluster(t, alone, func(t *testing.T, c *cluster) {
		w := c.connect("w", "b", "i")
		id, _ := c.begin(w)
		taking, ctx := make(chan struct{}), context.Background()
		ended := make(chan error, 1)
		go func() {
			ended <- c.leader().ReadLog(ctx, &dispatch.ReadLogRequest{Pool: "lab", Id: id, Follow: true},
				func(*dispatch.ReadLogResponse) error { <-taking; return ErrSlow })
		}()
		f := w.fetched(t)
		require.True(t, c.sendLog(f, data("taken, slowly", false)))
		more, leader := make(chan bool, 1), c.leader()
		go func() {
			answer, err := leader.SendLog(ctx, &dispatch.SendLogRequest{Pool: "lab", FetchId: f.GetId()})
			more <- err != nil || !answer.GetStop()
		}()
		synctest.Wait()
		require.Empty(t, more, "it waits for its reader")
		close(taking)
		require.False(t, <-more)
		require.ErrorIs(t, <-ended, ErrSlow)
		w.Interrupt()
		w.end(t)
	})
}
