package benchmarks

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"go.chromium.org/luci/common/data/stringset"

	"github.com/quotasched/quotasched/internal/reference"
	"github.com/quotasched/quotasched/reconciler"
	"github.com/quotasched/quotasched/scheduler"
)

// Epoch is when all pools begin.
var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// A Target is what is measured: the engine or the reference.
type Target interface {
	AddAccount(scheduler.AccountID, *scheduler.AccountConfig, scheduler.Balance) error
	AddRequest(*scheduler.TaskRequest, time.Time, []string, scheduler.EventSink) error
	MarkIdle(scheduler.WorkerID, stringset.Set, time.Time, scheduler.EventSink) error
	NotifyTaskRunning(scheduler.RequestID, scheduler.WorkerID, time.Time, scheduler.EventSink) error
	NotifyTaskAbsent(scheduler.RequestID, time.Time, scheduler.EventSink) error
	NotifyWorkerGone(scheduler.WorkerID, time.Time, scheduler.EventSink) error
	Configure(*scheduler.Config, []string, scheduler.Order, scheduler.EventSink) error
	UpdateTime(time.Time, scheduler.EventSink)
	RunOnce(scheduler.EventSink) []scheduler.Assignment
}

var (
	_ Target = (*scheduler.Scheduler)(nil)
	_ Target = (*reference.Scheduler)(nil)
)

// A Size says how large a pool is.
type Size struct {
	Requests, Workers, Accounts int
}

func (s Size) String() string {
	return fmt.Sprintf("requests=%d/workers=%d/accounts=%d", s.Requests, s.Workers, s.Accounts)
}

// A shape says what a pool is like; see the package comment.
type shape struct {
	labelling labelling
	busy      bool // each worker runs a free task; else it is idle
	quotas    quotas
	config    scheduler.Config
}

// quotas give an account of a pool its settings and its balance. Nil quotas are plenty.
type quotas func(p *world, account int) (scheduler.AccountConfig, scheduler.Balance)

// plenty gives accounts quota for all workers at p0, p1, .. p4, none, p0, and so on.
func plenty(p *world, account int) (c scheduler.AccountConfig, b scheduler.Balance) {
	c.MaxCharge = time.Hour
	if level := account % 6; level < scheduler.NumPriorities {
		c.ChargeRate[level] = scheduler.Workers(float64(p.Workers))
		b[level] = scheduler.WorkerSeconds(3600 * float64(p.Workers))
	}
	return c, b
}

// tight gives accounts up to 10 workers at each level, and a cap of 10 s, so that most requests
// cannot be paid for.
func tight(p *world, _ int) (c scheduler.AccountConfig, _ scheduler.Balance) {
	c.MaxCharge = 10 * time.Second
	for level := range c.ChargeRate {
		c.ChargeRate[level] = scheduler.Workers(10 * p.rng.Float64())
	}
	return c, scheduler.Balance{}
}

// A world is a target with what was put into it.
type world struct {
	Target
	Size
	shape
	rng     *rand.Rand
	draw    drawer
	labels  []stringset.Set // by worker
	now     time.Time
	next    int                         // the number of the next request
	running map[int]scheduler.RequestID // what was last started, by worker
	decided []scheduler.Assignment      // by the last pass, and not yet reported as running
	state   *reconciler.State           // for the cases that pull

	// What the next op is to bring, and what the last one brought.
	requests  []*scheduler.TaskRequest
	newcomers []newcomer
	recruits  int // how many newcomers there were in all
}

func workerID(i int) scheduler.WorkerID {
	return scheduler.WorkerID(fmt.Sprintf("worker-%06d", i))
}

func requestID(i int) scheduler.RequestID {
	return scheduler.RequestID(fmt.Sprintf("request-%07d", i))
}

func accountID(i int) scheduler.AccountID {
	return scheduler.AccountID(fmt.Sprintf("account-%02d", i))
}

func workerNumber(id scheduler.WorkerID) (n int) {
	if _, err := fmt.Sscanf(string(id), "worker-%d", &n); err != nil {
		panic(err)
	}
	return n
}

// emptyWorld puts nothing into a target.
func emptyWorld(t Target, size Size, sh shape) *world {
	p := &world{Target: t, Size: size, shape: sh, now: epoch,
		rng:     rand.New(rand.NewPCG(1, uint64(size.Requests))),
		running: map[int]scheduler.RequestID{},
		state:   reconciler.New(),
	}
	p.draw = sh.labelling.drawer(p.rng)
	must(t.Configure(&p.config, nil, scheduler.Order{Time: epoch}, nil))
	return p
}

// newWorld fills a target.
func newWorld(t Target, size Size, sh shape) *world {
	p := emptyWorld(t, size, sh)
	p.addAccounts()
	for w := range size.Workers {
		p.labels = append(p.labels, p.draw.worker(w))
		must(t.MarkIdle(workerID(w), p.labels[w], epoch, nil))
	}
	if sh.busy {
		p.occupy()
	}
	for i := range size.Requests {
		must(t.AddRequest(p.request(p.enqueued(i)), epoch, nil, nil))
	}
	return p
}

// enqueued is when request i of those that a pool begins with was enqueued.
func (p *world) enqueued(i int) time.Time {
	return epoch.Add(time.Duration(i)*time.Millisecond - 24*time.Hour)
}

func (p *world) addAccounts() {
	give := p.quotas
	if give == nil {
		give = plenty
	}
	for a := range p.Accounts {
		c, b := give(p, a)
		must(p.AddAccount(accountID(a), &c, b))
	}
}

// request makes the next request.
func (p *world) request(enqueued time.Time) *scheduler.TaskRequest {
	base, prov := p.draw.request()
	id := requestID(p.next)
	p.next++
	return &scheduler.TaskRequest{ID: id, Account: accountID(p.rng.IntN(p.Accounts)),
		BaseLabels: base, ProvisionableLabels: prov, EnqueueTime: enqueued}
}

// occupy gives each worker a free task that runs.
func (p *world) occupy() {
	for w := range p.Workers {
		id := scheduler.RequestID(fmt.Sprintf("free-%06d", w))
		must(p.AddRequest(scheduler.NewTaskRequest(id, "free", nil, p.labels[w], epoch), epoch, nil, nil))
	}
	p.started(p.RunOnce(nil))
	if len(p.running) != p.Workers {
		panic(fmt.Sprintf("%d of %d workers are busy", len(p.running), p.Workers))
	}
}

// started reports the tasks of a pass as running.
func (p *world) started(assignments []scheduler.Assignment) int {
	for _, a := range assignments {
		must(p.NotifyTaskRunning(a.Request, a.Worker, p.now, nil))
		p.running[workerNumber(a.Worker)] = a.Request
	}
	return len(assignments)
}

// step moves the pool on.
func (p *world) step(d time.Duration) {
	p.now = p.now.Add(d)
	p.UpdateTime(p.now, nil)
}

// end lets the task be gone that a worker runs, if it was last started there.
func (p *world) end(w int) {
	if r, ok := p.running[w]; ok {
		must(p.NotifyTaskAbsent(r, p.now, nil))
		delete(p.running, w)
	}
}

// free makes n workers idle, others in each round.
func (p *world) free(round, n int) {
	for i := range n {
		w := ((round*n + i) * 7) % p.Workers
		must(p.MarkIdle(workerID(w), p.labels[w], p.now, nil))
	}
}

// pull is one worker's call of AssignTasks.
func (p *world) pull(w int) int {
	return len(p.state.AssignTasks(context.Background(), p.Target.(*scheduler.Scheduler), p.now, nil,
		&reconciler.IdleWorker{ID: workerID(w), Labels: p.labels[w]}))
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
