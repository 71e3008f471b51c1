package experiment_test

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/quotasched/quotasched/simulator"
	"github.com/quotasched/quotasched/simulator/experiment"
)

// variantOf makes a variant whose runs, with the seeds 1, 2 and so on, have these mean waits.
func variantOf(name string, waits ...float64) experiment.Variant {
	v := experiment.Variant{Name: name}
	for i, wait := range waits {
		a := simulator.AccountFigures{Account: "cq", Requests: 9, Completed: 9,
			Wait: simulator.Distribution{MeanSeconds: wait}}
		f := &simulator.Figures{Version: simulator.FiguresVersion, All: a,
			Accounts: []simulator.AccountFigures{a, {Account: "idle"}}}
		f.Pool.Utilisation = wait
		v.Runs = append(v.Runs, experiment.Run{Seed: uint64(i) + 1, Figures: f})
	}
	return v
}

// find returns the differences of a metric.
func find(all []experiment.Difference, metric experiment.Metric) []experiment.Difference {
	var found []experiment.Difference
	for _, d := range all {
		if d.Metric == metric {
			found = append(found, d)
		}
	}
	return found
}

func TestVerdicts(t *testing.T) {
	for _, c := range []struct {
		name      string
		base, to  []float64
		low, high float64
		verdict   string
	}{
		{"same", []float64{10, 20}, []float64{10, 20}, 0, 0, "same"},
		// A textbook case: mean 2, deviation 1, and t(0.975, 2) = 4.303.
		{"unclear", []float64{10, 20, 30}, []float64{11, 22, 33}, 2 - 4.303/math.Sqrt(3),
			2 + 4.303/math.Sqrt(3), "unclear"},
		{"worse", []float64{10, 20, 30}, []float64{20.9, 31, 41.1}, 11 - 0.4303/math.Sqrt(3),
			11 + 0.4303/math.Sqrt(3), "worse"},
		{"better", []float64{10, 20}, []float64{9, 19}, -1, -1, "better"},
		{"one seed", []float64{10}, []float64{9}, -1, -1, "better"},
	} {
		t.Run(c.name, func(t *testing.T) {
			base, to := variantOf("base", c.base...), variantOf("to", c.to...)
			all := experiment.Compare(&base, &to)
			waits := find(all, experiment.MetricWaitMean)
			if len(waits) != 2 || !waits[0].AllAccounts || waits[1].Account != "cq" {
				t.Fatalf("%+v", waits)
			}
			d := waits[1]
			if math.Abs(d.Low-c.low) > 1e-3 || math.Abs(d.High-c.high) > 1e-3 ||
				d.Verdict != c.verdict || d.Seeds != len(c.base) {
				t.Errorf("%+v", d)
			}
			neutral := find(all, experiment.MetricUtilisation)
			if len(neutral) != 1 || neutral[0].Verdict != "" && c.verdict != "same" {
				t.Errorf("%+v", neutral)
			}
		})
	}
}

// Nothing is compared that has no value: a wait where nothing completed, a partial run.
func TestWhatIsNotCompared(t *testing.T) {
	base, to := variantOf("base", 10, 20), variantOf("to", 11, 21)
	to.Runs[0].Figures.Accounts[0].Completed = 0
	to.Runs[1].Figures.Partial = true
	all := experiment.Compare(&base, &to)
	if waits := find(all, experiment.MetricWaitMean); len(waits) != 1 || waits[0].Seeds != 1 {
		t.Errorf("%+v", waits)
	}
	completed := find(all, experiment.MetricCompleted)
	if len(completed) != 2 || completed[1].Verdict != "worse" || completed[1].To != 0 {
		t.Errorf("%+v", completed)
	}
	if jain := find(all, experiment.MetricJainServed); len(jain) != 0 {
		t.Errorf("%+v", jain)
	}
}

func TestCompareResults(t *testing.T) {
	results := func(variants ...experiment.Variant) *experiment.Results {
		return &experiment.Results{Version: 1, Variants: variants}
	}
	a, b, c := variantOf("a", 1, 2), variantOf("b", 3, 4), variantOf("c", 5, 6)
	other := variantOf("a", 2, 3)
	got, err := experiment.CompareResults(results(a, b), results(c, other))
	if err != nil {
		t.Fatal(err)
	}
	d := find(got.Differences, experiment.MetricWaitMean)[0]
	if d.Variant != "a" || d.Baseline != "a" || d.Delta != 1 ||
		!cmp.Equal(got.OnlyBase, []string{"b"}) || !cmp.Equal(got.OnlyOther, []string{"c"}) {
		t.Errorf("%+v of %+v", d, got)
	}
	if got, err = experiment.CompareResults(results(a), results(b)); err != nil {
		t.Fatal(err)
	}
	if d := find(got.Differences, experiment.MetricWaitMean)[0]; d.Baseline != "a" ||
		d.Variant != "b" || got.OnlyBase != nil {
		t.Errorf("%+v of %+v", d, got)
	}
	_, err = experiment.CompareResults(results(a, b), results(c))
	if err == nil || err.Error() != "no variant of one is in the other: a, b; and c" {
		t.Errorf("error %v", err)
	}
	late := variantOf("a", 1)
	late.Runs[0].Seed = 77
	_, err = experiment.CompareResults(results(a), results(late))
	if err == nil || err.Error() != "no seed has a complete run in both" {
		t.Errorf("error %v", err)
	}
}

func TestReadResultsRefuses(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"", "the file is empty, or cut short"},
		{`{"version": 1, "variants": [`, "the file is empty, or cut short"},
		{`[]`, "not the results of an experiment: json: cannot unmarshal array"},
		{`{"version": 2, "pool": {}}`, "not the results of an experiment: it has no variants"},
		{`{"version": 9, "variants": []}`, "results of version 9; this program reads version 1"},
		{`{"version": 1, "variants": []} x`, "there is something after the results"},
		{`{"version": 1, "variants": [{}]}`, "variants[0].name: is empty"},
		{`{"version": 1, "variants": [{"name": "a"}, {"name": "a"}]}`,
			`variants[1].name: "a" is the name of another variant`},
		{`{"version": 1, "variants": [{"name": "a", "runs": [{"seed": 1}]}]}`,
			"variants[0].runs[0].figures: are missing"},
		{`{"version": 1, "variants": [{"name": "a", "runs": [{"figures": {"version": 1}}]}]}`,
			"variants[0].runs[0].figures.version: is 1; this program reads 2"},
		{`{"version": 1, "variants": [{"name": "a", "runs": [{"figures": {"version": 2}},` +
			`{"figures": {"version": 2}}]}]}`, "variants[0].runs[1].seed: 0 stands twice"},
	} {
		_, err := experiment.ReadResults(strings.NewReader(c.text))
		if err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %s", c.text, err, c.want)
		}
	}
}

func FuzzReadResults(f *testing.F) {
	f.Add(`{"version": 1, "variants": [{"name": "a", "runs": [{"seed": 1, "figures": {"version": 2,` +
		`"accounts": [{"account": "x", "requests": 3, "completed": 2}]}}]}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		r, err := experiment.ReadResults(strings.NewReader(text))
		if err != nil {
			return
		}
		c, err := experiment.CompareResults(r, r)
		if err != nil {
			return
		}
		for _, d := range c.Differences {
			if d.Verdict != experiment.VerdictSame {
				t.Errorf("results differ from themselves: %+v", d)
			}
		}
	})
}
