package plan_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/quotasched/quotasched/history"
	"github.com/quotasched/quotasched/internal/recording"
	"github.com/quotasched/quotasched/plan"
	"github.com/quotasched/quotasched/pool"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// record is a recorded run, as a plan takes it.
type record struct {
	snapshot *protos.Pool
	history  *history.History
	config   *scheduler.Config
}

func newRecord(r *recording.Recording) (*record, error) {
	p, n := r.Opened()
	out := &record{snapshot: p.Snapshot(), config: p.Scheduler().Config()}
	recorder, err := history.New(out.snapshot)
	if err != nil {
		return nil, err
	}
	for _, op := range r.Operations[n:] {
		outcome, _ := p.Step(context.Background(), op)
		recorder.Step(op, outcome)
	}
	out.history = recorder.History()
	return out, nil
}

// lab is a recorded day of the device lab.
var lab = sync.OnceValues(func() (*record, error) {
	r, err := recording.Example("device-lab.yaml", "quota", "workload.length=20h")
	if err != nil {
		return nil, err
	}
	return newRecord(r)
})

func theLab(t *testing.T) *record {
	t.Helper()
	r, err := lab()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// settings are those of the record with a change.
func (r *record) settings(name string, change func(*scheduler.Config)) plan.Settings {
	p, err := pool.Restore(r.snapshot)
	if err != nil {
		panic(err)
	}
	c := p.Scheduler().Config()
	if change != nil {
		change(c)
	}
	return plan.Settings{Name: name, Config: c}
}

// make makes a plan for a change, with thresholds.
func (r *record) make(t *testing.T, change func(*scheduler.Config), thresholds ...string) *plan.Plan {
	t.Helper()
	in := &plan.Input{Snapshot: r.snapshot, History: r.history,
		Old: r.settings("old", nil), New: r.settings("new", change)}
	for _, text := range thresholds {
		th, err := plan.ParseThreshold(text)
		if err != nil {
			t.Fatal(err)
		}
		in.Thresholds = append(in.Thresholds, th)
	}
	p, err := plan.Make(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// strict are thresholds that no harm passes.
var strict = []string{"wait_p50=+0s", "wait_p95=+0%", "wait_mean=+0s", "preemptions_suffered=+0",
	"lost=+0s", "completed=-0", "limit_wait=+0s", "wait_mean@*=+0s"}

// No change makes no difference.
func TestNoChange(t *testing.T) {
	p := theLab(t).make(t, nil, strict...)
	if len(p.Differences) > 0 || len(p.Broken) > 0 {
		t.Errorf("differences %v, broken %v", p.Differences, p.Broken)
	}
	for _, c := range p.Accounts {
		if c.HarmSeconds != 0 || c.Old != c.New || c.Old.Requests == 0 {
			t.Errorf("%+v", c)
		}
	}
}

// Harm that is planted in one account shows, with that account on top.
func TestPlantedHarm(t *testing.T) {
	for _, c := range []struct {
		account scheduler.AccountID
		change  func(*scheduler.AccountConfig)
		metric  string
	}{
		{"cq", func(a *scheduler.AccountConfig) { a.ChargeRate[0] /= 10 }, "wait_mean"},
		{"release", func(a *scheduler.AccountConfig) { a.ChargeRate[1] = 100 }, "wait_p95"},
		{"bringup", func(a *scheduler.AccountConfig) { a.ChargeRate[1] = 0 }, "wait_mean"},
		{"bringup", func(a *scheduler.AccountConfig) {
			a.MaxFanout, a.DisableFreeTasks = 1, true
		}, "limit_wait"},
		{"perf", func(a *scheduler.AccountConfig) {
			a.PerLabelTaskLimits = map[string]int{"pool": 2}
		}, "limit_wait"},
		{"nightly", func(a *scheduler.AccountConfig) { a.ChargeRate[2] /= 10 }, "wait_mean"},
	} {
		t.Run(string(c.account)+" "+c.metric, func(t *testing.T) {
			p := theLab(t).make(t, func(config *scheduler.Config) {
				c.change(config.Accounts[c.account])
			}, c.metric+"=+20%,+60s", c.metric+"@"+string(c.account)+"=+60s")
			if p.Accounts[0].Account != c.account || p.Accounts[0].HarmSeconds < 60 {
				for _, a := range p.Accounts {
					t.Logf("%+v", a)
				}
				t.Fatalf("%s is on top", p.Accounts[0].Account)
			}
			for _, a := range p.Accounts {
				t.Logf("%s: %.0f", a.Account, a.HarmSeconds)
			}
			if len(p.Broken) == 0 || p.Broken[0].Account != c.account {
				t.Errorf("broken: %+v", p.Broken)
			}
		})
	}
}

// The same input gives the same bytes.
func TestSameBytesTwice(t *testing.T) {
	change := func(c *scheduler.Config) { c.Accounts["cq"].ChargeRate[0] /= 2 }
	a, err := json.Marshal(theLab(t).make(t, change, strict...))
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(theLab(t).make(t, change, strict...))
	if err != nil || !bytes.Equal(a, b) {
		t.Error("two plans of the same differ")
	}
}

func TestParseThreshold(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"wait_p95=+20%", ""},
		{"wait_p95=+60s", ""},
		{"wait_p95@a=b=+20%, +1h30m", ""},
		{"completed@*=-5%,-3", ""},
		{"paid=-10%", ""},
		{"paid=+10%", ""},
		{"wait_p95", "want METRIC=LIMIT"},
		{"wait_p99=+1s", `there is no metric "wait_p99"; there are: wait_p50, wait_p95,`},
		{"wait_p95=20%", "has no sign"},
		{"wait_p95=", "has no sign"},
		{"wait_p95=-20%", "fewer or less is no harm"},
		{"completed=+5", "more is no harm; want such as -20% or -5"},
		{"completed=-120%", "nothing falls by more than 100 %"},
		{"wait_p95=+60", "a time with its unit"},
		{"wait_p95=+x%", "neither a percentage nor"},
		{"wait_p95=+NaN%", "neither a percentage nor"},
		{"wait_p95=+1s,+2s", "two limits of the same kind"},
		{"wait_p95=+1s,+2%,+3%", "3 limits are more than two"},
		{"preemptions_suffered=+1.5", "is not whole"},
		{"preemptions_suffered=+1s", "neither a percentage nor a number"},
		{"paid=+1h,-5%", "one limit is for a rise and one for a fall"},
	} {
		th, err := plan.ParseThreshold(c.text)
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", c.text, err)
		case c.want == "" && th.String() != c.text:
			t.Errorf("%s becomes %s", c.text, th.String())
		case c.want != "" && (!errors.Is(err, plan.ErrThreshold) ||
			!strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: got %v, want %s", c.text, err, c.want)
		}
	}
}

// Which changes break a threshold.
func TestBreaks(t *testing.T) {
	for _, c := range []struct {
		text     string
		old, new float64
		want     bool
	}{
		{"wait_p95=+20%", 100, 120, false},
		{"wait_p95=+20%", 100, 121, true},
		{"wait_p95=+20%", 100, 50, false},
		{"wait_p95=+20%", 0, 0, false},
		{"wait_p95=+20%", 0, 1, true},
		{"wait_p95=+20%,+60s", 100, 130, false},
		{"wait_p95=+20%,+60s", 1000, 1070, false},
		{"wait_p95=+20%,+60s", 100, 161, true},
		{"wait_p95=+0s", 1, 1, false},
		{"wait_p95=+0s", 1, 1.5, true},
		{"completed=-5", 100, 95, false},
		{"completed=-5", 100, 94, true},
		{"completed=-5", 100, 194, false},
		{"completed=-5%", 200, 189, true},
		{"completed=-0", 200, 200, false},
		{"completed=-0", 200, 199, true},
		{"paid=-10%", 100, 80, true},
		{"paid=-10%", 100, 180, false},
		{"paid=+10%", 100, 180, true},
	} {
		th, err := plan.ParseThreshold(c.text)
		if err != nil {
			t.Fatal(err)
		}
		if got := th.Breaks(c.old, c.new); got != c.want {
			t.Errorf("%s from %v to %v: broken is %v", c.text, c.old, c.new, got)
		}
	}
}

func TestMakeRefuses(t *testing.T) {
	r := theLab(t)
	missing, err := plan.ParseThreshold("wait_p95@nobody=+1s")
	if err != nil {
		t.Fatal(err)
	}
	running := *r // in the middle, where tasks run
	for _, c := range []struct {
		name string
		in   *plan.Input
		want error
		text string
	}{
		{"unknown account", &plan.Input{Snapshot: r.snapshot, History: r.history,
			Old: r.settings("old", nil), New: r.settings("new", nil),
			Thresholds: []plan.Threshold{missing}}, plan.ErrThreshold, `"nobody"`},
		{"nothing recorded", &plan.Input{Snapshot: r.snapshot,
			History: &history.History{Begin: r.history.Begin, End: r.history.Begin},
			Old:     r.settings("old", nil), New: r.settings("new", nil)}, plan.ErrNothing, ""},
		{"bad settings", &plan.Input{Snapshot: running.snapshot, History: r.history,
			Old: r.settings("old", nil), New: r.settings("new.yaml", func(c *scheduler.Config) {
				c.WorkerExpiration = -1
			})}, scheduler.ErrInvalidConfig, "new.yaml: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := plan.Make(context.Background(), c.in)
			if p != nil || !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.text) {
				t.Errorf("got %v, %v", p, err)
			}
		})
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = plan.Make(ctx, &plan.Input{Snapshot: r.snapshot, History: r.history,
		Old: r.settings("old", nil), New: r.settings("new", nil)})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
}
