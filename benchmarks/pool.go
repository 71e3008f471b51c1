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
	random bool // nearly no two label sets are alike; else 200 sets of requests, 200 of workers
	busy   bool // each worker runs a free task; else it is idle
	level  func(account int) (level int, ok bool)
	rate   scheduler.Rate // of each account at its level; 0 means as much as there are workers
}

// inTurn gives accounts quota at p0, p1, .. p4, none, p0, and so on.
func inTurn(account int) (int, bool) { return account % 6, account%6 < scheduler.NumPriorities }

// A pool is a target with what was put into it.
type pool struct {
	Target
	Size
	shape
	rng     *rand.Rand
	needs   func() (base, prov stringset.Set)
	labels  []stringset.Set // by worker
	now     time.Time
	next    int                         // the number of the next request
	running map[int]scheduler.RequestID // what was last started, by worker
	state   *reconciler.State           // for the cases that pull
	arrival time.Duration               // what it took to enqueue the requests
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

// emptyPool puts nothing into a target.
func emptyPool(t Target, size Size, sh shape) *pool {
	return &pool{Target: t, Size: size, shape: sh, now: epoch,
		rng:     rand.New(rand.NewPCG(1, uint64(size.Requests))),
		running: map[int]scheduler.RequestID{},
		state:   reconciler.New(),
	}
}

// newPool fills a target.
func newPool(t Target, size Size, sh shape) *pool {
	p := emptyPool(t, size, sh)
	p.addAccounts()
	kinds := p.shapes()
	for w := range size.Workers {
		p.labels = append(p.labels, kinds(w))
		must(t.MarkIdle(workerID(w), p.labels[w], epoch, nil))
	}
	if sh.busy {
		p.occupy()
	}
	requests := make([]*scheduler.TaskRequest, size.Requests)
	for i := range requests {
		requests[i] = p.request(epoch.Add(time.Duration(i)*time.Millisecond - 24*time.Hour))
	}
	start := time.Now()
	for _, r := range requests {
		must(t.AddRequest(r, epoch, nil, nil))
	}
	p.arrival = time.Since(start)
	return p
}

func (p *pool) addAccounts() {
	rate, level := p.rate, p.level
	if rate == 0 {
		rate = scheduler.Workers(float64(p.Workers))
	}
	if level == nil {
		level = inTurn
	}
	for a := range p.Accounts {
		c, b := &scheduler.AccountConfig{MaxCharge: time.Hour}, scheduler.Balance{}
		if l, ok := level(a); ok {
			c.ChargeRate[l] = rate
			b[l] = scheduler.WorkerSeconds(3600 * float64(p.Workers))
		}
		must(p.AddAccount(accountID(a), c, b))
	}
}

// request makes the next request.
func (p *pool) request(enqueued time.Time) *scheduler.TaskRequest {
	base, prov := p.needs()
	id := requestID(p.next)
	p.next++
	return scheduler.NewTaskRequest(id, accountID(p.rng.IntN(p.Accounts)), prov, base, enqueued)
}

// shapes sets what requests need, and returns the labels of each worker.
func (p *pool) shapes() (kinds func(int) stringset.Set) {
	if p.random {
		return p.randomShapes()
	}
	// 100 models in 2 pools are 200 kinds of worker; a request asks for a model in a pool, or for
	// any worker of one of 10 types in it.
	p.needs = func() (stringset.Set, stringset.Set) {
		shape := p.rng.IntN(200)
		base := stringset.NewFromSlice(fmt.Sprintf("pool:%d", shape%2))
		if shape < 180 {
			base.Add(fmt.Sprintf("model:%d", shape/2))
		} else {
			base.Add(fmt.Sprintf("type:%d", (shape-180)/2))
		}
		return base, stringset.NewFromSlice(fmt.Sprintf("version:%02d", shape%5))
	}
	return func(w int) stringset.Set {
		model, pool := w%100, w/100%2
		set := stringset.NewFromSlice(fmt.Sprintf("pool:%d", pool), fmt.Sprintf("model:%d", model),
			fmt.Sprintf("type:%d", model%10), fmt.Sprintf("version:%02d", model%5))
		for i := range 46 {
			set.Add(fmt.Sprintf("fact-%d:%d", i, (model+pool)%(i+2)))
		}
		return set
	}
}

func (p *pool) randomShapes() (kinds func(int) stringset.Set) {
	pick := func(n int) stringset.Set {
		set := stringset.New(n)
		for len(set) < n {
			set.Add(fmt.Sprintf("label-%03d", p.rng.IntN(1000)))
		}
		return set
	}
	version := func() string { return fmt.Sprintf("version:%02d", p.rng.IntN(50)) }
	p.needs = func() (stringset.Set, stringset.Set) {
		return pick(5), stringset.NewFromSlice(version())
	}
	return func(int) stringset.Set {
		set := pick(50)
		set.Add(version())
		return set
	}
}

// occupy gives each worker a free task that runs.
func (p *pool) occupy() {
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
func (p *pool) started(assignments []scheduler.Assignment) int {
	for _, a := range assignments {
		must(p.NotifyTaskRunning(a.Request, a.Worker, p.now, nil))
		p.running[workerNumber(a.Worker)] = a.Request
	}
	return len(assignments)
}

// step moves the pool on.
func (p *pool) step(d time.Duration) {
	p.now = p.now.Add(d)
	p.UpdateTime(p.now, nil)
}

// free makes n workers idle, others in each round.
func (p *pool) free(round, n int) {
	for i := range n {
		w := ((round*n + i) * 7) % p.Workers
		must(p.MarkIdle(workerID(w), p.labels[w], p.now, nil))
	}
}

// pull is one worker's call of AssignTasks.
func (p *pool) pull(w int) int {
	return len(p.state.AssignTasks(context.Background(), p.Target.(*scheduler.Scheduler), p.now, nil,
		&reconciler.IdleWorker{ID: workerID(w), Labels: p.labels[w]}))
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
