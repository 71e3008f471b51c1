package simulator_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quotasched/quotasched/simulator"
)

// pools is a fleet of three workers in two pools.
func pools() []simulator.Worker {
	return []simulator.Worker{
		{ID: "1", Labels: []string{"pool:H100", "os:linux"}},
		{ID: "2", Labels: []string{"pool:H100"}},
		{ID: "3", Labels: []string{"pool:a10g"}},
	}
}

// Each reason names the labels that no worker has, and the label that was probably meant.
func TestWhySubmissionsAreImpossible(t *testing.T) {
	for _, c := range []struct {
		labels []string
		size   int
		want   string
	}{
		{[]string{"pool:h100"}, 1, "pool:h100: no worker has it; was pool:H100 meant?"},
		{[]string{"pool:a10"}, 1, "pool:a10: no worker has it; was pool:a10g meant?"},
		{[]string{"os:windows"}, 1, "os:windows: no worker has it"},
		{[]string{"queue:a10g"}, 1, "queue:a10g: no worker has it; was pool:a10g meant?"},
		{[]string{"os:linux", "Pool:H100"}, 1,
			"Pool:H100: no worker has it; was pool:H100 meant?"},
		{[]string{"os:linux", "pool:a10g"}, 1, "os:linux pool:a10g: no worker has all of them"},
		{[]string{"pool:H100"}, 3, "pool:H100: there are 2, and up to 3 are needed at once"},
		{nil, 4, "any worker: there are 3, and up to 4 are needed at once"},
	} {
		s := sub("x", "", 0, 10)
		s.BaseLabels, s.Size = c.labels, c.size
		reasons := simulator.FindImpossible([]simulator.Submission{s}, pools())
		require.Len(t, reasons, 1, c.labels)
		require.Equal(t, c.want, reasons[0].String())
	}
}

// Submissions with the same labels share a reason, and the reason with the most requests is first.
func TestReasonsAreCounted(t *testing.T) {
	var all []simulator.Submission
	for i, label := range []string{"pool:x", "pool:H100", "pool:y", "pool:y"} {
		s := sub(label+string(rune('a'+i)), "", i, 10)
		s.BaseLabels = []string{label}
		all = append(all, s)
	}
	all[3].Size = 5
	reasons := simulator.FindImpossible(all, pools())
	require.Len(t, reasons, 2)
	y := reasons[0]
	require.Equal(t, []int{2, 6, 5, 0}, []int{y.Submissions, y.Requests, y.LargestSize, y.Workers})
	require.Equal(t, "pool:yc", y.Example)
	require.Equal(t, "pool:xa", reasons[1].Example)
}
