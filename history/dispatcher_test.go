package history_test

import (
	"cmp"
	"context"
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/quotasched/quotasched/history"
	"github.com/quotasched/quotasched/pool"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// job is a request that will come, and how long it will run; times from the start.
type job struct {
	id, account string
	at, run     time.Duration
}

// dispatcher is as plain as can be: a turn each second, at which all idle workers pull, and tasks
// start and stop at once.
type dispatcher struct {
	pool     *pool.Pool
	recorder *history.Recorder
	workers  map[string]*busy
	jobs     map[string]job
	// snapshot is that of the pool after the turn that ends with step cut, if there is one.
	steps, cut int
	snapshot   *protos.Pool
}

// busy is what a worker runs until when; the empty id is nothing.
type busy struct {
	id    string
	until time.Duration
}

// step applies an operation at a time from the start, whatever its own.
func (d *dispatcher) step(at time.Duration, op *protos.Operation) *protos.Outcome {
	op.Time = timestamppb.New(monday.Add(at))
	out, _ := d.pool.Step(context.Background(), op)
	d.recorder.Step(op, out)
	d.steps++
	return out
}

func (d *dispatcher) waiting(at time.Duration, j job) {
	d.step(at, pool.TaskWaiting(monday, scheduler.TaskRequest{ID: scheduler.RequestID(j.id),
		Account: scheduler.AccountID(j.account), EnqueueTime: monday.Add(j.at)}))
}

// run goes on until everything has ended, or a time.
func (d *dispatcher) run(jobs []job, until time.Duration) {
	d.jobs = map[string]job{}
	ended := 0
	for now := time.Duration(0); now <= until && ended < len(jobs); now += time.Second {
		type news struct {
			at  time.Duration
			job *job
			id  string
		}
		var list []news
		for _, name := range d.names() {
			if w := d.workers[name]; w.id != "" && w.until <= now {
				list = append(list, news{at: w.until, id: w.id})
				w.id = ""
				ended++
			}
		}
		for i := range jobs {
			if j := &jobs[i]; j.at <= now && j.at > now-time.Second {
				list = append(list, news{at: j.at, job: j})
			}
		}
		slices.SortStableFunc(list, func(a, b news) int { return cmp.Compare(a.at, b.at) })
		for _, n := range list {
			if n.job != nil {
				d.jobs[n.job.id] = *n.job
				d.waiting(n.at, *n.job)
				continue
			}
			d.step(n.at, pool.TaskAbsent(monday, scheduler.RequestID(n.id)))
		}
		d.turn(now)
		if d.snapshot == nil && d.steps >= d.cut {
			d.snapshot, d.cut = d.pool.Snapshot(), d.steps
		}
	}
}

func (d *dispatcher) names() []string {
	var names []string
	for name := range d.workers {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// turn lets the idle workers pull, starts what they are given, and stops what must stop.
func (d *dispatcher) turn(now time.Duration) {
	var pull []*protos.IdleWorker
	for _, name := range d.names() {
		if d.workers[name].id == "" {
			pull = append(pull, &protos.IdleWorker{WorkerId: name})
		}
	}
	out := d.step(now, pool.AssignTasks(monday, pull...))
	for _, a := range out.GetResult().GetAssignments() {
		*d.workers[a.GetWorkerId()] = busy{a.GetRequestId(), now + d.jobs[a.GetRequestId()].run}
		d.step(now, pool.TaskRunning(monday, scheduler.RequestID(a.GetRequestId()),
			scheduler.WorkerID(a.GetWorkerId())))
	}
	out = d.step(now, pool.GetCancellations(monday))
	for _, c := range out.GetResult().GetCancellations() {
		if w := d.workers[c.GetWorkerId()]; w.id == c.GetRequestId() {
			w.id = ""
			d.waiting(now, d.jobs[c.GetRequestId()])
		}
	}
}
