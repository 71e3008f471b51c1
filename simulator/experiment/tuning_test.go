package experiment_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/stat"

	"github.com/quotasched/quotasched/scheduler"
	"github.com/quotasched/quotasched/simulator/experiment"
	"github.com/quotasched/quotasched/simulator/tune"
)

// TestBuiltinKnobsAreRatesCapsAndLimits tunes a file without any knobs.
func TestBuiltinKnobsAreRatesCapsAndLimits(t *testing.T) {
	tuning, err := loaded(t).Tuning(experiment.TuneOptions{})
	require.NoError(t, err)
	var names []string
	for i, k := range tuning.Problem().Knobs {
		names = append(names, tuning.KnobName(i))
		require.Less(t, k.From, k.To)
	}
	require.Equal(t, []string{"a.rates.p0", "a.max_charge", "b.rates.p2", "b.max_charge",
		"scheduler.max_lost_work", "scheduler.burst_cover"}, names)
}

// TestTheLeastFleetIsThatOfTryingEach compares a tuning with a run of each size.
func TestTheLeastFleetIsThatOfTryingEach(t *testing.T) {
	knob, err := experiment.ParseKnob("--knob", "fleet.total=1..40")
	require.NoError(t, err)
	least, err := experiment.ParseObjective("workers")
	require.NoError(t, err)
	tuning, err := loaded(t).Tuning(experiment.TuneOptions{Knobs: []experiment.Knob{knob},
		Minimize: &least, Selecting: 5, HeldOut: 2})
	require.NoError(t, err)
	p := tuning.Problem()
	var points [][]float64
	for n := 1.0; n <= 40; n++ {
		points = append(points, []float64{n})
	}
	outcomes, err := p.Evaluate(t.Context(), tune.Part{Use: tune.Selecting, Share: 1}, points)
	require.NoError(t, err)
	want := 0.0
	for i, cases := range outcomes {
		var waits []float64
		for _, c := range cases {
			waits = append(waits, c.Goals[0])
		}
		mean, deviation := stat.MeanStdDev(waits, nil)
		if mean+tune.SelectMargin*stat.StdErr(deviation, float64(len(waits))) <= 120 {
			want = points[i][0]
			break
		}
	}
	require.Greater(t, want, 1.0, "the smallest fleet does not do")
	r, err := tune.Run(t.Context(), p, tune.Options{Seed: 1, Runs: 80})
	require.NoError(t, err)
	require.True(t, r.Found)
	require.InDelta(t, want, r.Chosen.Point[0], 2)
}

// TestThePolicyThatIsFoundCanBeRun reads what a tuning writes.
func TestThePolicyThatIsFoundCanBeRun(t *testing.T) {
	tuning, err := loaded(t).Tuning(experiment.TuneOptions{Selecting: 2, HeldOut: 3})
	require.NoError(t, err)
	r, err := tune.Run(t.Context(), tuning.Problem(), tune.Options{Seed: 1, Runs: 40})
	require.NoError(t, err)
	tuned, err := tuning.Tuned(r)
	require.NoError(t, err)
	require.Equal(t, "seeds 1 to 6", tuned.Seen)
	require.Equal(t, "seeds 9, 10, 11", tuned.Unseen)
	read, err := experiment.ParsePolicy("tuned.yaml", []byte(tuned.PolicyText), "")
	require.NoError(t, err)
	require.Equal(t, "quota-tuned", read.Policy.Name)
	require.InDelta(t, r.Chosen.Point[0], read.Policy.Accounts["a"].Rates.P0, 1e-9)
	require.InDelta(t, r.Chosen.Point[4], read.Policy.Scheduler.MaxLostWork.Levels.P0.Seconds(), 1e-3)
}

// TestAPolicyAloneIsTunedInAWorld reads a file without a workload.
func TestAPolicyAloneIsTunedInAWorld(t *testing.T) {
	text := "accounts:\n  a: {rates: {p1: 2}, max_charge: 1h}\n"
	e, err := experiment.ParseForWorld("quotas.yaml", []byte(text),
		"policies.quotas.accounts.a.rates.p1=3")
	require.NoError(t, err)
	goal, err := experiment.ParseGoal("wait_p95@a=1m")
	require.NoError(t, err)
	tuning, err := e.Tuning(experiment.TuneOptions{Goals: []experiment.Goal{goal},
		World: &experiment.World{Accounts: []scheduler.AccountID{"a"}}})
	require.NoError(t, err)
	require.Equal(t, "quotas", tuning.Policy)
	require.Equal(t, 3.0, tuning.Problem().Knobs[0].Start)
	_, err = experiment.ParseForWorld("quotas.yaml", []byte(text+"  b: {rates: {p9: 1}}\n"))
	require.ErrorContains(t, err, "quotas.yaml:3:")
}
