package dispatcher

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quotasched/quotasched/dispatcher/node"
)

// Each of three nodes has the journal of a pool, also over the end of a leader, and over its own: run
// again, all of it comes out as it did, and ends with the same state on all nodes.
func TestJournalsOverAFailover(t *testing.T) {
	skipUnderRace(t)
	t.Parallel()
	configs, runs := startThree(t, node.Hooks{})
	l := startLoad(t, newClient(t, runs...), time.Minute)
	l.await(100)
	leader := leaderOf(t, runs)
	runs[leader].stop(t)
	l.await(len(l.submitted()) + 50)
	runs[leader] = start(t, configs[leader])
	l.await(len(l.submitted()) + 50)
	tasks := len(l.finish())
	eventually(t, func() error {
		first := replayed(t, exported(t, runs[0]))
		if first.Steps < uint64(3*tasks) {
			return fmt.Errorf("%d steps of %d tasks", first.Steps, tasks)
		}
		for _, r := range runs[1:] {
			if other := replayed(t, exported(t, r)); other.Pool.Hash() != first.Pool.Hash() {
				return errors.New("the journals end with other states")
			}
		}
		return nil
	})
	// The one that came back goes on with the journal that it had: it took a snapshot at its end.
	require.EqualValues(t, replayed(t, exported(t, runs[(leader+1)%3])).Steps,
		replayed(t, exported(t, runs[leader])).Steps)
	for _, r := range runs {
		r.stop(t)
	}
}
