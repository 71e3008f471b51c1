package forecast_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/quotasched/quotasched/forecast"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"

	"github.com/quotasched/quotasched/pool"
)

func of(account scheduler.AccountID, labels ...string) *scheduler.TaskRequest {
	return &scheduler.TaskRequest{ID: "r", Account: account, BaseLabels: labels, EnqueueTime: nine}
}

func TestAHistoryKnowsTheLikesOfARequest(t *testing.T) {
	h := forecast.NewHistory(forecast.HistoryOptions{Keep: 10})
	if e := h.Of(of("a")); e.RunTime != nil || e.Runs != 0 {
		t.Errorf("before all runs: %+v", e)
	}
	for i := range 30 {
		h.Observe(of("a", "gpu"), time.Duration(i)*time.Minute) // of which the last ten are kept
		h.Observe(of("b"), time.Hour)
	}
	median := func(r *scheduler.TaskRequest) time.Duration { return h.Of(r).RunTime.At(0.5) }
	// Account and labels are what counts; then the account; then the labels; then all.
	for _, c := range []struct {
		r        *scheduler.TaskRequest
		from, to time.Duration
		source   string
	}{
		{of("a", "gpu"), 23 * time.Minute, 26 * time.Minute, `10 of account "a", labels ["gpu"]; `},
		{of("a", "mac"), 23 * time.Minute, 26 * time.Minute, `past runs: 10 of account "a"; `},
		{of("c", "gpu"), 23 * time.Minute, 27 * time.Minute, `past runs: 10 of labels ["gpu"]; `},
		{of("b"), time.Hour, time.Hour, `10 of account "b", labels []; `},
		{of("c", "mac"), 29 * time.Minute, time.Hour, `past runs: 10 of all requests`},
	} {
		e := h.Of(c.r)
		if m := median(c.r); m < c.from || m > c.to || !strings.Contains(e.Source, c.source) {
			t.Errorf("%s %v: %v from %q", c.r.Account, c.r.BaseLabels, m, e.Source)
		}
	}
	// What is known of the likes does not rule out what others do.
	if last := h.Of(of("a", "gpu")).RunTime.At(1); last != time.Hour {
		t.Errorf("the longest run of the account is %v", last)
	}
}

// Where half of all tasks run for ten hours, two hours of record have the end of none of those. That
// they run is known, and so that many tasks run for longer than two hours.
func TestAHistoryCountsTasksThatRun(t *testing.T) {
	h := forecast.NewHistory(forecast.HistoryOptions{Keep: 50})
	last := nine.Add(2 * time.Hour)
	for i := range 100 { // more than are kept
		began := nine.Add(time.Duration(i) * time.Minute)
		h.Seen(began)
		h.Began(fmt.Sprint("long ", i), of("a"), began)
		h.Observe(of("a"), 10*time.Minute)
	}
	h.Seen(last)
	d := h.Of(of("a")).RunTime
	if got := d.Share(time.Hour); got < 0.4 || got > 0.6 {
		t.Errorf("a share of %v is over within an hour, want a half", got)
	}
	if got := d.At(0.9); got < 3*time.Hour {
		t.Errorf("a tenth of all runs for longer than %v, want more than two hours", got)
	}
	// Those that are over count as all others, and what is not to be known does not count.
	for i := range 100 {
		h.Stopped(fmt.Sprint("long ", i))
	}
	if got := h.Of(of("a")).RunTime.At(1); got != 10*time.Minute {
		t.Errorf("with nothing that runs, the longest run is %v", got)
	}
	// In a record that is long beside the runs, what runs hardly counts.
	for i := range 1000 {
		h.Observe(of("a"), time.Duration(5+i%10)*time.Minute)
		if i == 0 {
			h.Began("straggler", of("a"), nine)
		}
	}
	if got := h.Of(of("a")).RunTime.At(0.99); got > 15*time.Minute {
		t.Errorf("with one straggler, a hundredth runs for longer than %v", got)
	}
}

func TestAHistoryForgetsWhatIsOld(t *testing.T) {
	h := forecast.NewHistory(forecast.HistoryOptions{Keep: 5, MaxKeys: 100})
	for i := range 1000 {
		h.Observe(of(scheduler.AccountID(fmt.Sprint(i))), time.Minute)
	}
	if e := h.Of(of("0")); e.Runs != 10 { // of the labels, and of all
		t.Errorf("of the oldest account %d runs are known", e.Runs)
	}
	if e := h.Of(of("999")); e.Runs != 12 {
		t.Errorf("of the newest account %d runs are known", e.Runs)
	}
}

func TestQuantiles(t *testing.T) {
	d := given(t, 10, 20, 60)
	for _, c := range []struct {
		share float64
		want  int
	}{{0, 10}, {0.1, 10}, {0.3, 15}, {0.5, 20}, {0.7, 40}, {0.9, 60}, {1, 60}} {
		if got := d.At(c.share).Round(time.Second); got != time.Duration(c.want)*time.Minute {
			t.Errorf("at %v: %v, want %d min", c.share, got, c.want)
		}
	}
	if got := d.Share(40 * time.Minute); got < 0.699 || got > 0.701 {
		t.Errorf("within 40 min %v are over", got)
	}
	// Of those that run for more than 40 min, half run for 55 min: the share is 0.85.
	if got := d.After(40*time.Minute, 0.5).Round(time.Second); got != 55*time.Minute {
		t.Errorf("after 40 min: %v", got)
	}
	// One that outlived all goes on for as long again.
	if got := d.After(2*time.Hour, 0.5); got != 4*time.Hour {
		t.Errorf("after two hours: %v", got)
	}
	if got := forecast.Exactly(time.Minute).After(time.Hour, 0.5); got != time.Minute {
		t.Errorf("an exact run time is %v", got)
	}
	for _, c := range []struct {
		want   string
		points []forecast.Point
	}{
		{"without a quantile", nil},
		{"at 1.5", []forecast.Point{{Share: 1.5, Time: time.Minute}}},
		{"-1m0s is below 0", []forecast.Point{{Share: 0.5, Time: -time.Minute}}},
		{"two quantiles at 0.5", []forecast.Point{{Share: 0.5}, {Share: 0.5, Time: 1}}},
		{"less than the one at 0.5", []forecast.Point{{Share: 0.9}, {Share: 0.5, Time: 1}}},
	} {
		if _, err := forecast.Quantiles(c.points...); err == nil ||
			!strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want one with %q", err, c.want)
		}
	}
}

// A learner notes how long tasks ran to their end, one of each group, and nothing of those that
// were preempted.
func TestALearnerNotesRunsToTheirEnd(t *testing.T) {
	p, err := pool.Restore(queue(t))
	if err != nil {
		t.Fatal(err)
	}
	h := forecast.NewHistory(forecast.HistoryOptions{})
	l := forecast.NewLearner(p.Scheduler(), forecast.LearnerOptions{History: h})
	step := func(op *protos.Operation) *protos.Result {
		t.Helper()
		outcome, err := p.Step(t.Context(), op)
		if err != nil {
			t.Fatal(err)
		}
		l.Step(op, outcome, p.Scheduler())
		return outcome.GetResult()
	}
	pull := func(minute int, workers ...string) *protos.Operation {
		op := &protos.AssignTasks{}
		for _, w := range workers {
			op.Workers = append(op.Workers,
				&protos.IdleWorker{WorkerId: w, Labels: []string{"phone"}})
		}
		return &protos.Operation{Time: timestamp(minute),
			Kind: &protos.Operation_AssignTasks{AssignTasks: op}}
	}
	running := func(minute int, r, w string) *protos.Operation {
		return pool.TaskRunning(timestamp(minute).AsTime(), scheduler.RequestID(r),
			scheduler.WorkerID(w))
	}
	absent := func(minute int, r string) *protos.Operation {
		return pool.TaskAbsent(timestamp(minute).AsTime(), scheduler.RequestID(r))
	}
	// The test ends after 20 min; the first request runs for 5; the second one is preempted.
	step(absent(20, "test"))
	step(pull(20, "phone"))
	step(running(20, "first", "phone"))
	step(pull(25, "phone")) // it is idle again, so its task is over
	step(running(25, "second", "phone"))
	step(&protos.Operation{Time: timestamp(25), Kind: &protos.Operation_AddAccount{
		AddAccount: &protos.AddAccount{AccountId: "rich", Config: &protos.AccountConfig{
			ChargeRate: []int64{1000, 0, 0, 0, 0}, MaxCharge: durationpb(time.Hour)},
			Balance: []int64{1e12, 0, 0, 0, 0}}}})
	step(waits("urgent", "rich", 26, "phone"))
	step(pull(26))
	step(absent(27, "second"))
	if runs := h.Of(of("", "phone")).Runs; runs != 4 {
		t.Errorf("%d runs, want two, of the labels and of all", runs)
	}
	d := h.Of(of("lab", "phone")).RunTime
	if d.At(0) != 5*time.Minute || d.At(1) != 20*time.Minute {
		t.Errorf("they took from %v to %v", d.At(0), d.At(1))
	}
}
