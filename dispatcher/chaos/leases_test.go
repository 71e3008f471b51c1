//go:build linux

package chaos

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/stretchr/testify/require"

	"github.com/quotasched/quotasched/dispatcher/client"
	"github.com/quotasched/quotasched/protos/dispatch"
	"github.com/quotasched/quotasched/worker"
)

// holdings watch what all workers hold, by what they start, say and hear.
type holdings struct {
	mu      sync.Mutex
	workers []*holder
	wrong   []string
	starts  int
}

// A holder is what one worker holds. It holds a lease from its start until it is over and the
// dispatcher is told so, or until the deadline passes.
type holder struct {
	all      *holdings
	name     string
	deadline time.Time // TTL after the newest report that was answered was sent
	sent     map[uint64]time.Time
	leases   map[string]*held
}

// held is a lease that a worker has started, and that is not both over and reported so.
type held struct{ over, reported bool }

func taskOf(lease string) string {
	task, _, _ := strings.Cut(lease, "/")
	return task
}

// startWorkers runs simulated workers until the function that it returns is called.
func startWorkers(t *testing.T, c *cluster, n int) (h *holdings, stop func()) {
	h = &holdings{}
	leave := make(chan struct{})
	var running sync.WaitGroup
	for i := range n {
		w := &holder{all: h, name: fmt.Sprint("w", i), sent: map[uint64]time.Time{},
			leases: map[string]*held{}}
		h.workers = append(h.workers, w)
		one, err := client.New(client.Config{Servers: c.urls(), TryTimeout: time.Second,
			Patience: time.Second, Interceptors: []connect.Interceptor{w}})
		require.NoError(t, err)
		running.Go(func() {
			defer one.Close()
			if err := worker.Run(context.WithoutCancel(t.Context()), worker.Config{
				Pool: pool, Name: w.name, Slots: 2, Dispatcher: one.Workers, Leave: leave,
				Driver: watchedDriver{&worker.Simulated{StopTakes: 2 * time.Second}, w},
			}); err != nil {
				t.Errorf("%s: %v", w.name, err)
			}
		})
	}
	return h, func() { close(leave); running.Wait() }
}

// WrapUnary notes what is said and heard where a worker has no session, for want of streams.
func (w *holder) WrapUnary(next connect.UnaryFunc) connect.UnaryFunc {
	return func(ctx context.Context, r connect.AnyRequest) (connect.AnyResponse, error) {
		if m, ok := r.Any().(*dispatch.SyncRequest); ok {
			w.says(m.GetReport())
		}
		answer, err := next(ctx, r)
		if err == nil {
			if m, ok := answer.Any().(*dispatch.SyncResponse); ok {
				w.hears(m.GetOrders())
			}
		}
		return answer, err
	}
}

func (w *holder) WrapStreamingHandler(next connect.StreamingHandlerFunc) connect.StreamingHandlerFunc {
	return next
}

func (w *holder) WrapStreamingClient(next connect.StreamingClientFunc) connect.StreamingClientFunc {
	return func(ctx context.Context, s connect.Spec) connect.StreamingClientConn {
		return &watched{next(ctx, s), w}
	}
}

// watched is a session whose messages are noted.
type watched struct {
	connect.StreamingClientConn
	worker *holder
}

func (c *watched) Send(m any) error {
	if r, ok := m.(*dispatch.SessionRequest); ok {
		c.worker.says(r.GetReport())
	}
	return c.StreamingClientConn.Send(m)
}

func (c *watched) Receive(m any) error {
	err := c.StreamingClientConn.Receive(m)
	if r, ok := m.(*dispatch.SessionResponse); ok && err == nil {
		c.worker.hears(r.GetOrders())
	}
	return err
}

// says notes when a report is sent, and which leases it calls over.
func (w *holder) says(r *dispatch.Report) {
	w.all.mu.Lock()
	defer w.all.mu.Unlock()
	w.sent[r.GetSequence()] = time.Now()
	for _, l := range r.GetLeases() {
		if h := w.leases[l.GetLeaseId()]; h != nil && l.GetPhase() >= dispatch.Phase_PHASE_FINISHED {
			h.reported = true
			w.drop(l.GetLeaseId())
		}
	}
}

// hears moves the deadline by what orders answer.
func (w *holder) hears(o *dispatch.Orders) {
	w.all.mu.Lock()
	defer w.all.mu.Unlock()
	at, ok := w.sent[o.GetAnswers()]
	if !ok {
		return
	}
	if d := at.Add(o.GetLeaseTtl().AsDuration()); d.After(w.deadline) {
		w.deadline = d
	}
	for n := range w.sent {
		if n < o.GetAnswers() {
			delete(w.sent, n)
		}
	}
}

// drop forgets a lease that is over, as the dispatcher was told.
func (w *holder) drop(lease string) {
	if h := w.leases[lease]; h.over && h.reported {
		delete(w.leases, lease)
	}
}

// watchedDriver is a driver of whose tasks the starts and ends are noted.
type watchedDriver struct {
	worker.Driver
	holder *holder
}

func (d watchedDriver) Start(ctx context.Context, t worker.Task) (worker.Process, error) {
	lease := t.Run.GetLeaseId()
	d.holder.starts(lease)
	p, err := d.Driver.Start(ctx, t)
	if err != nil {
		d.holder.ends(lease)
		return nil, err
	}
	return watchedProcess{p, d.holder, lease}, nil
}

type watchedProcess struct {
	worker.Process
	holder *holder
	lease  string
}

func (p watchedProcess) Wait(ctx context.Context) (*dispatch.LeaseReport, error) {
	r, err := p.Process.Wait(ctx)
	if err == nil {
		p.holder.ends(p.lease)
	}
	return r, err
}

// starts notes that a lease starts. No other worker may run its task, or hold it.
func (w *holder) starts(lease string) {
	w.all.mu.Lock()
	defer w.all.mu.Unlock()
	now := time.Now()
	w.all.starts++
	for _, other := range w.all.workers {
		for theirs, h := range other.leases {
			if other == w || taskOf(theirs) != taskOf(lease) {
				continue
			}
			if left := other.deadline.Sub(now); left > 0 || !h.over {
				w.all.wrong = append(w.all.wrong, fmt.Sprintf("%s starts lease %s while %s holds %s, "+
					"for %v more (over: %v, reported: %v)", w.name, lease, other.name, theirs, left,
					h.over, h.reported))
			}
		}
	}
	w.leases[lease] = &held{}
}

// ends notes that nothing of a lease runs any more.
func (w *holder) ends(lease string) {
	w.all.mu.Lock()
	defer w.all.mu.Unlock()
	if h := w.leases[lease]; h != nil {
		h.over = true
		w.drop(lease)
	}
}

// check finds leases that two workers held.
func (h *holdings) check(t *testing.T) {
	h.mu.Lock()
	defer h.mu.Unlock()
	require.Empty(t, h.wrong)
	t.Logf("%d leases were started", h.starts)
	require.Positive(t, h.starts)
}
