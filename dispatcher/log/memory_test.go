package log_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/quotasched/quotasched/dispatcher/log"
	"github.com/quotasched/quotasched/dispatcher/log/logtest"
)

// A cluster is three members with a ledger each.
type cluster struct {
	*log.Memory
	t       require.TestingT
	logs    map[string]log.Log
	ledgers map[string]*logtest.Ledger
}

var ids = []string{"a", "b", "c"}

func newCluster(t require.TestingT) *cluster {
	c := &cluster{log.NewMemory(ids...), t, map[string]log.Log{}, map[string]*logtest.Ledger{}}
	for _, id := range ids {
		c.open(id)
	}
	return c
}

func (c *cluster) open(id string) {
	c.ledgers[id] = &logtest.Ledger{}
	l, err := c.Open(id, c.ledgers[id])
	require.NoError(c.t, err)
	c.logs[id] = l
}

func (c *cluster) close() {
	for _, l := range c.logs {
		require.NoError(c.t, l.Close())
	}
}

func (c *cluster) append(id, entry string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_, _, err := c.logs[id].Append(ctx, []byte(entry))
	return err
}

func leads(l log.Log) bool { return <-l.Leading() }

func TestAMajorityAppends(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t)
		defer c.close()
		require.True(t, leads(c.logs["a"]))
		index, result, err := c.logs["a"].Append(t.Context(), []byte("one"))
		require.NoError(t, err)
		require.Equal(t, 1, result)
		require.NoError(t, c.logs["c"].Wait(t.Context(), index))
		require.Equal(t, []string{"one"}, c.ledgers["c"].Entries())
		require.ErrorIs(t, c.append("b", "two"), log.ErrNotLeader)
		require.Equal(t, "a", c.logs["b"].Status().LeaderID)
	})
}

func TestEntriesThatAreBegunAreAppendedInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t)
		defer c.close()
		require.True(t, leads(c.logs["a"]))
		first := c.logs["a"].Begin(t.Context(), []byte("one"))
		second := c.logs["a"].Begin(t.Context(), []byte("two"))
		after, result, err := second()
		require.NoError(t, err)
		require.Equal(t, 2, result)
		index, result, err := first()
		require.NoError(t, err)
		require.Equal(t, 1, result)
		require.Equal(t, index+1, after)
		_, _, err = c.logs["b"].Begin(t.Context(), []byte("three"))()
		require.ErrorIs(t, err, log.ErrNotLeader)
		require.Equal(t, []string{"one", "two"}, c.ledgers["a"].Entries())
	})
}

func TestACutLeaderAcknowledgesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t)
		defer c.close()
		require.True(t, leads(c.logs["a"]))
		require.NoError(t, c.append("a", "one"))
		c.Cut("a")
		require.True(t, leads(c.logs["b"]))
		require.ErrorIs(t, c.append("a", "lost"), log.ErrUnknown)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.Error(t, c.logs["a"].VerifyLeader(ctx))
		require.NoError(t, c.append("b", "two"))
		c.Heal("a")
		require.False(t, leads(c.logs["a"]))
		synctest.Wait()
		require.Equal(t, []string{"one", "two"}, c.ledgers["a"].Entries())
	})
}

func TestAHaltedLeaderLearnsThatItWasReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t)
		defer c.close()
		require.True(t, leads(c.logs["a"]))
		c.Halt("a")
		require.True(t, leads(c.logs["b"]))
		require.NoError(t, c.append("b", "one"))
		read := make(chan error)
		go func() { read <- c.logs["a"].VerifyLeader(t.Context()) }()
		synctest.Wait()
		c.Continue("a")
		require.ErrorIs(t, <-read, log.ErrNotLeader, "it may not read what is old")
		require.False(t, leads(c.logs["a"]))
	})
}

func TestAMachineThatFailsStopsItsMemberAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t)
		defer c.close()
		require.True(t, leads(c.logs["a"]))
		c.ledgers["b"].Refuse = func(e []byte) bool { return string(e) == "poison" }
		require.NoError(t, c.append("a", "poison"))
		require.NoError(t, c.append("a", "more"))
		synctest.Wait()
		require.ErrorIs(t, c.logs["b"].Wait(t.Context(), 99), log.ErrClosed)
		require.Contains(t, c.logs["b"].Status().Alarms[0], logtest.ErrRefused.Error())
		require.Equal(t, []string{"poison", "more"}, c.ledgers["c"].Entries())
	})
}

// TestNothingAcknowledgedIsLost plays random faults, loss of power of all members among them.
func TestNothingAcknowledgedIsLost(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := newCluster(t)
		defer func() { c.close() }()
		var acknowledged []string
		for i := range rapid.IntRange(1, 60).Draw(t, "steps") {
			id := rapid.SampledFrom(ids).Draw(t, "member")
			switch rapid.IntRange(0, 9).Draw(t, "step") {
			case 0:
				c.Crash(id)
				require.NoError(t, c.logs[id].Close())
				c.open(id)
			case 1:
				c.Cut(id)
			case 2:
				c.Heal(id)
			case 3:
				c.HoldSync(id)
			case 4:
				c.ReleaseSync(id)
			case 5:
				require.NoError(t, c.logs[id].Snapshot(context.Background()))
			default:
				entry := fmt.Sprint(i)
				ctx, cancel := context.WithCancel(context.Background())
				timer := time.AfterFunc(2*time.Millisecond, cancel)
				if _, _, err := c.logs[id].Append(ctx, []byte(entry)); err == nil {
					acknowledged = append(acknowledged, entry)
				}
				timer.Stop()
				cancel()
			}
		}
		for _, id := range ids {
			c.Crash(id)
			require.NoError(t, c.logs[id].Close())
			c.Heal(id)
			c.ReleaseSync(id)
		}
		for _, id := range ids {
			c.open(id)
		}
		var last uint64
		for _, id := range ids {
			last = max(last, c.logs[id].Status().Committed)
		}
		for _, id := range ids {
			require.NoError(t, c.logs[id].Wait(context.Background(), last))
			entries := c.ledgers[id].Entries()
			require.Equal(t, c.ledgers["a"].Entries(), entries)
			for _, a := range acknowledged {
				require.Contains(t, entries, a)
			}
			require.True(t, slices.IsSortedFunc(acknowledged, func(a, b string) int {
				return slices.Index(entries, a) - slices.Index(entries, b)
			}), "in the order in which they were acknowledged")
		}
	})
}

func TestAMemberJoinsAndLeavesAndTheLeadIsHandedOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t)
		defer c.close()
		require.True(t, leads(c.logs["a"]))
		require.NoError(t, c.append("a", "one"))
		require.NoError(t, c.logs["a"].Snapshot(t.Context()))
		c.open("d")
		require.NoError(t, c.logs["a"].AddMember(t.Context(), "d", ""))
		synctest.Wait()
		require.Equal(t, []string{"one"}, c.ledgers["d"].Entries())
		require.NoError(t, c.logs["a"].Transfer(t.Context(), "d"))
		require.True(t, leads(c.logs["d"]))
		require.False(t, leads(c.logs["a"]))
		require.NoError(t, c.logs["d"].RemoveMember(t.Context(), "a"))
		require.NoError(t, c.append("d", "two"))
		require.Error(t, c.append("a", "three"))
		require.Len(t, c.logs["d"].Status().Members, 3)
	})
}
