package dispatcher

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/quotasched/quotasched/dispatcher/client"
	"github.com/quotasched/quotasched/journal"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/protos/dispatch"
	"github.com/quotasched/quotasched/replay"
	"github.com/quotasched/quotasched/worker"
)

// newClient is a client of some servers.
func newClient(t *testing.T, runs ...*run) *client.Client {
	var urls []string
	for _, r := range runs {
		urls = append(urls, r.url)
	}
	c, err := client.New(client.Config{Servers: urls, TryTimeout: 3 * time.Second})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

// A load is people who submit tasks of two accounts to the pool lab, and machines that run them.
type load struct {
	t      *testing.T
	client *client.Client
	enough context.CancelFunc // of tasks
	end    context.CancelFunc // of machines
	people sync.WaitGroup
	work   sync.WaitGroup

	mu  sync.Mutex
	ids []string // of all tasks
	err error    // of the first call that failed
}

// skipUnderRace skips a test with a load under the race detector.
func skipUnderRace(t *testing.T) {
	if underRace {
		t.Skip("too slow under the race detector")
	}
}

// startLoad makes the pool, whose leases have a TTL, and begins.
func startLoad(t *testing.T, c *client.Client, ttl time.Duration) *load {
	ctx := t.Context()
	earn := func(rate int64) *dispatch.AccountSettings {
		return &dispatch.AccountSettings{Config: &protos.AccountConfig{
			ChargeRate: []int64{rate}, MaxCharge: durationpb.New(time.Hour)}}
	}
	_, err := c.Admin.CreatePool(ctx, connect.NewRequest(&dispatch.CreatePoolRequest{Pool: "lab",
		Accounts: map[string]*dispatch.AccountSettings{"web": earn(1_000_000), "night": earn(500_000)},
		Settings: &dispatch.PoolSettings{LeaseTtl: durationpb.New(ttl)}}))
	require.NoError(t, err)
	l := &load{t: t, client: c}
	l.begin(c)
	return l
}

// begin lets machines and people begin.
func (l *load) begin(c *client.Client) {
	submitting, enough := context.WithCancel(l.t.Context())
	working, end := context.WithCancel(l.t.Context())
	l.client, l.enough, l.end = c, enough, end
	l.t.Cleanup(func() { enough(); end(); l.people.Wait(); l.work.Wait() })
	for i := range 3 {
		l.work.Go(func() {
			err := worker.Run(context.WithoutCancel(working), worker.Config{Dispatcher: c.Workers,
				Pool: "lab", Name: fmt.Sprint("m", i), Labels: []string{"os:linux"}, Slots: 2,
				Driver: &worker.Simulated{}, Leave: working.Done()})
			if err != nil {
				l.t.Errorf("a worker: %v", err)
			}
		})
	}
	for _, account := range []string{"web", "night"} {
		l.people.Go(func() { l.submit(submitting, account) })
	}
}

// submit submits tasks of an account, one after the other.
func (l *load) submit(ctx context.Context, account string) {
	for ctx.Err() == nil {
		// A call that has begun comes to its end.
		r, err := l.client.Tasks.SubmitTasks(context.WithoutCancel(ctx), connect.NewRequest(
			&dispatch.SubmitTasksRequest{Pool: "lab", Tasks: []*dispatch.TaskSpec{{AccountId: account,
				BaseLabels: []string{"os:linux"},
				Payload:    &dispatch.TaskSpec_Exec{Exec: worker.Simulate(20*time.Millisecond, 0)}}}}))
		l.mu.Lock()
		if err != nil && l.err == nil {
			l.err = fmt.Errorf("a call of %s: %w", account, err)
		}
		if err == nil {
			l.ids = append(l.ids, r.Msg.GetIds()...)
		}
		l.mu.Unlock()
	}
}

// submitted returns the tasks so far.
func (l *load) submitted() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]string(nil), l.ids...)
}

// await returns when so many tasks were submitted in all.
func (l *load) await(n int) {
	eventually(l.t, func() error {
		if got := len(l.submitted()); got < n {
			return fmt.Errorf("%d of %d tasks were submitted", got, n)
		}
		return nil
	})
}

// finish lets people stop, and returns when all tasks have ended well. No call may have failed.
func (l *load) finish() (tasks []*dispatch.Task) {
	l.enough()
	l.people.Wait()
	require.NoError(l.t, l.err)
	for _, id := range l.submitted() {
		eventually(l.t, func() error {
			r, err := l.client.Tasks.GetTask(l.t.Context(), connect.NewRequest(
				&dispatch.GetTaskRequest{Pool: "lab", Id: id}))
			if err != nil {
				return err
			}
			if s := r.Msg.GetTask().GetState(); s != dispatch.Task_STATE_SUCCEEDED {
				return fmt.Errorf("task %s is %v", id, s)
			}
			tasks = append(tasks, r.Msg.GetTask())
			return nil
		})
	}
	l.end()
	l.work.Wait()
	return tasks
}

// exported is the journal of the pool lab as a node has it.
func exported(t *testing.T, r *run) []byte {
	var file bytes.Buffer
	require.NoError(t, newClient(t, r).ExportJournal(t.Context(), "lab", &file))
	return file.Bytes()
}

// replayed runs a journal again, and returns what came of it: no difference.
func replayed(t *testing.T, file []byte) *replay.Report {
	r, err := journal.NewReader(bytes.NewReader(file))
	require.NoError(t, err)
	defer r.Close()
	report, err := replay.Run(t.Context(), r, replay.Options{Pool: "lab"})
	require.NoError(t, err)
	require.Nil(t, report.Difference)
	require.Nil(t, report.Torn)
	return report
}
