package demo

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The day of each team takes about the share of the devices that it is made for.
func TestADayOfTasks(t *testing.T) {
	for _, team := range teams {
		all := team.arrivals(rand.New(rand.NewPCG(1, 2)))
		require.Equal(t, all, team.arrivals(rand.New(rand.NewPCG(1, 2))), "the same seed, the same day")
		var last, work time.Duration
		for _, a := range all {
			require.GreaterOrEqual(t, a.after, last)
			require.Less(t, a.after, day)
			last = a.after
			require.Len(t, a.tasks, team.burst)
			for _, spec := range a.tasks {
				run, err := time.ParseDuration(spec.GetExec().GetCommand()[1])
				require.NoError(t, err)
				work += run
			}
		}
		part := work.Hours() / (devices * 24)
		require.Greater(t, part, team.share*min(1, 14.0/24+team.night*10/24)*0.7, team.account)
		require.Less(t, part, team.share*1.3, team.account)
	}
}
