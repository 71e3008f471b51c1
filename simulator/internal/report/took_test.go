package report_test

import (
	"testing"

	"github.com/quotasched/quotasched/simulator"
	"github.com/quotasched/quotasched/simulator/experiment"
	"github.com/quotasched/quotasched/simulator/internal/report"
)

func TestTook(t *testing.T) {
	figures := &simulator.Figures{}
	figures.All.Requests = 600
	figures.Pool.Starts = 617
	r := &experiment.Results{Variants: []experiment.Variant{
		{Runs: []experiment.Run{{Seed: 1, Figures: figures}, {Seed: 2, Figures: figures}}},
	}}
	for _, c := range []struct {
		seconds float64
		want    string
	}{
		{0, ""},
		{0.0001, "took 0.1 s: 2 runs, 1,200 requests in all; 12,300,000 tasks started a second"},
		{0.1234, "took 0.1 s: 2 runs, 1,200 requests in all; 10,000 tasks started a second"},
		{6.44, "took 6.4 s: 2 runs, 1,200 requests in all; 192 tasks started a second"},
		{83.21, "took 83 s: 2 runs, 1,200 requests in all; 15 tasks started a second"},
	} {
		r.WallSeconds = c.seconds
		if got := report.Took(r); got != c.want {
			t.Errorf("%v: %q, want %q", c.seconds, got, c.want)
		}
	}
	r.WallSeconds, r.WallLoadSeconds = 6.44, 0.1304
	want := "took 6.4 s: 2 runs, 1,200 requests in all; 192 tasks started a second, " +
		"after 0.1 s of loading"
	if got := report.Took(r); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
