package report

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quotasched/quotasched/simulator/experiment"
	"github.com/quotasched/quotasched/simulator/tune"
)

// What holds on seeds that the search does not see may cost more than the least of the frontier; a
// reader who compares the two figures is told why.
func TestATuningSaysWhyItsSettingsAreNotTheLeast(t *testing.T) {
	for _, c := range []struct {
		chosen tune.Figure
		want   string
	}{
		{3600 * 235, "The settings above come to 235 worker-hours there, and not to 110 worker-hours: "},
		{3600 * 110, ""},
	} {
		of, err := newTuned(&experiment.Tuned{Goals: []string{"wait_p95@cq=3m"}, Minimize: "lost@*",
			Result: &tune.Result{
				Goals: []tune.Goal{{Bound: 180}}, HeldOut: &tune.Verdict{},
				Chosen: &tune.Measured{Objective: c.chosen},
				Frontier: []tune.Step{{Bound: 90, Objective: 3600 * 300}, {Bound: 180, Objective: 3600 * 110},
					{Bound: 360, Objective: 3600 * 10}},
			}})
		require.NoError(t, err)
		if c.want == "" {
			require.Empty(t, of.dearer())
		}
		require.Contains(t, of.dearer(), c.want)
	}
}
