package experiment_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quotasched/quotasched/simulator/experiment"
)

func TestGoalsAreRead(t *testing.T) {
	for text, bound := range map[string]string{
		"wait_p95@cq=3m":         "≤ 3 min",
		"wait_p95=1h30m":         "≤ 1 h 30 min",
		"lost@*=10h":             "≤ 10 worker-hours",
		"lost_share=5%":          "≤ 5 %",
		"completed@fuzz=1000":    "≥ 1,000",
		"utilisation_useful=0.7": "≥ 70 %",
		"wait_p95@team.a=b=2d":   "",
	} {
		g, err := experiment.ParseGoal(text)
		if bound == "" {
			require.Error(t, err, text)
			continue
		}
		require.NoError(t, err, text)
		require.Equal(t, bound, g.Bound())
	}
}

func TestWrongGoalsAreRefused(t *testing.T) {
	for text, want := range map[string]string{
		"wait_p95@cq":    `goal "wait_p95@cq": want METRIC@ACCOUNT=BOUND`,
		"wait_p59@cq=3m": `there is no metric "wait_p59"; there are: wait_p50, wait_p95`,
		"wait_p95@cq=3":  `"3" is not a time with its unit, such as 3m`,
		"workers@cq=100": "workers is of the whole pool, and of no account",
		"lost_share=-5%": `"-5%" is not a share, such as 5%`,
		"completed=many": `"many" is not a number`,
	} {
		_, err := experiment.ParseGoal(text)
		require.ErrorContains(t, err, want)
	}
}

// tunable is a lab of two accounts with goals, for minutes of simulated time.
const tunable = `name: small lab
workload:
  length: 3h
  streams:
    - {name: a, account: a, arrivals: {per_day: 400}, run: {median: 5m, sigma: 0.3}}
    - {name: b, account: b, arrivals: {per_day: 1500}, run: {median: 9m, sigma: 0.3}}
fleet: {total: 10}
seeds: 2
policies:
  - name: quota
    accounts: {a: {rates: {p0: 1}}, b: {rates: {p2: 4}}}
goals: [wait_p95@a=2m]
`

func TestMistakesOfTuningsHavePlaces(t *testing.T) {
	for _, c := range []struct{ more, want string }{
		{"goals: [wait_p95@a=2]", `x.yaml:1:9: goals[0]: goal "wait_p95@a=2"`},
		{"minimize: loss", `x.yaml:1:11: minimize: "loss": there is no metric "loss"`},
		{"knobs: [{field: fleet.total, from: 4}]", "x.yaml:1:10: knobs[0].to: is missing"},
	} {
		_, err := experiment.Parse("x.yaml", []byte(c.more+"\nname: x\n"))
		require.ErrorContains(t, err, c.want)
	}
}

func TestKnobsAreChecked(t *testing.T) {
	for _, c := range []struct{ knob, want string }{
		{"fleet.total=8..4", "to: 4 is not above 8"},
		{"fleet.total=4..8h", "from is a time and to a number"},
		{"workload.length=1h..2h", "workload.length cannot be tuned"},
		{"policies.quota.accounts.c.rate.p0=1..2", `unknown field "rate"`},
		{"policies.quota.accounts.a.rates.p0=0..2,log", "begins above 0"},
		{"policies.nobody.accounts.a.rates.p0=1..2", "is not a field of policy quota"},
	} {
		e := loaded(t)
		k, err := experiment.ParseKnob("--knob", c.knob)
		require.NoError(t, err)
		_, err = e.Tuning(experiment.TuneOptions{Policy: "quota", Knobs: []experiment.Knob{k}})
		require.ErrorContains(t, err, c.want, c.knob)
	}
	for _, text := range []string{"fleet.total", "fleet.total=4", "fleet.total=4..8,cubic"} {
		_, err := experiment.ParseKnob("--knob", text)
		require.ErrorContains(t, err, "want PATH=FROM..TO")
	}
	g, err := experiment.ParseGoal("wait_p95@aa=3m")
	require.NoError(t, err)
	_, err = loaded(t).Tuning(experiment.TuneOptions{Goals: []experiment.Goal{g}})
	require.ErrorContains(t, err, `nothing is submitted by an account "aa"`)
}

func loaded(t *testing.T) *experiment.Experiment {
	t.Helper()
	e, err := experiment.Load(t.Context(), experiment.LoadOptions{Path: "small.yaml",
		Data: []byte(tunable)})
	require.NoError(t, err)
	return e
}
