package demo

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	mathrand "math/rand/v2"
	"time"

	"connectrpc.com/connect"

	"github.com/quotasched/quotasched/protos/dispatch"
	"github.com/quotasched/quotasched/protos/dispatch/dispatchconnect"
)

// WorkerConfig describes a simulated machine.
type WorkerConfig struct {
	// Client leads to the dispatcher.
	Client dispatchconnect.WorkerServiceClient
	// Pool, Name, Labels and Slots are what it reports of itself.
	Pool, Name string
	Labels     []string
	Slots      int
	// Speed is how much faster than life tasks run; 0 means as in life.
	Speed float64
	// Log takes what is worth knowing; nil means nothing is.
	Log *slog.Logger
}

// The pauses before a session is opened again.
const (
	firstPause  = 100 * time.Millisecond
	longestWait = 5 * time.Second
)

// defaultReport is when a worker reports next if the dispatcher did not say it.
const defaultReport = 5 * time.Second

// Worker is a simulated machine that speaks the protocol of workers: it reports all that is true,
// runs what it is told to, stops it when it is told to, or when it has heard nothing of the
// dispatcher for the TTL, and says how a task ended until that is recorded. Make one with
// NewWorker.
type Worker struct {
	config  WorkerConfig
	machine *machine
	boot    string
	process string

	sequence uint64
	sent     map[uint64]time.Time // when the reports were sent that were not answered yet
	ttl      time.Duration
	every    time.Duration // how often to report at least
	deadline time.Time     // when nothing may run any more; zero before the first answer
	next     time.Time     // when to report next
}

// NewWorker returns a machine that has just booted.
func NewWorker(c WorkerConfig) *Worker {
	if c.Speed == 0 {
		c.Speed = 1
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return &Worker{config: c, machine: newMachine(c), boot: rand.Text(), process: rand.Text(),
		sent: map[uint64]time.Time{}, every: defaultReport}
}

// Run works until ctx ends, or until it was told to end and has nothing left to do.
func (w *Worker) Run(ctx context.Context) {
	wait := firstPause
	for ctx.Err() == nil {
		heard, err := w.session(ctx)
		if errors.Is(err, errExit) || ctx.Err() != nil {
			return
		}
		w.config.Log.Debug("a session ended", "worker", w.config.Name, "error", err)
		if wait = min(2*wait, longestWait); heard {
			wait = firstPause
		}
		w.offline(ctx, wait/2+mathrand.N(wait/2))
	}
}

// errExit says that the worker has ended, as it was told to.
var errExit = errors.New("told to end")

// offline goes on without a session for a while.
func (w *Worker) offline(ctx context.Context, d time.Duration) {
	until := time.Now().Add(d)
	for now := time.Now(); now.Before(until) && ctx.Err() == nil; now = time.Now() {
		w.machine.advance(now)
		w.fence(now)
		sleep(ctx, earliest(until, w.machine.due(), w.fenceAt()).Sub(now))
	}
}

// session opens a session and works in it until it breaks. It reports whether it heard anything.
func (w *Worker) session(ctx context.Context) (heard bool, err error) {
	ctx, cancel := context.WithCancel(ctx)
	stream := w.config.Client.Session(ctx)
	orders, broken := make(chan *dispatch.Orders), make(chan error, 1)
	go func() { broken <- receive(ctx, stream, orders) }()
	defer func() {
		cancel()
		_ = stream.CloseRequest() // whoever receives waits for a request
		if e := <-broken; err == nil {
			err = e
		}
		_ = stream.CloseResponse()
	}()
	w.machine.version = 0
	clear(w.sent)
	for news := true; ; {
		now := time.Now()
		news = w.machine.advance(now) || news
		news = w.fence(now) || news
		if w.machine.exit && w.machine.idle() && len(w.machine.leases) == 0 {
			return heard, errExit
		}
		if news || !now.Before(w.next) {
			if err := w.say(stream, now); err != nil {
				return heard, err
			}
			news = false
		}
		select {
		case o := <-orders:
			heard = true
			news = w.hear(o, time.Now())
		case err := <-broken:
			broken <- err
			return heard, err
		case <-ctx.Done(): // the stream notices it only when the request is closed
			return heard, ctx.Err()
		case <-time.After(earliest(w.next, w.machine.due(), w.fenceAt()).Sub(now)):
		}
	}
}

// receive passes on what the dispatcher says until the stream breaks.
func receive(ctx context.Context,
	stream *connect.BidiStreamForClient[dispatch.SessionRequest, dispatch.SessionResponse],
	orders chan<- *dispatch.Orders) error {
	for {
		m, err := stream.Receive()
		if err != nil {
			return err
		}
		select {
		case orders <- m.Orders:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// say sends a report.
func (w *Worker) say(
	stream *connect.BidiStreamForClient[dispatch.SessionRequest, dispatch.SessionResponse],
	now time.Time) error {
	r := w.machine.report(now)
	w.sequence++
	r.BootId, r.InstanceId, r.Sequence = w.boot, w.process, w.sequence
	w.sent[w.sequence] = now
	w.next = now.Add(w.every)
	return stream.Send(&dispatch.SessionRequest{Report: r})
}

// hear follows orders, and reports whether there is anything to say at once.
func (w *Worker) hear(o *dispatch.Orders, now time.Time) bool {
	if o == nil {
		return false
	}
	if ttl := o.LeaseTtl.AsDuration(); ttl > 0 {
		w.ttl = ttl
	}
	if at, ok := w.sent[o.Answers]; ok {
		w.deadline = at.Add(w.ttl)
		for n := range w.sent {
			if n <= o.Answers {
				delete(w.sent, n)
			}
		}
	}
	if d := o.NextReport.AsDuration(); d > 0 {
		w.every, w.next = d, now.Add(d)
	}
	return w.machine.follow(o, now)
}

// fenceAt returns when tasks must begin to stop: a sixth of the TTL before the deadline, and at
// most 10 s before it.
func (w *Worker) fenceAt() time.Time {
	if w.deadline.IsZero() || !w.machine.fenced() {
		return time.Time{}
	}
	return w.deadline.Add(-min(w.ttl/6, 10*time.Second))
}

// fence stops what runs if it is time to, and reports whether anything was stopped.
func (w *Worker) fence(now time.Time) bool {
	at := w.fenceAt()
	if at.IsZero() || now.Before(at) || !w.machine.fence() {
		return false
	}
	w.config.Log.Warn("nothing was heard of the dispatcher: tasks are stopped",
		"worker", w.config.Name)
	return true
}

// earliest returns the first of the times that are not zero.
func earliest(times ...time.Time) time.Time {
	var first time.Time
	for _, t := range times {
		if !t.IsZero() && (first.IsZero() || t.Before(first)) {
			first = t
		}
	}
	return first
}

// sleep waits for a duration, or until ctx ends.
func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
