package forecast

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/quotasched/quotasched/internal/check"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// A scene is what is known before any fork: what is asked for, and how long tasks may run.
type scene struct {
	snapshot *protos.Pool
	options  *Options
	runTimes RunTimes
	// arrivals has what is known of recorded requests whose own run times are not known; forks
	// fill it while they hold asking.
	arrivals map[scheduler.RequestID]Estimate
	asking   sync.Mutex
	targets  []target
	// index has the place of each target.
	index map[scheduler.RequestID]int
	// waiting is how many of the targets run, or wait and may start.
	waiting int

	tasks map[scheduler.RequestID]*knowledge
	// sources counts requests by where their run times are known from.
	sources map[string]int
	unknown int
	// similar is true if run times of a kind go together.
	similar bool
	// stopping is how many tasks are being stopped, and running how many run.
	stopping, running int
}

// A target is a request that is asked for.
type target struct {
	request scheduler.TaskRequest
	// never says why it can never start; nil if it may.
	never *protos.Finding
}

// mayEnd reports whether it is worth waiting for: it runs, or waits and may start.
func (t *target) mayEnd() bool { return t.never == nil }

// knowledge is what is known of how long the task of a request runs.
type knowledge struct {
	estimate Estimate
	draws    draws
	// ofKind are those that it shares with all tasks of its kind.
	ofKind draws
	// ran is how long a task of its group has run in the snapshot.
	ran time.Duration
}

// share draws for a fork at which share of all tasks like it the task is.
func (k *knowledge) share(fork int) float64 {
	return mix(k.ofKind.of(fork), k.draws.of(fork), k.estimate.Similarity)
}

// survey asks for the run times of all requests of a snapshot, in order of id.
func survey(snapshot *protos.Pool, pool *scheduler.Scheduler, t RunTimes,
	o *Options) (*scene, error) {
	s := &scene{
		snapshot: snapshot,
		options:  o,
		runTimes: t,
		arrivals: map[scheduler.RequestID]Estimate{},
		index:    map[scheduler.RequestID]int{},
		tasks:    map[scheduler.RequestID]*knowledge{},
		sources:  map[string]int{},
	}
	waiting := slices.Collect(pool.Waiting())
	requests := slices.Clone(waiting)
	ran := map[scheduler.RequestID]time.Duration{}
	for w := range pool.Workers() {
		if w.Run == nil {
			continue
		}
		r, _ := pool.Request(w.Run.Request)
		requests = append(requests, r)
		if w.Run.Stage == scheduler.Running {
			s.running++
			ran[r.ID] = max(0, o.Begin.Sub(w.Run.StartTime))
		}
	}
	for _, q := range snapshot.GetReconciler().GetWorkerQueues() {
		s.stopping += len(q.GetTasksToAbort())
	}
	if err := s.aim(pool, waiting); err != nil {
		return nil, err
	}
	for i := range o.Coming {
		requests = append(requests, o.Coming[i].Request)
	}
	slices.SortFunc(requests, func(a, b scheduler.TaskRequest) int {
		return cmp.Compare(a.ID, b.ID)
	})
	oldest := map[string]time.Duration{} // by group: how long it has run
	groups := make([]string, len(requests))
	for i := range requests {
		groups[i] = o.Group(&requests[i])
		oldest[groups[i]] = max(oldest[groups[i]], ran[requests[i].ID])
	}
	for i := range requests {
		s.learn(&requests[i], t, groups[i], oldest[groups[i]])
	}
	return s, nil
}

// learn notes what is known of a request.
func (s *scene) learn(r *scheduler.TaskRequest, t RunTimes, group string, ran time.Duration) {
	k := &knowledge{estimate: t.Of(r), draws: newDraws(s.options.Seed, group), ran: ran}
	k.ofKind = newDraws(s.options.Seed, "kind "+k.estimate.Kind)
	s.tasks[r.ID] = k
	if !k.estimate.RunTime.known() {
		s.unknown++
		return
	}
	s.similar = s.similar || k.estimate.Similarity > 0
	source, _, _ := strings.Cut(k.estimate.Source, ":")
	s.sources[source]++
}

// aim looks up the requests that are asked for.
func (s *scene) aim(pool *scheduler.Scheduler, waiting []scheduler.TaskRequest) error {
	requests := waiting
	if len(s.options.Requests) > 0 {
		requests = nil
		for _, id := range s.options.Requests {
			r, ok := pool.Request(id)
			if !ok {
				return fmt.Errorf("%w: the pool does not know request %s", ErrInvalid,
					check.Quote(id))
			}
			requests = append(requests, r)
		}
	}
	for _, r := range requests {
		if _, twice := s.index[r.ID]; twice {
			return fmt.Errorf("%w: request %s is asked for twice", ErrInvalid,
				check.Quote(r.ID))
		}
		s.index[r.ID] = len(s.targets)
		t := target{request: r}
		if r.Worker == "" {
			t.never = s.whyNever(pool, &r)
		}
		s.targets = append(s.targets, t)
		if t.mayEnd() {
			s.waiting++
		}
	}
	return nil
}
