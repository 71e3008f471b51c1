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
	"github.com/quotasched/quotasched/dispatcher/demo"
	"github.com/quotasched/quotasched/protos/dispatch"
)

// holdings watch what all workers hold, by what they hear and say.
type holdings struct {
	mu      sync.Mutex
	workers []*holder
	wrong   []string
	runs    int
}

// A holder is what one worker holds.
type holder struct {
	all      *holdings
	name     string
	deadline time.Time // TTL after the newest report that was answered was sent
	sent     map[uint64]time.Time
	tasks    map[string]string // by lease
}

func taskOf(lease string) string {
	task, _, _ := strings.Cut(lease, "/")
	return task
}

// startWorkers runs simulated workers until the function that it returns is called.
func startWorkers(t *testing.T, c *cluster, n int) (h *holdings, stop func()) {
	h = &holdings{}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	for i := range n {
		w := &holder{all: h, name: fmt.Sprint("w", i), sent: map[uint64]time.Time{},
			tasks: map[string]string{}}
		h.workers = append(h.workers, w)
		one, err := client.New(client.Config{Servers: c.urls(), TryTimeout: time.Second,
			Patience: time.Second, Interceptors: []connect.Interceptor{w}})
		require.NoError(t, err)
		device := demo.Device{Dispatcher: one.Workers, Pool: pool, Name: w.name, Slots: 2}
		running.Go(func() {
			defer one.Close()
			if err := device.Run(ctx); err != nil {
				t.Errorf("%s: %v", device.Name, err)
			}
		})
	}
	return h, func() { cancel(); running.Wait() }
}

func (w *holder) WrapUnary(next connect.UnaryFunc) connect.UnaryFunc { return next }

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

func (w *holder) says(r *dispatch.Report) {
	w.all.mu.Lock()
	defer w.all.mu.Unlock()
	w.sent[r.GetSequence()] = time.Now()
	for _, l := range r.GetLeases() {
		if l.GetPhase() >= dispatch.Phase_PHASE_FINISHED {
			delete(w.tasks, l.GetLeaseId())
		}
	}
}

// hears notes orders. A task that another worker may still run must not be among them.
func (w *holder) hears(o *dispatch.Orders) {
	w.all.mu.Lock()
	defer w.all.mu.Unlock()
	now := time.Now()
	if at, ok := w.sent[o.GetAnswers()]; ok {
		if d := at.Add(o.GetLeaseTtl().AsDuration()); d.After(w.deadline) {
			w.deadline = d
		}
		for n := range w.sent {
			if n < o.GetAnswers() {
				delete(w.sent, n)
			}
		}
	}
	for _, r := range o.GetRuns() {
		lease := r.GetLeaseId()
		if w.tasks[lease] != "" {
			continue
		}
		w.all.runs++
		for _, other := range w.all.workers {
			for theirs, task := range other.tasks {
				if other != w && task == taskOf(lease) && now.Before(other.deadline) {
					w.all.wrong = append(w.all.wrong, fmt.Sprintf("%s is given lease %s while %s holds %s, "+
						"for %v more", w.name, lease, other.name, theirs, other.deadline.Sub(now)))
				}
			}
		}
		w.tasks[lease] = taskOf(lease)
	}
}

// check finds leases that two workers held.
func (h *holdings) check(t *testing.T) {
	h.mu.Lock()
	defer h.mu.Unlock()
	require.Empty(t, h.wrong)
	t.Logf("%d leases were given", h.runs)
	require.Positive(t, h.runs)
}
