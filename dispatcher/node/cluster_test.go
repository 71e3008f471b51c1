package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/quotasched/quotasched/dispatcher/log"
	"github.com/quotasched/quotasched/protos/dispatch"
	"github.com/quotasched/quotasched/protos/replica"
)

// A cluster is some nodes over a log in memory. It is to be made in a bubble of synctest.
type cluster struct {
	t     *testing.T
	log   *log.Memory
	mu    sync.Mutex // of nodes
	nodes map[string]*member
	rules map[string]uint32 // what nodes of another version say that they know
}

// A member is a node of a cluster.
type member struct {
	*Node
	events keptEvents
	stop   func()
}

// ttl is that of the pool "lab".
const ttl = 30 * time.Second

// withCluster runs a test on a cluster with a pool "lab", whose node "a" leads.
func withCluster(t *testing.T, ids []string, test func(*testing.T, *cluster)) {
	withHooks(t, ids, Hooks{}, test)
}

func withHooks(t *testing.T, ids []string, h Hooks, test func(*testing.T, *cluster)) {
	synctest.Test(t, func(t *testing.T) {
		c := &cluster{t: t, log: log.NewMemory(ids...), nodes: map[string]*member{}}
		defer c.close()
		for _, id := range ids {
			c.open(Config{ID: id, URL: "http://" + id, SessionsMax: 100, Hooks: h})
		}
		synctest.Wait()
		c.must(&replica.Command{Kind: &replica.Command_CreatePool{CreatePool: &dispatch.CreatePoolRequest{
			Pool: "lab", Settings: &dispatch.PoolSettings{LeaseTtl: durationpb.New(ttl)}}}})
		test(t, c)
	})
}

func (c *cluster) open(config Config) {
	m := &member{}
	config.Events, config.Observer = &m.events, quiet{}
	config.Logger = slog.New(slog.NewTextHandler(io.Discard, nil))
	m.Node = New(config)
	l, err := c.log.Open(config.ID, m.Machine())
	require.NoError(c.t, err)
	m.Attach(l, c)
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { m.Run(ctx) })
	m.stop = func() {
		cancel()
		running.Wait()
		if err := l.Close(); err != nil && !errors.Is(err, log.ErrClosed) {
			c.t.Errorf("close: %v", err)
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.nodes[config.ID] = m
}

func (c *cluster) close() {
	for _, m := range c.nodes {
		m.stop()
	}
}

// leader returns the node that leads.
func (c *cluster) leader() *member {
	c.t.Helper()
	synctest.Wait()
	for _, m := range c.nodes {
		if m.current.Load() != nil {
			return m
		}
	}
	c.t.Fatal("nobody leads")
	return nil
}

// must has a command applied.
func (c *cluster) must(command *replica.Command) *replica.CommandOutcome {
	c.t.Helper()
	command.Identity = "ann"
	outcome, _, err := c.leader().Propose(context.Background(), command)
	require.NoError(c.t, err)
	require.Zero(c.t, outcome.GetCode(), outcome.GetError())
	return outcome
}

// submit submits tasks, and returns their ids.
func (c *cluster) submit(specs ...*dispatch.TaskSpec) []string {
	c.t.Helper()
	return c.must(&replica.Command{Kind: &replica.Command_SubmitTasks{SubmitTasks: &replica.SubmitTasks{
		Request: &dispatch.SubmitTasksRequest{Pool: "lab", Tasks: specs}}}}).GetSubmitTasks().GetIds()
}

// state is where a task is.
func (c *cluster) state(id string) dispatch.Task_State {
	c.t.Helper()
	task, err := c.leader().task("lab", id)
	require.NoError(c.t, err)
	return task.GetState()
}

// Exchange implements Peers.
func (c *cluster) Exchange(_ context.Context, m log.Member, _ *replica.NodeState) (*replica.NodeState,
	error) {
	c.mu.Lock()
	n := c.nodes[m.ID]
	rules, another := c.rules[m.ID]
	c.mu.Unlock()
	if n == nil {
		return nil, errors.New("no such node")
	}
	s := n.State()
	if another {
		s.RuleVersion = rules
	}
	return s, nil
}

// keptEvents are events in memory.
type keptEvents struct {
	mu     sync.Mutex
	events []*dispatch.Event
}

func (k *keptEvents) Append(_ uint64, es []*dispatch.Event, _ [][]byte) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.events = append(k.events, es...)
	return nil
}

func (k *keptEvents) Sync() error                { return nil }
func (k *keptEvents) Reach(uint64, uint64) error { return nil }
func (k *keptEvents) Whole() error               { return nil }

// quiet observes nothing.
type quiet struct{}

func (quiet) Applied(Applied)               {}
func (quiet) Proposed(Batch)                {}
func (quiet) Snapshot(int64, time.Duration) {}

// A machine of a test is a worker with a stream.
type worker struct {
	report  *dispatch.Report
	reports chan *dispatch.Report
	orders  chan *dispatch.Orders // what was sent; has much room
	blocked chan struct{}         // if not nil, Send waits for it
	cut     chan struct{}
	once    sync.Once
	ended   chan error
}

// connect begins a session of a worker with one slot.
func (c *cluster) connect(name, boot, instance string) *worker {
	w := &worker{
		report: &dispatch.Report{Pool: "lab", Worker: name, BootId: boot, InstanceId: instance,
			AcceptsWork: true, Slots: 1},
		reports: make(chan *dispatch.Report), orders: make(chan *dispatch.Orders, 1000),
		cut: make(chan struct{}), ended: make(chan error, 1),
	}
	n := c.leader()
	go func() { w.ended <- n.Session(context.Background(), w) }()
	return w
}

func (w *worker) Receive() (*dispatch.Report, error) {
	select {
	case <-w.cut: // also if there is a report
		return nil, errors.New("interrupted")
	default:
	}
	select {
	case r, open := <-w.reports:
		if !open {
			return nil, io.EOF
		}
		return r, nil
	case <-w.cut:
		return nil, errors.New("interrupted")
	}
}

func (w *worker) Send(o *dispatch.Orders) error {
	if w.blocked != nil {
		select {
		case <-w.blocked:
		case <-time.After(10 * time.Second):
			return ErrSlow
		}
	}
	w.orders <- o
	return nil
}

func (w *worker) Interrupt() { w.once.Do(func() { close(w.cut) }) }

// say sends the next report, with leases as LEASE and phase, and returns what has been sent since.
func (w *worker) say(leases ...*dispatch.LeaseReport) []*dispatch.Orders {
	w.report.Sequence++
	w.report.Leases = leases
	r := clone(w.report)
	select {
	case w.reports <- r:
	case <-w.cut:
	}
	return w.sent()
}

// sent returns the orders that came, those that are being gathered as well.
func (w *worker) sent() []*dispatch.Orders {
	time.Sleep(gatherFor)
	return w.now()
}

// now returns the orders that came until now, and follows them.
func (w *worker) now() (all []*dispatch.Orders) {
	synctest.Wait()
	for {
		select {
		case o := <-w.orders:
			all = append(all, o)
			w.report.Version, w.report.Epoch = o.GetResultsIn(), o.GetEpoch()
		default:
			return all
		}
	}
}

// end is why the session ended.
func (w *worker) end(t *testing.T) error {
	t.Helper()
	synctest.Wait()
	select {
	case err := <-w.ended:
		return err
	default:
		t.Fatal("the session goes on")
		return nil
	}
}

func lease(id string, phase dispatch.Phase) *dispatch.LeaseReport {
	l := &dispatch.LeaseReport{LeaseId: id, Phase: phase}
	if phase == dispatch.Phase_PHASE_FINISHED {
		l.Result = &dispatch.Result{Outcome: &dispatch.Result_ExitCode{}}
	}
	return l
}

func opaque(text string) *dispatch.TaskSpec {
	return &dispatch.TaskSpec{Payload: &dispatch.TaskSpec_Opaque{Opaque: []byte(text)}}
}

// shown is a short form of orders.
func shown(os []*dispatch.Orders) []string {
	var all []string
	for _, o := range os {
		s := "changes"
		if o.GetKind() == dispatch.Orders_KIND_COMPLETE {
			s = "complete"
		}
		for _, r := range o.GetRuns() {
			s += fmt.Sprintf(" run %d", r.GetSlot())
		}
		for _, st := range o.GetStops() {
			s += " stop " + st.GetReason().String()[len("STOP_REASON_"):]
		}
		if n := len(o.GetRecorded()); n > 0 {
			s += fmt.Sprintf(" recorded %d", n)
		}
		all = append(all, fmt.Sprintf("%s, answers %d", s, o.GetAnswers()))
	}
	return all
}
