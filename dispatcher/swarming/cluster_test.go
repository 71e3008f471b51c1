package swarming_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.chromium.org/luci/common/retry"
	"go.chromium.org/luci/grpc/prpc"
	pluginpb "go.chromium.org/luci/swarming/proto/plugin"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/quotasched/quotasched/dispatcher/api"
	"github.com/quotasched/quotasched/dispatcher/log"
	"github.com/quotasched/quotasched/dispatcher/metrics"
	"github.com/quotasched/quotasched/dispatcher/node"
	"github.com/quotasched/quotasched/dispatcher/state"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/protos/dispatch"
	"github.com/quotasched/quotasched/protos/replica"
)

// A cluster is some nodes over a log in memory, each with the handler that serves clients. It is to
// be made in a bubble of synctest.
type cluster struct {
	t          *testing.T
	log        *log.Memory
	authorizer api.Authorizer
	// seen is told of the events of each entry that any node applies.
	seen func([]*dispatch.Event)
	// logged is told of the events that come to an event log.
	logged func([]*dispatch.Event)

	mu      sync.Mutex // of what follows
	members map[string]*member
	good    string // which answered last
}

// A member is a node that runs.
type member struct {
	cluster *cluster
	*node.Node
	log     log.Log
	handler http.Handler
	metrics *metrics.Metrics
	stop    func()

	mu      sync.Mutex
	batches []node.Batch
}

// newCluster starts nodes that everybody may call.
func newCluster(t *testing.T, ids ...string) *cluster {
	return newClusterFor(t, api.Local{}, ids...)
}

func newClusterFor(t *testing.T, who api.Authorizer, ids ...string) *cluster {
	c := &cluster{t: t, log: log.NewMemory(ids...), authorizer: who,
		seen: func([]*dispatch.Event) {}, logged: func([]*dispatch.Event) {},
		members: map[string]*member{}}
	for _, id := range ids {
		c.open(id)
	}
	return c
}

// open starts a node.
func (c *cluster) open(id string) {
	m := &member{cluster: c, metrics: metrics.New()}
	logger := slog.New(slog.DiscardHandler)
	m.Node = node.New(node.Config{ID: id, URL: "http://" + id, Events: events{c}, Observer: m,
		Logger: logger, SessionsMax: 1, Hooks: node.Hooks{PanicPool: "bad"}})
	l, err := c.log.Open(id, m.Machine())
	require.NoError(c.t, err)
	m.log = l
	m.Attach(l, c)
	m.metrics.Watch(m.Node, metrics.Files{EventBytes: func() int64 { return 0 }, JournalBytes: func() int64 { return 0 },
		JournalCuts: func() uint64 { return 0 }})
	m.handler = api.NewHandler(api.Config{Node: m.Node, Events: events{c}, Authorizer: c.authorizer,
		Observer: m.metrics, Logger: logger, Ready: m.Ready, Metrics: m.metrics.Handler()})
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { m.Run(ctx) })
	m.stop = func() {
		cancel()
		running.Wait()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.members[id] = m
}

func (c *cluster) close() {
	for _, id := range c.ids() {
		m := c.member(id)
		m.stop()
		if err := m.log.Close(); err != nil && !errors.Is(err, log.ErrClosed) {
			c.t.Errorf("close: %v", err)
		}
	}
}

// kill ends the node that leads, as loss of power does, and returns its id; empty if none leads.
func (c *cluster) kill() string {
	for _, id := range c.ids() {
		m := c.member(id)
		if !m.Log().Leading {
			continue
		}
		c.mu.Lock()
		delete(c.members, id)
		c.mu.Unlock()
		c.log.Crash(id)
		m.stop()
		return id
	}
	return ""
}

func (c *cluster) ids() (ids []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for id := range c.members {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b string) int { // the one that answered last comes first
		if (a == c.good) != (b == c.good) {
			return map[bool]int{true: -1, false: 1}[a == c.good]
		}
		return strings.Compare(a, b)
	})
	return ids
}

func (c *cluster) member(id string) *member {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.members[id]
}

// RoundTrip implements http.RoundTripper as what balances load before nodes does: a call that a node
// answers with 503 goes on to the next one.
func (c *cluster) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	answer := &httptest.ResponseRecorder{Code: http.StatusServiceUnavailable}
	for _, id := range c.ids() {
		m := c.member(id)
		if m == nil {
			continue
		}
		again := r.Clone(r.Context())
		again.Body, again.RequestURI, again.Host = io.NopCloser(bytes.NewReader(body)),
			r.URL.RequestURI(), r.URL.Host
		answer = httptest.NewRecorder()
		m.handler.ServeHTTP(answer, again)
		if answer.Code != http.StatusServiceUnavailable {
			c.mu.Lock()
			c.good = id
			c.mu.Unlock()
			break
		}
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return answer.Result(), nil
}

// client returns the real client, over a way to the nodes.
func client(way http.RoundTripper) pluginpb.ExternalSchedulerClient {
	return pluginpb.NewExternalSchedulerPRPCClient(&prpc.Client{Host: "localhost",
		C: &http.Client{Transport: way}, Options: &prpc.Options{Insecure: true,
			PerRPCTimeout: 20 * time.Second, Retry: func() retry.Iterator {
				return &retry.Limited{Delay: time.Second, Retries: 1}
			}}})
}

// must has a command applied.
func (c *cluster) must(command *replica.Command) *replica.CommandOutcome {
	c.t.Helper()
	command.Identity = "ann"
	for range 100 {
		for _, id := range c.ids() {
			outcome, _, err := c.member(id).Propose(context.Background(), command)
			if err == nil {
				require.Zero(c.t, outcome.GetCode(), outcome.GetError())
				return outcome
			}
		}
		time.Sleep(100 * time.Millisecond)
	}
	c.t.Fatal("nobody leads")
	return nil
}

// create makes an external pool.
func (c *cluster) create(pool string, accounts map[string]*dispatch.AccountSettings) {
	c.t.Helper()
	c.must(&replica.Command{Kind: &replica.Command_CreatePool{CreatePool: &dispatch.CreatePoolRequest{
		Pool: pool, External: true, Accounts: accounts}}})
}

// read reads the newest state.
func (c *cluster) read(f func(*state.Machine)) {
	c.t.Helper()
	for _, id := range c.ids() {
		if _, err := c.member(id).Read(context.Background(), nil, f); err == nil {
			return
		}
	}
	c.t.Fatal("nobody leads")
}

// Exchange implements node.Peers.
func (c *cluster) Exchange(_ context.Context, to log.Member, _ *replica.NodeState) (
	*replica.NodeState, error) {
	m := c.member(to.ID)
	if m == nil {
		return nil, errors.New("no such node")
	}
	return m.State(), nil
}

// Applied implements node.Observer.
func (m *member) Applied(a node.Applied) {
	m.metrics.Applied(a)
	m.cluster.seen(a.Outcome.GetEvents())
}

// Proposed implements node.Observer.
func (m *member) Proposed(b node.Batch) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.batches = append(m.batches, b)
}

// Snapshot implements node.Observer.
func (m *member) Snapshot(int64, time.Duration) {}

// events is an event log that keeps none, and tells the cluster.
type events struct{ c *cluster }

func (e events) Append(_ uint64, all []*dispatch.Event, _ [][]byte) error {
	e.c.logged(all)
	return nil
}
func (events) Reach(uint64, uint64) error { return nil }
func (events) Whole() error               { return nil }
func (events) Sync() error                { return nil }
func (events) Follow(context.Context, api.Following, func([]*dispatch.Event) error) error {
	return nil
}

// earning returns settings of an account that earns the time of some bots.
func earning(level, bots int) *dispatch.AccountSettings {
	rate := make([]int64, 5)
	rate[level] = int64(bots) * 1000
	return &dispatch.AccountSettings{Config: &protos.AccountConfig{ChargeRate: rate,
		MaxCharge: durationpb.New(20 * time.Minute)}}
}
