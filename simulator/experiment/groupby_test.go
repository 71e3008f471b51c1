package experiment

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quotasched/quotasched/simulator"
)

// Figures are grouped by the label that tells most requests apart, unless the file names others.
func TestGroupBy(t *testing.T) {
	w := &simulator.Workload{}
	for i := range 10 {
		s := simulator.Submission{Size: 1, BaseLabels: []string{"pool:a", "os:linux",
			fmt.Sprint("serial:", i)}}
		if i < 4 {
			s.BaseLabels = s.BaseLabels[1:]
		}
		w.Submissions = append(w.Submissions, s)
	}
	var workers []simulator.Worker
	for i := range 30 {
		workers = append(workers, simulator.Worker{Labels: []string{fmt.Sprint("pool:", i%3), "os:linux",
			fmt.Sprint("serial:", i)}})
	}
	require.Equal(t, []string{"pool"}, (&Report{}).groupBy(w, workers))
	require.Equal(t, []string{"os"}, (&Report{By: []string{"os"}}).groupBy(w, workers))
	w.Submissions[4].BaseLabels, w.Submissions[5].BaseLabels = nil, nil
	require.Empty(t, (&Report{}).groupBy(w, workers), "fewer than half of the requests have a pool")
}
