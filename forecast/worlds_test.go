package forecast_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/quotasched/quotasched/examples/experiments"
	"github.com/quotasched/quotasched/forecast"
	"github.com/quotasched/quotasched/fork"
	"github.com/quotasched/quotasched/pool"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
	"github.com/quotasched/quotasched/simulator"
	"github.com/quotasched/quotasched/simulator/experiment"
	"github.com/quotasched/quotasched/simulator/trace"
)

// A world is a log or a made-up workload under a policy, on which forecasts are tried.
type world struct {
	name string
	// file is an experiment of examples/experiments, policy one of its policies, and sets changes
	// fields.
	file, policy string
	sets         []string
	// learn is how many forecasts a calibration learns from before the first one that counts, from
	// a part of the time that is left out, skip, on. Count is how many count.
	skip         float64
	learn, count int
	forks        int
	horizon      time.Duration
}

// experiment loads the experiment of a world, and its workload.
func (w *world) experiment(ctx context.Context) (*experiment.Experiment, *simulator.Workload,
	error) {
	data, err := experiments.Files.ReadFile(w.file)
	if err != nil {
		return nil, nil, err
	}
	var made *trace.Loaded
	traces := os.Getenv("QSIM_TRACES")
	e, err := experiment.Load(ctx, experiment.LoadOptions{Path: w.file, Data: data,
		Sets: append([]string{"seeds=[1]"}, w.sets...), Only: []string{w.policy},
		TraceFolders: []string{traces},
		Workloads: func(ctx context.Context, f *experiment.File, seed uint64) (*trace.Loaded,
			error) {
			if made != nil {
				return made, nil
			}
			var err error
			if f.Trace == nil {
				var workload *simulator.Workload
				workload, err = f.Workload.Workload(f.Name, seed)
				made = &trace.Loaded{Workload: workload}
				return made, err
			}
			source := *f.Trace
			source.File = filepath.Join(traces, source.File)
			made, err = trace.Load(ctx, &source)
			return made, err
		}})
	if err != nil {
		return nil, nil, err
	}
	return e, made.Workload, nil
}

// A trial runs a world, makes forecasts on the way, and notes what happens. For an oracle, which
// knows what will arrive, it makes each forecast a second time.
type trial struct {
	world    *world
	workload *simulator.Workload
	times    []time.Time
	made     int
	end      time.Time

	*pool.Pool
	learner  *forecast.Learner
	history  *forecast.History
	arrivals *forecast.Arrivals
	fleet    []fork.Worker
	// answers has all forecasts and their outcomes, and oracle those of the oracle at the same
	// times, which second learns.
	answers, oracle *forecast.Calibration
	second          *forecast.Learner
	// counted are the answers that count, as they were given.
	counted    []*protos.Forecast
	operations int64
}

// options are those of all forecasts of a trial.
func (t *trial) options(at time.Time, requests []scheduler.RequestID) forecast.Options {
	return forecast.Options{
		Requests: requests,
		Begin:    at,
		Workers:  t.fleet,
		Forks:    t.world.forks,
		Horizon:  t.world.horizon,
		Group:    simulator.SubmissionOf,
		Timing:   fork.Timing{Tick: 5 * time.Second, Heartbeat: 2 * time.Minute},
		Arrivals: t.arrivals,
	}
}

// run runs the world to the end of its workload.
func (w *world) run(ctx context.Context) (*trial, error) {
	e, workload, err := w.experiment(ctx)
	if err != nil {
		return nil, err
	}
	t := &trial{world: w, workload: workload,
		history:  forecast.NewHistory(forecast.HistoryOptions{}),
		arrivals: forecast.NewArrivals(forecast.ArrivalOptions{})}
	if t.answers, err = forecast.NewCalibration(forecast.CalibrationOptions{}); err != nil {
		return nil, err
	}
	if t.oracle, err = forecast.NewCalibration(forecast.CalibrationOptions{}); err != nil {
		return nil, err
	}
	subs := workload.Submissions
	first := workload.Start.Add(subs[0].Submit)
	t.end = workload.Start.Add(subs[len(subs)-1].Submit)
	from := first.Add(time.Duration(w.skip * float64(t.end.Sub(first))))
	t.times = forecast.CalibrationTimes(from, t.end, w.learn+w.count)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	_, err = e.Run(ctx, experiment.RunOptions{Parallel: 1, SkipChecks: true,
		NewPool: func(start time.Time, c *scheduler.Config) (simulator.Pool, error) {
			if t.Pool != nil {
				return simulator.NewPool(start, c)
			}
			t.Pool, err = pool.New(start, c)
			return t, err
		}})
	return t, err
}

// recorded returns the record of a world: of an earlier run from a folder, if that is named and has
// it, so that the calibration can be changed without making the same forks again.
func (w *world) recorded(ctx context.Context, folder string) (*record, error) {
	path := filepath.Join(folder, w.name+".record")
	if folder != "" {
		r, err := loadRecord(path)
		if !errors.Is(err, fs.ErrNotExist) {
			return r, err
		}
	}
	t, err := w.run(ctx)
	if err != nil {
		return nil, err
	}
	r := t.record()
	if folder == "" {
		return r, nil
	}
	return r, r.save(path)
}

// eventSink keeps events, and hands them on.
type eventSink struct {
	events []*protos.TaskEvent
	next   scheduler.EventSink
}

func (s *eventSink) AddEvent(e *protos.TaskEvent) {
	s.events = append(s.events, e)
	s.next.AddEvent(e)
}

// Apply implements simulator.Pool.
func (t *trial) Apply(ctx context.Context, op *protos.Operation,
	e scheduler.EventSink) (*protos.Result, error) {
	at := op.GetTime().AsTime()
	if t.learner == nil {
		t.learner = forecast.NewLearner(t.Scheduler(), forecast.LearnerOptions{
			History: t.history, Arrivals: t.arrivals, Calibration: t.answers,
			Group: simulator.SubmissionOf})
		t.second = forecast.NewLearner(t.Scheduler(), forecast.LearnerOptions{
			Calibration: t.oracle, Group: simulator.SubmissionOf})
	}
	if pull := op.GetAssignTasks(); pull != nil {
		if err := t.due(ctx, at); err != nil {
			return nil, err
		}
	}
	sink := &eventSink{next: e}
	result, err := t.Pool.Apply(ctx, op, sink)
	outcome := pool.OutcomeOf(result, sink.events, err)
	t.learner.Step(op, outcome, t.Scheduler())
	t.second.Step(op, outcome, t.Scheduler())
	return result, err
}

// due makes the forecasts that are due, if anything waits.
func (t *trial) due(ctx context.Context, at time.Time) error {
	due := t.made
	for due < len(t.times) && !t.times[due].After(at) {
		due++
	}
	if due == t.made {
		return nil
	}
	requests := forecast.Sample(t.Scheduler(), 25, simulator.SubmissionOf)
	if len(requests) == 0 {
		return nil
	}
	t.made = due
	if t.fleet == nil {
		t.fleet = fork.WorkersOf(t.Snapshot())
	}
	o := t.options(at, requests)
	snapshot := t.Snapshot()
	o.Calibration = t.answers
	answer, err := forecast.Run(ctx, snapshot, t.history, o)
	if err != nil {
		return err
	}
	t.answers.Note(answer)
	o.Calibration, o.Coming = nil, t.coming(at, at.Add(t.world.horizon))
	seen, err := forecast.Run(ctx, snapshot, t.history, o)
	if err != nil {
		return err
	}
	t.oracle.Note(seen)
	t.operations += answer.GetOperations() + seen.GetOperations()
	if due > t.world.learn {
		t.counted = append(t.counted, answer)
	}
	return nil
}

// coming returns the requests that arrive from one time to another.
func (t *trial) coming(from, to time.Time) []fork.Arrival {
	all := []fork.Arrival{}
	for i := range t.workload.Submissions {
		s := &t.workload.Submissions[i]
		at := t.workload.Start.Add(s.Submit)
		if !at.After(from) || at.After(to) {
			continue
		}
		for k := range s.Size {
			id := s.ID
			if s.Size > 1 {
				id = fmt.Sprintf("%s.%d", s.ID, k)
			}
			if !t.Scheduler().Knows(scheduler.RequestID(id)) {
				all = append(all, fork.Arrival{Time: at, Request: scheduler.TaskRequest{
					ID: scheduler.RequestID(id), Account: s.Account, BaseLabels: s.BaseLabels,
					ProvisionableLabels: s.ProvisionableLabels, EnqueueTime: at}})
			}
		}
	}
	return all
}

// Knows implements simulator.Pool.
func (t *trial) Knows(id scheduler.RequestID) bool { return t.Scheduler().Knows(id) }

// Hash implements simulator.Pool.
func (t *trial) Hash() [32]byte { return t.Scheduler().Hash() }

// Balance implements simulator.Pool.
func (t *trial) Balance(id scheduler.AccountID) (scheduler.Balance, bool) {
	return t.Scheduler().Balance(id)
}

// Restore implements simulator.Pool; no run here restarts its dispatcher.
func (t *trial) Restore([]byte) error { return nil }

// RunOnce implements simulator.Pool.
func (t *trial) RunOnce(e scheduler.EventSink) []scheduler.Assignment {
	return t.Scheduler().RunOnce(e)
}
