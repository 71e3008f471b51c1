package node

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quotasched/quotasched/dispatcher/state"
)

// TestRulesAreRaisedToWhatAllMembersKnow has a member of an older version, then none that is, and
// then one that is away.
func TestRulesAreRaisedToWhatAllMembersKnow(t *testing.T) {
	withCluster(t, three, func(t *testing.T, c *cluster) {
		old := c.followers()[0].id
		c.mu.Lock()
		c.rules = map[string]uint32{old: state.RuleVersion - 1}
		c.mu.Unlock()
		time.Sleep(2 * time.Second)
		require.EqualValues(t, state.RuleVersion-1, c.leader().knownRules())
		c.mu.Lock()
		c.rules = map[string]uint32{old: state.RuleVersion + 1}
		c.mu.Unlock()
		time.Sleep(2 * time.Second)
		require.EqualValues(t, state.RuleVersion, c.leader().knownRules())
		c.mu.Lock()
		away := c.nodes[old]
		delete(c.nodes, old)
		c.mu.Unlock()
		time.Sleep(time.Minute)
		require.Zero(t, c.leader().knownRules())
		c.mu.Lock()
		c.nodes[old] = away
		c.mu.Unlock()
	})
}
