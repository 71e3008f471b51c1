package demo

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/protos/dispatch"
	"github.com/quotasched/quotasched/worker"
)

// models are those of the devices, six of each.
var models = []string{"birch", "cedar", "fir", "oak"}

const (
	devices   = 24
	firstHour = 8 // of the day, when the demo begins
)

// team is who submits tasks.
type team struct {
	account string
	about   string
	// config are its quotas, with times as in life; nil for a team without an account.
	config *protos.AccountConfig
	// share is how much of the devices its tasks would take by day, on average; by night it is
	// multiplied by night.
	share, night float64
	// burst is how many tasks come at once.
	burst int
	// median and spread are those of how long tasks run, which is log-normal.
	median time.Duration
	spread float64
	// fails is which part of the tasks fails.
	fails float64
	// builds is true if its tasks need the newest build on the device.
	builds bool
}

// teams are in the order in which they are shown.
var teams = []team{
	{account: "web", about: "short tests for each change, twelve at once", share: 0.45, night: 0.2,
		burst: 12, median: 8 * time.Minute, spread: 0.4, fails: 0.05, builds: true,
		config: &protos.AccountConfig{ChargeRate: []int64{10_000}, MaxCharge: durationpb.New(time.Hour)}},
	{account: "release", about: "half-hour tests of the stable build", share: 0.3, night: 0.5,
		burst: 1, median: 30 * time.Minute, spread: 0.5, fails: 0.02,
		config: &protos.AccountConfig{ChargeRate: []int64{0, 7_000},
			MaxCharge: durationpb.New(2 * time.Hour)}},
	{account: "perf", about: "long tests of the newest build", share: 0.25, night: 1,
		burst: 2, median: 55 * time.Minute, spread: 0.3, fails: 0.01, builds: true,
		config: &protos.AccountConfig{ChargeRate: []int64{0, 0, 5_000},
			MaxCharge:          durationpb.New(4 * time.Hour),
			PerLabelTaskLimits: map[string]int64{"model": 3}}},
	{account: "fuzz", about: "fills what nobody else wants", share: 0.5, night: 1,
		burst: 4, median: 40 * time.Minute, spread: 0.6, fails: 0.1,
		config: &protos.AccountConfig{}},
}

// arrival is when a team submits something.
type arrival struct {
	after time.Duration // since the demo began, as in life
	tasks []*dispatch.TaskSpec
}

// arrivals are those of a team for a day, in order.
func (t *team) arrivals(r *rand.Rand) []arrival {
	var all []arrival
	mean := t.median.Seconds() * math.Exp(t.spread*t.spread/2) // of a log-normal
	for now := time.Duration(0); now < day; {
		share := t.share
		if hour := (firstHour + int(now.Hours())) % 24; hour < 7 || hour > 20 {
			share *= t.night
		}
		perSecond := share * devices / mean / float64(t.burst)
		now += time.Duration(r.ExpFloat64() / perSecond * float64(time.Second))
		one := arrival{after: now}
		model := "model:" + models[r.IntN(len(models))]
		for range t.burst {
			one.tasks = append(one.tasks, t.task(r, now, model))
		}
		all = append(all, one)
	}
	return slices.DeleteFunc(all, func(a arrival) bool { return a.after >= day })
}

const day = 24 * time.Hour

// task makes up a task that is submitted so long after the demo began.
func (t *team) task(r *rand.Rand, now time.Duration, model string) *dispatch.TaskSpec {
	run := time.Duration(t.median.Seconds() * math.Exp(t.spread*r.NormFloat64()) * float64(
		time.Second))
	exit := uint8(0)
	if r.Float64() < t.fails {
		exit = 1
	}
	spec := &dispatch.TaskSpec{AccountId: t.account, Tags: []string{"demo"},
		Payload: &dispatch.TaskSpec_Exec{Exec: worker.Simulate(run.Round(time.Second), exit)}}
	if t.account != "fuzz" {
		spec.BaseLabels = []string{model}
	}
	if t.builds {
		spec.ProvisionableLabels = []string{fmt.Sprintf("os:build-%d", 100+int(now.Hours())/4)}
	}
	return spec
}
