package forecast_test

import (
	"bytes"
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/quotasched/quotasched/forecast"
	"github.com/quotasched/quotasched/fork"
	"github.com/quotasched/quotasched/internal/plain"
	"github.com/quotasched/quotasched/pool"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

var nine = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// queue is a pool with one worker, "phone", which runs "test" since nine, with "first" and "second"
// waiting behind it, and with "tablet test", which no worker can run. It is ten past nine.
func queue(t *testing.T) *protos.Pool {
	t.Helper()
	p, err := pool.New(nine, &scheduler.Config{})
	if err != nil {
		t.Fatal(err)
	}
	for _, op := range []*protos.Operation{
		waits("test", "lab", 0, "phone"),
		{Kind: &protos.Operation_AssignTasks{AssignTasks: &protos.AssignTasks{
			Workers: []*protos.IdleWorker{{WorkerId: "phone", Labels: []string{"phone"}}}}}},
		{Kind: &protos.Operation_TaskRunning{
			TaskRunning: &protos.TaskRunning{RequestId: "test", WorkerId: "phone"}}},
		waits("first", "lab", 1, "phone"),
		waits("second", "others", 2, "phone"),
		waits("tablet test", "others", 10, "tablet"),
	} {
		if op.Time == nil {
			op.Time = timestamp(0)
		}
		if _, err := p.Apply(context.Background(), op, nil); err != nil {
			t.Fatal(err)
		}
	}
	return p.Snapshot()
}

// given are quantiles of run times, in minutes.
func given(t *testing.T, p10, p50, p90 int) *forecast.Distribution {
	t.Helper()
	minutes := func(n int) time.Duration { return time.Duration(n) * time.Minute }
	d, err := forecast.Quantiles(forecast.Point{Share: 0.1, Time: minutes(p10)},
		forecast.Point{Share: 0.5, Time: minutes(p50)},
		forecast.Point{Share: 0.9, Time: minutes(p90)})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func run(t *testing.T, p *protos.Pool, r forecast.RunTimes, o forecast.Options) *protos.Forecast {
	t.Helper()
	f, err := forecast.Run(t.Context(), p, r, o)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// The test has run for ten of its twenty to forty minutes: the first request starts within the
// rest, and the second one when the first has run, too.
func TestARequestWaitsForThoseBeforeIt(t *testing.T) {
	f := run(t, queue(t), &forecast.Table{All: given(t, 20, 30, 40)}, forecast.Options{Forks: 400})
	for i, want := range [][3]int{{20, 30, 40}, {50 - 4, 60, 70 + 4}} { // minutes after nine
		r := f.GetRequests()[i]
		for k, got := range []time.Time{r.GetEarliest().AsTime(), r.GetLikely().AsTime(),
			r.GetLatest().AsTime()} {
			if d := got.Sub(nine) - time.Duration(want[k])*time.Minute; d.Abs() > 4*time.Minute {
				t.Errorf("%s: time %d is %v, want about %d min after nine", r.GetRequestId(), k,
					got, want[k])
			}
		}
	}
	// One request alone gets the same answer as among all.
	alone := run(t, queue(t), &forecast.Table{All: given(t, 20, 30, 40)},
		forecast.Options{Forks: 400, Requests: []scheduler.RequestID{"second"}})
	if !proto.Equal(alone.GetRequests()[0], f.GetRequests()[1]) {
		t.Errorf("alone: %v\namong all: %v", alone.GetRequests()[0], f.GetRequests()[1])
	}
}

func TestTasksOfOneGroupRunAlike(t *testing.T) {
	one := func(*scheduler.TaskRequest) string { return "one" }
	f := run(t, queue(t), &forecast.Table{All: given(t, 20, 30, 40)},
		forecast.Options{Forks: 100, Group: one, GroupedBy: "all of the lab"})
	for _, a := range f.GetAssumptions() {
		if a.GetCode() == "Groups" && !strings.Contains(a.GetMessage(), "(all of the lab)") {
			t.Errorf("the assumption is %q", a.GetMessage())
		}
	}
	first, second := f.GetRequests()[0], f.GetRequests()[1]
	// What the test takes, the first request takes again.
	for _, k := range []struct{ first, second time.Time }{
		{first.GetEarliest().AsTime(), second.GetEarliest().AsTime()},
		{first.GetLatest().AsTime(), second.GetLatest().AsTime()},
	} {
		d := k.second.Sub(nine) - 2*k.first.Sub(nine)
		if d.Abs() > 2*time.Second {
			t.Errorf("the first starts at %v, the second at %v", k.first, k.second)
		}
	}
}

func TestWhatStartsInNoFork(t *testing.T) {
	answer := func(f *protos.Forecast, i int) string {
		r := f.GetRequests()[i]
		return strings.TrimPrefix(r.GetAnswer().String(), "ANSWER_") + " " + r.GetReason()
	}
	all := &forecast.Table{All: given(t, 20, 30, 40)}
	f := run(t, queue(t), all, forecast.Options{Requests: []scheduler.RequestID{"test",
		"tablet test"}})
	if got := answer(f, 0); got != "ON_WORKER OnWorker" {
		t.Errorf("of a task: %s", got)
	}
	if got := answer(f, 1); got != "NEVER NoSuchWorker" {
		t.Errorf("without a worker: %s", got)
	}
	f = run(t, queue(t), all, forecast.Options{Horizon: 5 * time.Minute})
	if got := answer(f, 0); got != "NOT_WITHIN_HORIZON Horizon" || f.GetRequests()[0].Later != 1 {
		t.Errorf("in five minutes: %s, later %v", got, f.GetRequests()[0].Later)
	}
	f = run(t, queue(t), all, forecast.Options{MaxOperations: 2})
	if got := answer(f, 0); got != "NOT_WITHIN_HORIZON Budget" || f.GetForksCutShort() != 50 {
		t.Errorf("in two operations: %s, %d forks cut short", got, f.GetForksCutShort())
	}
	spoiled := queue(t)
	spoiled.Scheduler.Config.RequestExpiration = durationpb(12 * time.Minute)
	f = run(t, spoiled, all, forecast.Options{})
	if got := answer(f, 0); got != "NOT_WITHIN_HORIZON Expires" {
		t.Errorf("if requests expire: %s", got)
	}
	spoiled = queue(t)
	spoiled.Reconciler.TaskErrors = []*protos.TaskError{{RequestId: "first", Message: "broken"}}
	f = run(t, spoiled, all, forecast.Options{})
	if got := answer(f, 0); got != "NOT_WITHIN_HORIZON TaskError" {
		t.Errorf("with an error: %s", got)
	}
	// In some forks the horizon is too near: then the later times are after it.
	f = run(t, queue(t), all, forecast.Options{Horizon: 22 * time.Minute})
	if r := f.GetRequests()[0]; r.GetLikely() == nil || r.GetLatest() != nil || r.GetLater() < 0.2 ||
		r.GetLater() > 0.8 {
		t.Errorf("in 22 minutes: %v", r)
	}
}

func TestWithoutRunTimesTheAnswerIsUnknown(t *testing.T) {
	for name, r := range map[string]forecast.RunTimes{
		"an empty table":   &forecast.Table{},
		"an empty history": forecast.NewHistory(forecast.HistoryOptions{}),
		"others' alone": &forecast.Table{Accounts: map[scheduler.AccountID]*forecast.Distribution{
			"others": given(t, 20, 30, 40)}},
	} {
		f := run(t, queue(t), r, forecast.Options{})
		for _, q := range f.GetRequests()[:2] {
			if q.GetAnswer() != protos.RequestForecast_ANSWER_UNKNOWN ||
				q.GetReason() != forecast.ReasonUnknownRunTime || q.GetEarliest() != nil ||
				!strings.Contains(q.GetMessage(), `how long request "test" runs`) {
				t.Errorf("%s: %v", name, q)
			}
		}
	}
	// What is known of the tasks that decide is enough.
	lab := &forecast.Table{Accounts: map[scheduler.AccountID]*forecast.Distribution{
		"lab": given(t, 20, 30, 40)}}
	f := run(t, queue(t), lab, forecast.Options{})
	if r := f.GetRequests()[1]; r.GetAnswer() != protos.RequestForecast_ANSWER_STARTS {
		t.Errorf("%v", r)
	}
}

// An answer depends on the seed, and on nothing but what was asked.
func TestTheSameQuestionHasTheSameAnswer(t *testing.T) {
	bytesOf := func(o forecast.Options, seed uint64) []byte {
		s, err := plain.NewScene(seed)
		if err != nil {
			t.Fatal(err)
		}
		f := run(t, s.Pool.ToProto(), &forecast.Table{All: given(t, 1, 2, 9)}, o)
		b, err := proto.MarshalOptions{Deterministic: true}.Marshal(f)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	differ := false
	for seed := range uint64(5) {
		first := bytesOf(forecast.Options{Seed: 7, Parallel: 1}, seed)
		if !bytes.Equal(first, bytesOf(forecast.Options{Seed: 7, Parallel: 7}, seed)) {
			t.Errorf("scene %d: another answer with seven forks at once", seed)
		}
		for _, n := range []int{1, 2} {
			before := runtime.GOMAXPROCS(n)
			if !bytes.Equal(first, bytesOf(forecast.Options{Seed: 7}, seed)) {
				t.Errorf("scene %d: another answer with GOMAXPROCS %d", seed, n)
			}
			runtime.GOMAXPROCS(before)
		}
		other := bytesOf(forecast.Options{Seed: 8, Parallel: 1}, seed)
		differ = differ || !bytes.Equal(first, other)
	}
	if !differ {
		t.Error("the seed makes no difference")
	}
}

func TestBadForecasts(t *testing.T) {
	table := &forecast.Table{All: given(t, 20, 30, 40)}
	spoiled := queue(t)
	spoiled.Scheduler.Workers[0].LabelSet = 99
	for _, c := range []struct {
		want     string
		snapshot *protos.Pool
		runTimes forecast.RunTimes
		options  forecast.Options
	}{
		{want: "no run times", snapshot: queue(t)},
		{want: `does not know request "nobody"`, snapshot: queue(t), runTimes: table,
			options: forecast.Options{Requests: []scheduler.RequestID{"nobody"}}},
		{want: `request "first" is asked for twice`, snapshot: queue(t), runTimes: table,
			options: forecast.Options{Requests: []scheduler.RequestID{"first", "first"}}},
		{want: "-1 forks", snapshot: queue(t), runTimes: table, options: forecast.Options{Forks: -1}},
		{want: "10,001 forks", snapshot: queue(t), runTimes: table,
			options: forecast.Options{Forks: 10_001}},
		{want: "horizon of -1h", snapshot: queue(t), runTimes: table,
			options: forecast.Options{Horizon: -time.Hour}},
		{want: "coverage of 1 ", snapshot: queue(t), runTimes: table,
			options: forecast.Options{Coverage: 1}},
		{want: "-1 operations", snapshot: queue(t), runTimes: table,
			options: forecast.Options{MaxOperations: -1}},
		{want: "-1 forks at once", snapshot: queue(t), runTimes: table,
			options: forecast.Options{Parallel: -1}},
		{want: `worker "w" is listed twice`, snapshot: queue(t), runTimes: table,
			options: forecast.Options{Workers: []fork.Worker{{ID: "w"}, {ID: "w"}}}},
		{want: "invalid snapshot", snapshot: spoiled, runTimes: table},
		{want: "no pool", runTimes: table},
	} {
		_, err := forecast.Run(t.Context(), c.snapshot, c.runTimes, c.options)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want one with %q", err, c.want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := forecast.Run(ctx, queue(t), table, forecast.Options{}); !errors.Is(err,
		context.Canceled) {
		t.Errorf("error %v of a context that ended", err)
	}
	empty, err := pool.New(nine, &scheduler.Config{})
	if err != nil {
		t.Fatal(err)
	}
	if f := run(t, empty.Snapshot(), table, forecast.Options{}); len(f.GetRequests()) != 0 ||
		len(f.GetAssumptions()) == 0 {
		t.Errorf("of an empty pool: %v", f)
	}
}

func TestText(t *testing.T) {
	f := run(t, queue(t), &forecast.Table{All: forecast.Exactly(30 * time.Minute)},
		forecast.Options{Horizon: time.Hour, Timing: fork.Timing{Tick: time.Minute}})
	var b strings.Builder
	if err := forecast.Text(&b, f); err != nil {
		t.Fatal(err)
	}
	const want = `as of 2026-03-02T09:10:00Z

! 1 request can never start, as long as the fleet and the accounts are as they are.
! Of 1 request, the start or the completion may be later than the horizon, 1 h: choose a longer one
!   to see when.
! The times are not calibrated: that needs the outcomes of 30 past forecasts, made at 6 times.
!   Expect fewer than 80 % of the real starts between earliest and latest.
! There is no record of arrivals, so nothing arrives in the forks: requests that come later may
!   overtake.

request      account  waits since  starts in: earliest  likely  latest  complete in: earliest  ` +
		`likely          latest          preempted
first        lab      9 min        20 min               20 min  20 min  50 min                 ` +
		`50 min          50 min          0 %
second       others   8 min        50 min               50 min  50 min  later than 1 h         ` +
		`later than 1 h  later than 1 h  0 %
tablet test  others   0 s          never                never   never   never                  ` +
		`never           never

tablet test: no known worker has tablet

`
	if !strings.HasPrefix(b.String(), want) {
		t.Errorf("%s\nwant\n%s", b.String(), want)
	}
	for _, a := range []string{"No requests arrive after 2026-03-02T09:10:00Z", "1 worker.",
		"4 from what is given for all requests"} {
		if !strings.Contains(b.String(), a) {
			t.Errorf("%q is not in\n%s", a, b.String())
		}
	}
}
