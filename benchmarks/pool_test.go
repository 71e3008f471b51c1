package benchmarks

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"go.chromium.org/luci/common/data/stringset"

	"github.com/quotasched/quotasched/internal/reference"
	"github.com/quotasched/quotasched/scheduler"
)

var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// A target is what is measured: the engine or the reference.
type target interface {
	AddAccount(scheduler.AccountID, *scheduler.AccountConfig, scheduler.Balance) error
	AddRequest(*scheduler.TaskRequest, time.Time, []string, scheduler.EventSink) error
	MarkIdle(scheduler.WorkerID, stringset.Set, time.Time, scheduler.EventSink) error
	NotifyTaskRunning(scheduler.RequestID, scheduler.WorkerID, time.Time, scheduler.EventSink) error
	UpdateTime(time.Time, scheduler.EventSink)
	RunOnce(scheduler.EventSink) []scheduler.Assignment
}

func newEngine() target { return scheduler.New(epoch) }

func newReference() target { return reference.New(epoch) }

// A spec says what a pool has.
type spec struct {
	requests, workers int
	shaped            bool // 200 label sets and 50 accounts, rather than random labels and 24
	busy              bool // the workers run free tasks, rather than being idle
	rate              scheduler.Rate
}

func (s spec) String() string {
	shape, state := "random", "idle"
	if s.shaped {
		shape = "shaped"
	}
	if s.busy {
		state = "busy"
	}
	return fmt.Sprintf("%s/%s/requests=%d/workers=%d", shape, state, s.requests, s.workers)
}

// A pool is a target with what was put into it.
type pool struct {
	target
	spec
	labels  []stringset.Set // by worker
	now     time.Time
	arrival time.Duration // what it took to enqueue the requests
}

func workerID(i int) scheduler.WorkerID { return scheduler.WorkerID(fmt.Sprintf("worker-%06d", i)) }

func requestID(i int) scheduler.RequestID {
	return scheduler.RequestID(fmt.Sprintf("request-%07d", i))
}

// build fills a target. Each account has one level at which it has quota, or none, in turn.
func build(tb testing.TB, t target, s spec) *pool {
	p := &pool{target: t, spec: s, now: epoch}
	rng := rand.New(rand.NewPCG(1, uint64(s.requests)))
	accounts := 24
	if s.shaped {
		accounts = 50
	}
	if s.rate == 0 {
		s.rate = scheduler.Workers(float64(s.workers))
	}
	for a := range accounts {
		c, b := &scheduler.AccountConfig{MaxCharge: time.Hour}, scheduler.Balance{}
		if level := a % 6; level < scheduler.NumPriorities {
			c.ChargeRate[level] = s.rate
			b[level] = scheduler.WorkerSeconds(3600 * float64(s.workers))
		}
		must(tb, t.AddAccount(accountID(a), c, b))
	}
	needs, kinds := shapes(rng, s)
	for w := range s.workers {
		p.labels = append(p.labels, kinds(w))
		must(tb, t.MarkIdle(workerID(w), p.labels[w], epoch, nil))
	}
	if s.busy {
		p.occupy(tb)
	}
	requests := make([]*scheduler.TaskRequest, s.requests)
	for r := range requests {
		base, prov := needs(r)
		requests[r] = scheduler.NewTaskRequest(requestID(r), accountID(rng.IntN(accounts)), prov, base,
			epoch.Add(time.Duration(r)*time.Millisecond-24*time.Hour))
	}
	start := time.Now()
	for _, r := range requests {
		must(tb, t.AddRequest(r, epoch, nil, nil))
	}
	p.arrival = time.Since(start)
	return p
}

func accountID(a int) scheduler.AccountID { return scheduler.AccountID(fmt.Sprintf("account-%02d", a)) }

// shapes returns the labels of each request, and of each worker.
func shapes(rng *rand.Rand, s spec) (needs func(int) (base, prov stringset.Set),
	kinds func(int) stringset.Set) {
	pick := func(n int) stringset.Set {
		set := stringset.New(n)
		for len(set) < n {
			set.Add(fmt.Sprintf("label-%03d", rng.IntN(1000)))
		}
		return set
	}
	version := func() string { return fmt.Sprintf("version:%02d", rng.IntN(50)) }
	if !s.shaped {
		return func(int) (stringset.Set, stringset.Set) {
				return pick(5), stringset.NewFromSlice(version())
			}, func(int) stringset.Set {
				set := pick(50)
				set.Add(version())
				return set
			}
	}
	// 100 models in 2 pools are 200 kinds of worker; a request asks for a model, or for any worker
	// of a pool of one of 10 types.
	kinds = func(w int) stringset.Set {
		model, pool := w%100, w/100%2
		set := stringset.NewFromSlice(fmt.Sprintf("pool:%d", pool), fmt.Sprintf("model:%d", model),
			fmt.Sprintf("type:%d", model%10), fmt.Sprintf("version:%02d", model%5))
		for i := range 46 {
			set.Add(fmt.Sprintf("fact-%d:%d", i, (model+pool)%(i+2)))
		}
		return set
	}
	needs = func(int) (stringset.Set, stringset.Set) {
		shape := rng.IntN(200)
		base := stringset.NewFromSlice(fmt.Sprintf("pool:%d", shape%2))
		if shape < 180 {
			base.Add(fmt.Sprintf("model:%d", shape/2))
		} else {
			base.Add(fmt.Sprintf("type:%d", (shape-180)/2))
		}
		return base, stringset.NewFromSlice(fmt.Sprintf("version:%02d", shape%5))
	}
	return needs, kinds
}

// occupy gives each worker a free task that runs.
func (p *pool) occupy(tb testing.TB) {
	for w := range p.workers {
		id := scheduler.RequestID(fmt.Sprintf("free-%06d", w))
		must(tb, p.AddRequest(scheduler.NewTaskRequest(id, "free", nil, p.labels[w], epoch), epoch,
			nil, nil))
	}
	placed := p.RunOnce(nil)
	if len(placed) != p.workers {
		tb.Fatalf("%d of %d workers are busy", len(placed), p.workers)
	}
	for _, a := range placed {
		must(tb, p.NotifyTaskRunning(a.Request, a.Worker, epoch, nil))
	}
}

// step moves the pool on by one second.
func (p *pool) step() {
	p.now = p.now.Add(time.Second)
	p.UpdateTime(p.now, nil)
}

// free makes n workers idle.
func (p *pool) free(tb testing.TB, round, n int) {
	for i := range n {
		w := (round*n*7 + i*7) % p.workers
		must(tb, p.MarkIdle(workerID(w), p.labels[w], p.now, nil))
	}
}

func must(tb testing.TB, err error) {
	if err != nil {
		tb.Helper()
		tb.Fatal(err)
	}
}
