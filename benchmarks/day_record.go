package benchmarks

import (
	"context"
	"math/rand/v2"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/quotasched/quotasched/pool"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// The fleet of a day: tasks run for half an hour on average, and as many arrive as the fleet can
// run. The dispatcher has a turn every ten seconds. Idle workers pull at once when a task of theirs
// has ended, and then every minute. One request in twenty is withdrawn after an hour.
const (
	dayTurn     = 10 * time.Second
	dayTurns    = int(24 * time.Hour / dayTurn)
	dayRun      = 30 * time.Minute
	dayPatience = int(time.Hour / dayTurn) // turns
	dayPoll     = int(time.Minute / dayTurn)
)

// settings are those of the pool: the default ones.
var settings scheduler.Config

// A dayFleet makes a day: a dispatcher with its workers and tasks.
type dayFleet struct {
	day  *Day
	pool *pool.Pool
	rng  *rand.Rand
	draw drawer

	turn     int
	now      time.Time
	due      float64 // arrivals
	arrivals int
	workers  []*dayWorker
	byID     map[string]*dayWorker
	tasks    map[string]*dayTask // those that wait or run
	ends     map[int][]dayEnd    // by turn
	leaves   map[int][]*dayTask  // by turn; those that still wait then are withdrawn
}

type dayWorker struct {
	message *protos.IdleWorker
	task    *dayTask // what it runs; nil if it is idle
	pulls   bool     // it has just become idle
}

type dayTask struct {
	scheduler.TaskRequest
	runs bool
}

// A dayEnd is the end of a task on a worker, if it is there still.
type dayEnd struct {
	worker *dayWorker
	task   *dayTask
}

// record makes the day, unless it is made.
func (d *Day) record() {
	if d.log != nil {
		return
	}
	rng := rand.New(rand.NewPCG(1, uint64(d.Size.Workers)))
	f := &dayFleet{day: d, pool: d.newPool(), rng: rng, draw: d.labelling.drawer(rng), now: epoch,
		byID: map[string]*dayWorker{}, tasks: map[string]*dayTask{}, ends: map[int][]dayEnd{},
		leaves: map[int][]*dayTask{}}
	for a := range d.Size.Accounts {
		f.apply(pool.AddAccount(f.now, d.account(a)))
	}
	for w := range d.Size.Workers {
		worker := &dayWorker{message: pool.IdleWorker(workerID(w), f.draw.worker(w).ToSortedSlice()...)}
		f.workers = append(f.workers, worker)
		f.byID[worker.message.WorkerId] = worker
	}
	for range d.Size.Requests {
		f.arrive()
	}
	for f.turn = range d.turns {
		f.takeTurn()
		f.now = f.now.Add(dayTurn)
	}
	d.hash = f.pool.Hash()
}

// account returns an account with an equal share of five sixths of the fleet, at p0 to p4 in turn,
// or every sixth one without quota.
func (d *Day) account(number int) pool.Account {
	c := &scheduler.AccountConfig{MaxCharge: time.Hour}
	if level := number % 6; level < scheduler.NumPriorities {
		c.ChargeRate[level] = scheduler.Workers(float64(d.Size.Workers) / float64(d.Size.Accounts))
	}
	return pool.Account{ID: accountID(number), Config: c}
}

// apply applies an operation and writes it down.
func (f *dayFleet) apply(op *protos.Operation) *protos.Result {
	bytes, err := proto.Marshal(op)
	must(err)
	f.day.log = protowire.AppendBytes(f.day.log, bytes)
	result, err := f.pool.Apply(context.Background(), op, nil)
	must(err)
	f.day.work.count(op, result)
	return result
}

// takeTurn is one turn of the dispatcher.
func (f *dayFleet) takeTurn() {
	mean := float64(f.day.Size.Workers) * float64(dayTurn) / float64(dayRun)
	for f.due += 2 * mean * f.rng.Float64(); f.due >= 1; f.due-- {
		f.arrive()
	}
	for _, t := range f.leaves[f.turn] {
		if !t.runs {
			f.gone(t)
		}
	}
	delete(f.leaves, f.turn)
	for _, e := range f.ends[f.turn] {
		if e.worker.task == e.task {
			f.gone(e.task)
			e.worker.task, e.worker.pulls = nil, true
		}
	}
	delete(f.ends, f.turn)
	f.assign()
	f.cancel()
}

// arrive adds a request.
func (f *dayFleet) arrive() {
	base, prov := f.draw.request()
	account := accountID(f.rng.IntN(f.day.Size.Accounts))
	t := &dayTask{TaskRequest: scheduler.TaskRequest{ID: requestID(f.arrivals), Account: account,
		BaseLabels: base, ProvisionableLabels: prov, EnqueueTime: f.now}}
	f.arrivals++
	f.tasks[string(t.ID)] = t
	if f.rng.IntN(20) == 0 {
		f.leaves[f.turn+dayPatience] = append(f.leaves[f.turn+dayPatience], t)
	}
	f.apply(pool.TaskWaiting(f.now, t.TaskRequest))
}

// gone tells that a task is gone, if it was not told before.
func (f *dayFleet) gone(t *dayTask) {
	if f.tasks[string(t.ID)] == t {
		delete(f.tasks, string(t.ID))
		f.apply(pool.TaskAbsent(f.now, t.ID))
	}
}

// assign lets workers pull, and tells which tasks run.
func (f *dayFleet) assign() {
	var pulls []*protos.IdleWorker
	for i, w := range f.workers {
		if w.task == nil && (w.pulls || i%dayPoll == f.turn%dayPoll) {
			w.pulls = false
			pulls = append(pulls, w.message)
		}
	}
	for _, a := range f.apply(pool.AssignTasks(f.now, pulls...)).Assignments {
		w, t := f.byID[a.WorkerId], f.tasks[a.RequestId]
		w.task, t.runs = t, true
		f.apply(pool.TaskRunning(f.now, t.ID, scheduler.WorkerID(a.WorkerId)))
		turns := 1 + int(f.rng.ExpFloat64()*float64(dayRun/dayTurn))
		f.ends[f.turn+turns] = append(f.ends[f.turn+turns], dayEnd{w, t})
	}
}

// cancel asks what must stop, and stops it: it waits again.
func (f *dayFleet) cancel() {
	for _, c := range f.apply(pool.GetCancellations(f.now)).Cancellations {
		w, t := f.byID[c.WorkerId], f.tasks[c.RequestId]
		t.runs = false
		if w.task == t {
			w.task, w.pulls = nil, true
		}
		f.apply(pool.TaskWaiting(f.now, t.TaskRequest))
	}
}
