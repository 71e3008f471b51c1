package dispatcher

import (
	"fmt"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/stretchr/testify/require"

	"github.com/quotasched/quotasched/dispatcher/node"
	"github.com/quotasched/quotasched/protos/dispatch"
	dc "github.com/quotasched/quotasched/protos/dispatch/dispatchconnect"
)

// Three nodes are upgraded one by one, under load, to code that knows the rules 2. These come into
// force when all nodes know them, and not before. No call is lost, and no task is interrupted.
func TestARollingUpgradeUnderLoad(t *testing.T) {
	skipUnderRace(t)
	t.Parallel()
	configs, runs := startThree(t, node.Hooks{})
	l := startLoad(t, newClient(t, runs...), time.Minute)
	for i := range runs {
		l.await(len(l.submitted()) + 20)
		for _, r := range runs {
			require.EqualValues(t, 1, rules(t, r), "before node %d is upgraded", i+1)
		}
		runs[i].stop(t)
		configs[i].hooks = &node.Hooks{Rules: 2}
		runs[i] = start(t, configs[i])
	}
	eventually(t, func() error {
		for _, r := range runs {
			if v := rules(t, r); v != 2 {
				return fmt.Errorf("%s has the rules %d in force", r.id, v)
			}
		}
		return nil
	})
	l.await(len(l.submitted()) + 20)
	for _, task := range l.finish() {
		require.EqualValues(t, 1, task.GetAttempts(), task)
	}
	for _, r := range runs {
		replayed(t, exported(t, r))
		r.stop(t)
	}
}

// rules is the rule version that is in force, as a node knows it.
func rules(t *testing.T, r *run) (version uint32) {
	eventually(t, func() error {
		s, err := dc.NewClusterServiceClient(h2(), r.url).GetStatus(t.Context(),
			connect.NewRequest(&dispatch.GetStatusRequest{}))
		if err == nil {
			version = s.Msg.GetRuleVersion()
		}
		return err
	})
	return version
}
