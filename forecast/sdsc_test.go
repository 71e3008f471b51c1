package forecast_test

import (
	"context"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/quotasched/quotasched/forecast"
	"github.com/quotasched/quotasched/fork"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
	"github.com/quotasched/quotasched/simulator"
	"github.com/quotasched/quotasched/simulator/trace"
)

// watched is a pool of a replay, at some of whose instants forecasts are made.
type watched struct {
	simulator.Pool
	replay *replay
}

type replay struct {
	t       *testing.T
	users   map[string]string // by submission
	history *forecast.History
	started map[scheduler.RequestID]time.Time
	seen    map[string]bool // submissions that are in the history
	every   time.Duration
	next    time.Time
	pending map[scheduler.RequestID][]*sample
	samples []*sample
	forks   int
	took    time.Duration
	count   int
	jobRun  map[string]time.Duration
}

type sample struct {
	at     time.Time
	id     scheduler.RequestID
	f      *protos.RequestForecast
	actual time.Time
	n      int
	depth  int
}

func submission(id scheduler.RequestID) string {
	s, _, _ := strings.Cut(string(id), ".")
	return s
}

func (w *watched) Apply(ctx context.Context, op *protos.Operation,
	e scheduler.EventSink) (*protos.Result, error) {
	r := w.replay
	at := op.GetTime().AsTime()
	switch k := op.GetKind().(type) {
	case *protos.Operation_TaskRunning:
		id := scheduler.RequestID(k.TaskRunning.GetRequestId())
		r.started[id] = at
		for _, s := range r.pending[id] {
			s.actual = at
		}
		delete(r.pending, id)
	case *protos.Operation_TaskAbsent:
		id := scheduler.RequestID(k.TaskAbsent.GetRequestId())
		sub := submission(id)
		if start, ok := r.started[id]; ok && !r.seen[sub] {
			r.seen[sub] = true
			r.jobRun[sub] = at.Sub(start)
			r.history.Observe(&scheduler.TaskRequest{ID: id}, at.Sub(start))
		}
		delete(r.started, id)
	case *protos.Operation_AssignTasks:
		if !at.Before(r.next) {
			r.next = at.Add(r.every)
			r.forecast(ctx, w.Snapshot(), at)
		}
	}
	return w.Pool.Apply(ctx, op, e)
}

func (r *replay) forecast(ctx context.Context, p *protos.Pool, at time.Time) {
	if len(p.GetScheduler().GetWaitingRequests()) == 0 {
		return
	}
	begin := time.Now()
	var fleet []fork.Worker
	for _, w := range simulator.Machines(128) {
		fleet = append(fleet, fork.Worker{ID: w.ID, Labels: w.Labels})
	}
	one := map[string]scheduler.RequestID{}
	for _, q := range p.GetScheduler().GetWaitingRequests() {
		sub := submission(scheduler.RequestID(q.GetId()))
		if _, ok := one[sub]; !ok {
			one[sub] = scheduler.RequestID(q.GetId())
		}
	}
	var ids []scheduler.RequestID
	for _, q := range p.GetScheduler().GetWaitingRequests() {
		if sub := submission(scheduler.RequestID(q.GetId())); one[sub] == scheduler.RequestID(q.GetId()) {
			ids = append(ids, one[sub])
		}
	}
	known := forecast.RunTimesFunc(func(q *scheduler.TaskRequest) forecast.Estimate {
		if run, ok := r.jobRun[submission(q.ID)]; ok && os.Getenv("SIBLINGS") != "" {
			return forecast.Estimate{RunTime: forecast.Exactly(run), Source: "siblings"}
		}
		return r.history.Of(q)
	})
	f, err := forecast.Run(ctx, p, known, forecast.Options{Workers: fleet, Forks: r.forks,
		Requests: ids, Begin: at, Horizon: 14 * 24 * time.Hour,
		Group:  func(q *scheduler.TaskRequest) string { return submission(q.ID) },
		Timing: fork.Timing{Tick: 10 * time.Second, Heartbeat: 2 * time.Minute}})
	if err != nil {
		r.t.Fatal(err)
	}
	r.took += time.Since(begin)
	r.count++
	for _, q := range f.GetRequests() {
		if q.GetAnswer() == protos.RequestForecast_ANSWER_ON_WORKER {
			continue
		}
		s := &sample{at: at, id: scheduler.RequestID(q.GetRequestId()), f: q, n: len(f.Requests)}
		r.samples = append(r.samples, s)
		r.pending[s.id] = append(r.pending[s.id], s)
	}
	fmt.Fprintln(os.Stderr, at.Format(time.DateTime), len(ids), r.count, r.took, f.Operations)
}

func TestMeasure(t *testing.T) {
	dir := os.Getenv("QSIM_TRACES")
	out := os.Getenv("MEASURE_OUT")
	if dir == "" || out == "" {
		t.Skip("no traces")
	}
	loaded, err := trace.Load(t.Context(), &trace.Source{Preset: "sdsc-sp2", Strict: true,
		File:    filepath.Join(dir, "SDSC-SP2-1998-4.2-cln.swf.gz"),
		Mapping: trace.Mapping{Importance: "{user}"}})
	if err != nil {
		t.Fatal(err)
	}
	w := loaded.Workload
	fromDays, _ := strconv.Atoi(os.Getenv("MEASURE_FROM"))
	days, _ := strconv.Atoi(os.Getenv("MEASURE_DAYS"))
	hours, _ := strconv.Atoi(os.Getenv("MEASURE_HOURS"))
	forks, _ := strconv.Atoi(os.Getenv("MEASURE_FORKS"))
	first := w.Submissions[0].Submit
	r := &replay{t: t, users: map[string]string{}, started: map[scheduler.RequestID]time.Time{},
		seen: map[string]bool{}, pending: map[scheduler.RequestID][]*sample{},
		every: time.Duration(hours) * time.Hour, forks: forks, jobRun: map[string]time.Duration{},
		next: w.Start.Add(first + time.Duration(fromDays)*24*time.Hour)}
	for i := range w.Submissions {
		s := &w.Submissions[i]
		r.users[s.ID] = s.Importance
		if days > 0 && s.Submit-first > time.Duration(days)*24*time.Hour {
			w.Submissions = w.Submissions[:i]
			break
		}
	}
	r.history = forecast.NewHistory(forecast.HistoryOptions{Keep: 50,
		Keys: func(q *scheduler.TaskRequest) []string {
			return []string{"user " + r.users[submission(q.ID)], "all"}
		}})
	ids := w.AccountIDs()
	setup := &simulator.Setup{Workload: w, Workers: simulator.Machines(128),
		Timing: simulator.DefaultTiming(), SkipChecks: true,
		NewPool: func(start time.Time, c *scheduler.Config) (simulator.Pool, error) {
			p, err := simulator.NewPool(start, c)
			return &watched{p, r}, err
		}}
	setup.Policy.Scheduler.BurstCover = time.Hour
	setup.Policy.Accounts = simulator.Shares{Level: 1, Rate: simulator.EqualRate(128, len(ids)),
		MaxCharge: 24 * time.Hour}.Accounts(ids)
	begin := time.Now()
	fig, err := simulator.Run(t.Context(), setup)
	if err != nil {
		t.Fatal(err)
	}
	t.Log("replay", time.Since(begin), "forecasts", r.took, r.count, fig.All.Requests, fig.All.Preempted, fig.All.Wait.MeanSeconds, fig.Pool.Utilisation)
	file, err := os.Create(out)
	if err != nil {
		t.Fatal(err)
	}
	c := csv.NewWriter(file)
	sec := func(s *sample, which int) string {
		ts := s.f.GetEarliest()
		if which == 1 {
			ts = s.f.GetLikely()
		} else if which == 2 {
			ts = s.f.GetLatest()
		}
		if ts == nil {
			return "inf"
		}
		return fmt.Sprint(ts.AsTime().Sub(s.at).Seconds())
	}
	for _, s := range r.samples {
		if s.actual.IsZero() {
			continue
		}
		_ = c.Write([]string{fmt.Sprint(s.at.Unix()), string(s.id), s.f.AccountId, r.users[submission(s.id)],
			sec(s, 0), sec(s, 1), sec(s, 2), fmt.Sprint(s.actual.Sub(s.at).Seconds()),
			fmt.Sprint(s.f.Later), fmt.Sprint(s.at.Sub(s.f.EnqueueTime.AsTime()).Seconds())})
	}
	c.Flush()
	_ = file.Close()
}
