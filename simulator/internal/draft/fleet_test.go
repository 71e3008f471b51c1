package draft_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/quotasched/quotasched/simulator"
	"github.com/quotasched/quotasched/simulator/internal/draft"
)

// sub is a submission that was submitted and ran for so many minutes; it needs a label if that is
// not empty.
func sub(label string, submit, run, size int) simulator.Submission {
	s := simulator.Submission{Submit: time.Duration(submit) * time.Minute, Size: size,
		Run: time.Duration(run) * time.Minute, RealWait: simulator.Unknown}
	if label != "" {
		s.BaseLabels = []string{label}
	}
	return s
}

// There are as many workers of each kind as were used at once: tasks that end make way for those
// that start then, and waits count.
func TestFleetIsWhatWasUsedAtOnce(t *testing.T) {
	waited := sub("gpu:b", 0, 10, 2)
	waited.RealWait = 10 * time.Minute
	w := &simulator.Workload{Submissions: []simulator.Submission{sub("gpu:a", 0, 10, 2),
		sub("gpu:a", 5, 10, 1), sub("gpu:b", 0, 10, 1), waited, sub("gpu:a", 10, 10, 1)}}
	fleet, odd := draft.Fleet(w, 0)
	require.Empty(t, odd)
	require.Len(t, fleet.Groups, 2)
	require.Equal(t, []string{"gpu:a"}, fleet.Groups[0].Labels)
	require.Equal(t, []int{3, 2}, []int{fleet.Groups[0].Count, fleet.Groups[1].Count})
	require.NoError(t, fleet.Validate())
}

// A label that differs from a frequent one in case alone is a mistake; one that is as frequent, or
// that differs in a letter, is not.
func TestOddLabelsGetNoWorkers(t *testing.T) {
	w := &simulator.Workload{Submissions: []simulator.Submission{sub("os:Win-11", 0, 1, 1),
		sub("os:win10", 0, 1, 1), sub("os:a", 0, 1, 1), sub("os:A", 0, 1, 1)}}
	for range 20 {
		w.Submissions = append(w.Submissions, sub("os:win11", 0, 1, 1))
	}
	fleet, odd := draft.Fleet(w, 0)
	require.Equal(t, []draft.Oddity{{Label: "os:Win-11", Meant: "os:win11", Requests: 1}}, odd)
	require.Len(t, fleet.Groups, 4)
}

// Without labels there is one number: what was asked for, what the log says, or what was used.
func TestFleetWithoutLabels(t *testing.T) {
	w := &simulator.Workload{Submissions: []simulator.Submission{sub("", 0, 1, 4)}}
	for _, c := range []struct{ asked, real, want int }{{0, 0, 4}, {0, 9, 9}, {3, 9, 3}} {
		w.RealWorkers = c.real
		fleet, _ := draft.Fleet(w, c.asked)
		require.Equal(t, c.want, fleet.Total)
		require.Empty(t, fleet.Groups)
	}
}

// However many workers are asked for, there are as many, and each submission can run if they are
// enough for the largest one of each kind.
func TestWorkersAreShared(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := &simulator.Workload{}
		largest := map[string]int{}
		for range rapid.IntRange(1, 30).Draw(t, "submissions") {
			s := sub(rapid.SampledFrom([]string{"p:a", "p:b", "p:c", ""}).Draw(t, "label"),
				rapid.IntRange(0, 60).Draw(t, "submit"), rapid.IntRange(1, 60).Draw(t, "run"),
				rapid.IntRange(1, 9).Draw(t, "size"))
			key := ""
			if len(s.BaseLabels) > 0 {
				key = s.BaseLabels[0]
			}
			largest[key] = max(largest[key], s.Size)
			w.Submissions = append(w.Submissions, s)
		}
		need := 0
		for _, n := range largest { // in any order: it only sums up
			need += n
		}
		total := rapid.IntRange(len(largest), 100).Draw(t, "total")
		fleet, _ := draft.Fleet(w, total)
		require.NoError(t, fleet.Validate())
		workers := fleet.Workers()
		require.Len(t, workers, total)
		if total >= need {
			require.Empty(t, simulator.FindImpossible(w.Submissions, workers))
		}
	})
}
