//go:build !race && !invariants

package forecasts_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quotasched/quotasched/dispatcher/forecasts"
	"github.com/quotasched/quotasched/pool"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// A day is a pool in which tasks of two suites come, wait and run, more by day than by night.
type day struct {
	*world
	rng     *rand.Rand
	next    int
	waiting []string
	ends    map[string]time.Time // by worker
	runs    map[string]string    // the task of each
	started map[string]time.Time
}

const dayWorkers = 8

// suites are how long tasks run, in the median, by the label that only they have.
var suites = []struct {
	label string
	runs  time.Duration
}{{"suite:short", 4 * time.Minute}, {"suite:long", 25 * time.Minute}}

// tick goes on by ten seconds.
func (d *day) tick() {
	d.now = d.now.Add(10 * time.Second)
	hour := d.now.Sub(start).Hours()
	for d.rng.Float64() < (26+16*math.Sin(hour*math.Pi/6))/360 { // that many an hour
		d.next++
		s := suites[d.rng.IntN(2)]
		id := fmt.Sprintf("task-%d", d.next)
		d.tell(pool.TaskWaiting(d.now, scheduler.TaskRequest{ID: scheduler.RequestID(id),
			EnqueueTime: d.now, BaseLabels: []string{"os:linux", s.label}}))
		d.waiting = append(d.waiting, id)
	}
	var pulls []*protos.IdleWorker
	for i := range dayWorkers {
		name := fmt.Sprintf("w/%d", i)
		if end, busy := d.ends[name]; busy && end.After(d.now) {
			continue
		} else if busy {
			d.tell(pool.TaskAbsent(d.now, scheduler.RequestID(d.runs[name])))
			delete(d.ends, name)
		}
		pulls = append(pulls, pool.IdleWorker(scheduler.WorkerID(name), "os:linux", suites[0].label,
			suites[1].label))
	}
	if len(pulls) == 0 {
		return
	}
	outcome := d.tell(pool.AssignTasks(d.now, pulls...))
	for _, a := range outcome.GetResult().GetAssignments() {
		d.start(a.GetRequestId(), a.GetWorkerId())
	}
}

// start has a worker run a task, for a random time.
func (d *day) start(id, worker string) {
	d.tell(pool.TaskRunning(d.now, scheduler.RequestID(id), scheduler.WorkerID(worker)))
	d.waiting = slices.DeleteFunc(d.waiting, func(w string) bool { return w == id })
	d.started[id], d.runs[worker] = d.now, id
	request, _ := d.pool.Scheduler().Request(scheduler.RequestID(id))
	median := suites[0].runs
	if slices.Contains(request.BaseLabels, suites[1].label) {
		median = suites[1].runs
	}
	d.ends[worker] = d.now.Add(time.Duration(float64(median) * math.Exp(0.5*d.rng.NormFloat64())))
}

// An asked is a task that was asked about, and what the answer was.
type asked struct {
	id               string
	earliest, latest time.Time
}

// ask asks about tasks that wait, every ten minutes of half a day, and goes on until all of them have
// started. It returns how many did so between earliest and latest.
func (d *day) ask() (inside, all int, width time.Duration) {
	const hour = 360 // ticks
	f := forecasts.New(d.to)
	var list []asked
	for i := range 19 * hour {
		d.tick()
		if i < 7*hour || i%(hour/6) != 0 || len(d.waiting) == 0 {
			continue
		}
		id := d.waiting[d.rng.IntN(len(d.waiting))]
		answer, _, err := f.Of(d.t.Context(), forecasts.Question{Pool: "lab", Task: id, Now: d.now})
		require.NoError(d.t, err)
		r := answer.GetRequests()[0]
		list = append(list, asked{id, r.GetEarliest().AsTime(), r.GetLatest().AsTime()})
	}
	for slices.ContainsFunc(list, func(a asked) bool { return d.started[a.id].IsZero() }) {
		d.tick()
	}
	for _, a := range list {
		at := d.started[a.id]
		width += a.latest.Sub(a.earliest)
		if !at.Before(a.earliest.Add(-10*time.Second)) && !at.After(a.latest.Add(10*time.Second)) {
			inside++
		}
	}
	return inside, len(list), width
}

// TestForecastsHold asks on three days: eight of ten tasks start between earliest and latest. Slow
// checks would make minutes of it.
func TestForecastsHold(t *testing.T) {
	var mu sync.Mutex
	var inside, all int
	var width time.Duration
	t.Run("days", func(t *testing.T) {
		for seed := range uint64(3) {
			t.Run(fmt.Sprint(seed), func(t *testing.T) {
				t.Parallel()
				d := &day{world: newWorld(t), rng: rand.New(rand.NewPCG(seed, 1)),
					ends: map[string]time.Time{}, runs: map[string]string{}, started: map[string]time.Time{}}
				i, n, w := d.ask()
				mu.Lock()
				defer mu.Unlock()
				inside, all, width = inside+i, all+n, width+w
			})
		}
	})
	share := float64(inside) / float64(all)
	t.Logf("%d of %d starts are inside (%.0f %%), which are %v wide on average", inside, all, 100*share,
		width/time.Duration(all))
	require.Greater(t, all, 100)
	require.Greater(t, share, 0.7)
	require.Less(t, share, 0.9)
}
