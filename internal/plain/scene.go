package plain

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/quotasched/quotasched/fork"
	"github.com/quotasched/quotasched/internal/reference"
	"github.com/quotasched/quotasched/pool"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// Scene is a random pool, and what a world around it may be made of.
type Scene struct {
	// Pool has had random operations.
	Pool *reference.Pool
	// Fleet are its workers, known to the pool or not.
	Fleet []fork.Worker

	dice *rand.Rand
	now  time.Time
	next int // of request ids
}

// worker-seconds in units of quota.
const unit = 1_000_000

func pick[T any](d *rand.Rand, values ...T) T { return values[d.IntN(len(values))] }

// NewScene makes up a pool from a seed.
func NewScene(seed uint64) (*Scene, error) {
	d := rand.New(rand.NewPCG(seed, 0))
	s := &Scene{dice: d, now: time.Unix(1_000_000_000, int64(d.IntN(3))*250_000_000).UTC()}
	c := &scheduler.Config{
		DisablePreemption: d.IntN(8) == 0,
		WorkerExpiration:  pick(d, 0, 0, 20*time.Second, time.Minute),
		RequestExpiration: pick(d, 0, 0, 0, 0, 10*time.Minute),
		ProvisionPatience: pick(d, 0, -1, 30*time.Second),
		BurstCover:        pick(d, 0, -1, time.Second, 5*time.Second),
		PromoteThreshold:  pick[scheduler.Quota](d, 0, unit, 20*unit),
		DemoteThreshold:   pick[scheduler.Quota](d, 0, -unit, -20*unit),
	}
	s.limitLosses(c)
	var err error
	s.Pool, err = reference.NewPool(s.now, c, pick(d, 0, 0, 30*time.Second))
	if err != nil {
		return nil, err
	}
	for i := range 1 + d.IntN(8) {
		w := fork.Worker{ID: scheduler.WorkerID(fmt.Sprintf("w%d", i))}
		w.Labels = append(some(d, 2, "os:linux", "gpu"), some(d, 2, "v:1", "v:2", "model:a")...)
		s.Fleet = append(s.Fleet, w)
	}
	for i := range 1 + d.IntN(4) {
		s.apply(s.account(scheduler.AccountID(fmt.Sprintf("a%d", i))))
	}
	for range 10 + d.IntN(80) {
		s.now = s.now.Add(time.Duration(d.IntN(8000)) * time.Millisecond)
		s.step()
	}
	return s, nil
}

// some returns each of the labels with a chance of one in n.
func some(d *rand.Rand, n int, labels ...string) (out []string) {
	for _, l := range labels {
		if d.IntN(n) == 0 {
			out = append(out, l)
		}
	}
	return out
}

// account makes up an account.
func (s *Scene) account(id scheduler.AccountID) *protos.Operation {
	d := s.dice
	c := &scheduler.AccountConfig{
		MaxCharge:        pick(d, time.Second, time.Minute, time.Hour),
		MaxFanout:        pick(d, 0, 0, 0, 1, 2),
		DisableFreeTasks: d.IntN(6) == 0,
	}
	var balance scheduler.Balance
	for p := range balance {
		if d.IntN(2) == 0 {
			c.ChargeRate[p] = pick[scheduler.Rate](d, 0, 300, 1000, 2000, 4000)
			balance[p] = pick[scheduler.Quota](d, -30*unit, 0, unit, 20*unit, 100*unit, 3000*unit)
		}
	}
	if d.IntN(3) == 0 {
		c.PerLabelTaskLimits = map[string]int{pick(d, "os", "v", "model", "gpu"): 1}
	}
	return pool.AddAccount(s.now, pool.Account{ID: id, Config: c, Balance: balance})
}

// Request makes up the next request, which is enqueued now.
func (s *Scene) Request() scheduler.TaskRequest {
	d := s.dice
	s.next++
	return scheduler.TaskRequest{
		ID:                  scheduler.RequestID(fmt.Sprintf("r%d", s.next)),
		Account:             scheduler.AccountID(pick(d, "a0", "a0", "a1", "a2", "a3", "")),
		BaseLabels:          some(d, 3, "os:linux", "gpu"),
		ProvisionableLabels: some(d, 3, "v:1", "v:2"),
		EnqueueTime:         s.now,
		Tags:                some(d, 2, "tag"),
	}
}

// step makes up an operation, mostly one that a dispatcher would make.
func (s *Scene) step() {
	d := s.dice
	known := s.known()
	some := func() scheduler.RequestID {
		if len(known) == 0 || d.IntN(20) == 0 {
			return "stranger"
		}
		return known[d.IntN(len(known))]
	}
	switch n := d.IntN(100); {
	case n < 35:
		r := s.Request()
		s.apply(pool.TaskWaiting(s.now, r))
	case n < 60:
		s.pull()
	case n < 80:
		s.acknowledge()
	case n < 86:
		s.apply(pool.TaskAbsent(s.now, some()))
	case n < 88:
		s.apply(pool.TaskRunning(s.now, some(), pick(d, s.Fleet...).ID))
	case n < 90:
		s.apply(pool.AddTaskError(s.now, some(), "broken"))
	case n < 92:
		s.apply(s.account(pick[scheduler.AccountID](d, "a0", "a1", "a2")))
	case n < 95:
		s.apply(s.order())
	case n < 96:
		s.apply(pool.WorkerGone(s.now, pick(d, s.Fleet...).ID))
	case n < 97 && d.IntN(20) == 0:
		s.apply(pool.Wipe(scheduler.Order{Time: s.now}))
	default:
		s.now = s.now.Add(time.Duration(d.IntN(40)) * time.Second)
	}
}

// limitLosses makes up how much work a preemption may destroy, and what is owed.
func (s *Scene) limitLosses(c *scheduler.Config) {
	d := s.dice
	c.OwedAfter = pick(d, 0, -1, 10*time.Second)
	for p := range c.MaxLostWork {
		c.MaxLostWork[p] = pick(d, 0, -1, 5*time.Second, 30*time.Second)
	}
}

// order makes up what an operator says, about anything but how long workers are kept.
func (s *Scene) order() *protos.Operation {
	d, o := s.dice, scheduler.Order{Time: s.now, Reason: "why"}
	account := pick[scheduler.AccountID](d, "a0", "a1", "a2", "a4")
	worker := pick(d, s.Fleet...).ID
	switch d.IntN(8) {
	case 0:
		c := &scheduler.Config{
			DisablePreemption: d.IntN(4) == 0,
			BurstCover:        pick(d, 0, -1, time.Second, 5*time.Second),
		}
		s.limitLosses(c)
		return pool.Configure(o, c, append(some(d, 2, "disable_preemption", "owed_after",
			"max_lost_work"), "burst_cover")...)
	case 1:
		return pool.UpdateAccount(o, pool.Account{ID: account, Config: &scheduler.AccountConfig{
			MaxFanout: d.IntN(3), DisableFreeTasks: d.IntN(2) == 0,
			SafeAfter: pick(d, 0, -1, 10*time.Second)}}, "max_fanout", "disable_free_tasks", "safe_after")
	case 2:
		return pool.SuspendAccount(o, account)
	case 3:
		return pool.ResumeAccount(o, account)
	case 4, 5:
		return pool.CordonWorker(o, worker)
	}
	return pool.UncordonWorker(o, worker)
}

// known are the requests in the pool.
func (s *Scene) known() (ids []scheduler.RequestID) {
	p := s.Pool.ToProto().GetScheduler()
	for _, r := range p.GetWaitingRequests() {
		ids = append(ids, scheduler.RequestID(r.GetId()))
	}
	for _, w := range p.GetWorkers() {
		if w.GetRun() != nil {
			ids = append(ids, scheduler.RequestID(w.GetRun().GetRequest().GetId()))
		}
	}
	return ids
}

// pull lets some workers pull.
func (s *Scene) pull() {
	var idle []*protos.IdleWorker
	for _, w := range s.Fleet {
		if s.dice.IntN(3) == 0 {
			idle = append(idle, pool.IdleWorker(w.ID, w.Labels...))
		}
	}
	s.apply(pool.AssignTasks(s.now, idle...))
}

// acknowledge says of some of what was handed out that it runs.
func (s *Scene) acknowledge() {
	for _, w := range s.Pool.ToProto().GetScheduler().GetWorkers() {
		if w.GetRun().GetStage() == protos.Stage_STAGE_HANDED_OUT && s.dice.IntN(3) > 0 {
			s.apply(pool.TaskRunning(s.now, scheduler.RequestID(w.GetRun().GetRequest().GetId()),
				scheduler.WorkerID(w.GetId())))
		}
	}
}

// apply runs an operation. What is refused has changed nothing.
func (s *Scene) apply(op *protos.Operation) {
	_, _ = s.Pool.Apply(op, scheduler.NullEventSink)
}

// World makes up a world: with the fleet, less some and with some that come and go; with arrivals,
// if wanted; and with run times of up to max, which depend on the request and attempt alone.
func (s *Scene) World(arrivals int, max time.Duration) *fork.World {
	d := s.dice
	begin := fork.Begin(s.Pool.ToProto())
	w := &fork.World{
		NoRetry: d.IntN(6) == 0,
		Timing: fork.Timing{Tick: pick(d, 0, time.Second, 5*time.Second, 700*time.Millisecond),
			Heartbeat: pick(d, 0, 10*time.Second, time.Minute)},
	}
	for _, worker := range s.Fleet {
		switch d.IntN(8) {
		case 0:
			continue
		case 1:
			worker.From = begin.Add(time.Duration(d.IntN(60_000)) * time.Millisecond)
		case 2:
			worker.Until = begin.Add(time.Duration(d.IntN(100_000)) * time.Millisecond)
		}
		w.Workers = append(w.Workers, worker)
	}
	d.Shuffle(len(w.Workers), func(i, j int) {
		w.Workers[i], w.Workers[j] = w.Workers[j], w.Workers[i]
	})
	s.now = begin
	for range arrivals {
		s.now = s.now.Add(time.Duration(d.IntN(10_000)) * time.Millisecond)
		w.Arrivals = append(w.Arrivals, fork.Arrival{Time: s.now, Request: s.Request()})
	}
	s.now = begin
	for range d.IntN(4) {
		s.now = s.now.Add(time.Duration(d.IntN(30_000)) * time.Millisecond)
		w.Orders = append(w.Orders, s.order())
	}
	salt := d.Uint64()
	w.RunTime = func(t fork.Task) time.Duration {
		h := salt
		for _, c := range []byte(t.Request.ID) {
			h = (h ^ uint64(c)) * 0x100000001b3
		}
		draw := rand.New(rand.NewPCG(h, uint64(t.Attempt)))
		return time.Duration(draw.Int64N(int64(max/time.Millisecond))) * time.Millisecond
	}
	return w
}
