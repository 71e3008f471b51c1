//go:build linux

package chaos

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"github.com/quotasched/quotasched/dispatcher/client"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/protos/dispatch"
	"github.com/quotasched/quotasched/protos/dispatch/dispatchconnect"
	"github.com/quotasched/quotasched/worker"
)

const (
	pool     = "lab"
	leaseTTL = 2 * time.Second
	accounts = 3
)

// A load is people who submit, cancel and change accounts all the time, and what they were told.
type load struct {
	client  *client.Client
	http    *http.Client
	stop    context.CancelFunc
	running sync.WaitGroup

	mu        sync.Mutex
	submitted []string
	cancelled []string
	reads     int
	stale     []string      // acknowledged tasks that a node did not know, though it answered
	changes   [accounts]int // the newest change of each account that was acknowledged
	acked     chan struct{} // closed at the next acknowledged submit that began after it was made
	since     time.Time
}

func account(i int) string { return fmt.Sprint("account", i) }

// makePool makes the pool and its accounts.
func makePool(t *testing.T, c *client.Client) {
	_, err := c.Admin.CreatePool(t.Context(), connect.NewRequest(&dispatch.CreatePoolRequest{Pool: pool,
		Settings: &dispatch.PoolSettings{LeaseTtl: durationpb.New(leaseTTL)}}))
	require.NoError(t, err)
	for i := range accounts {
		_, err := c.Admin.SetAccount(t.Context(), connect.NewRequest(&dispatch.SetAccountRequest{
			Pool: pool, AccountId: account(i),
			Settings: &dispatch.AccountSettings{Config: &protos.AccountConfig{
				ChargeRate: []int64{1000}, MaxCharge: durationpb.New(time.Hour)}}}))
		require.NoError(t, err)
	}
}

// startLoad begins to load the cluster.
func startLoad(t *testing.T, c *cluster, seed uint64) *load {
	l := &load{client: c.client(), http: &http.Client{Transport: &http.Transport{}}}
	var ctx context.Context
	ctx, l.stop = context.WithCancel(t.Context())
	for i := range 3 {
		rng := rand.New(rand.NewPCG(seed, uint64(i)))
		l.running.Go(func() { l.repeat(ctx, func() { l.submit(ctx, rng) }) })
	}
	for _, n := range c.nodes {
		one := dispatchconnect.NewTaskServiceClient(l.http, n.url())
		l.running.Go(func() { l.repeat(ctx, func() { l.read(ctx, n.setup.ID, one) }) })
	}
	rng := rand.New(rand.NewPCG(seed, 100))
	l.running.Go(func() { l.repeat(ctx, func() { l.cancel(ctx, rng) }) })
	for i := range accounts {
		next := 0
		l.running.Go(func() { l.repeat(ctx, func() { next++; l.change(ctx, i, next) }) })
	}
	return l
}

// repeat does something again and again, with pauses, until the context ends.
func (l *load) repeat(ctx context.Context, f func()) {
	for ctx.Err() == nil {
		f()
		select {
		case <-ctx.Done():
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (l *load) end() {
	l.stop()
	l.running.Wait()
	l.http.CloseIdleConnections()
}

func (l *load) submit(ctx context.Context, rng *rand.Rand) {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	r := &dispatch.SubmitTasksRequest{Pool: pool}
	for range 1 + rng.IntN(3) {
		r.Tasks = append(r.Tasks, &dispatch.TaskSpec{AccountId: account(rng.IntN(accounts)),
			Payload: &dispatch.TaskSpec_Exec{Exec: worker.Simulate(
				time.Duration(50+rng.IntN(3000))*time.Millisecond, 0)}})
	}
	began := time.Now()
	answer, err := l.client.Tasks.SubmitTasks(ctx, connect.NewRequest(r))
	if err != nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.submitted = append(l.submitted, answer.Msg.GetIds()...)
	if l.acked != nil && began.After(l.since) {
		close(l.acked)
		l.acked = nil
	}
}

// read asks one node for the newest task that was acknowledged. A node that answers must know it,
// whatever became of its lead.
func (l *load) read(ctx context.Context, node string, one dispatchconnect.TaskServiceClient) {
	l.mu.Lock()
	id := ""
	if n := len(l.submitted); n > 0 {
		id = l.submitted[n-1]
	}
	l.mu.Unlock()
	if id == "" {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	_, err := one.GetTask(ctx, connect.NewRequest(&dispatch.GetTaskRequest{Pool: pool, Id: id}))
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case err == nil:
		l.reads++
	case connect.CodeOf(err) == connect.CodeNotFound:
		l.stale = append(l.stale, fmt.Sprintf("%s does not know task %s", node, id))
	}
}

func (l *load) cancel(ctx context.Context, rng *rand.Rand) {
	l.mu.Lock()
	if len(l.submitted) == 0 {
		l.mu.Unlock()
		return
	}
	id := l.submitted[len(l.submitted)-1-rng.IntN(min(10, len(l.submitted)))]
	l.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	_, err := l.client.Tasks.CancelTasks(ctx, connect.NewRequest(&dispatch.CancelTasksRequest{Pool: pool,
		Ids: []string{id}, Reason: "chaos"}))
	if err == nil {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.cancelled = append(l.cancelled, id)
	}
}

func (l *load) change(ctx context.Context, i, n int) {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	_, err := l.client.Admin.SetAccount(ctx, connect.NewRequest(&dispatch.SetAccountRequest{Pool: pool,
		AccountId: account(i), UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"description"}},
		Settings: &dispatch.AccountSettings{Config: &protos.AccountConfig{
			Description: fmt.Sprint(n)}}}))
	if err == nil {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.changes[i] = n
	}
}

// acknowledged waits until a submit that began after now is acknowledged, and says how long it
// took.
func (l *load) acknowledged(t *testing.T) time.Duration {
	acked, since := make(chan struct{}), time.Now()
	l.mu.Lock()
	l.acked, l.since = acked, since
	l.mu.Unlock()
	select {
	case <-acked:
	case <-time.After(60 * time.Second):
		t.Fatal("nothing is acknowledged any more")
	}
	return time.Since(since)
}

// check finds what was acknowledged and is not there.
func (l *load) check(t *testing.T) {
	tasks := map[string]*dispatch.Task{}
	for task, err := range l.client.AllTasks(t.Context(), &dispatch.ListTasksRequest{Pool: pool,
		PageSize: 1000}) {
		require.NoError(t, err)
		tasks[task.GetId()] = task
	}
	for _, id := range l.submitted {
		require.NotNil(t, tasks[id], "the acknowledged task %s is lost", id)
	}
	for _, id := range l.cancelled {
		s := tasks[id].GetState()
		require.True(t, client.Ended(s) || s == dispatch.Task_STATE_STOPPING,
			"task %s is %v, though its cancellation was acknowledged", id, s)
	}
	i := 0
	for a, err := range l.client.AllAccounts(t.Context(), pool) {
		require.NoError(t, err)
		n := 0
		if d := a.GetConfig().GetDescription(); d != "" {
			_, err = fmt.Sscan(d, &n)
			require.NoError(t, err)
		}
		require.GreaterOrEqual(t, n, l.changes[i], "an acknowledged change of an account is lost")
		i++
	}
	require.Equal(t, accounts, i)
	require.Empty(t, l.stale, "stale reads")
	t.Logf("acknowledged: %d tasks, %d cancellations, changes %v; %d reads, none of them stale",
		len(l.submitted), len(l.cancelled), l.changes, l.reads)
}
