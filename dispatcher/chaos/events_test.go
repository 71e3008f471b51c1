//go:build linux

package chaos

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quotasched/quotasched/dispatcher/client"
	"github.com/quotasched/quotasched/protos/dispatch"
)

// place is where an event is.
type place struct {
	index uint64
	n     uint32
}

// A following is somebody who reads the events of the pool as they come, from the first on, over all
// that happens to the nodes.
type following struct {
	stop    context.CancelFunc
	running sync.WaitGroup

	mu   sync.Mutex
	seen []place
	err  error
}

func startFollowing(t *testing.T, c *cluster) *following {
	f := &following{}
	var ctx context.Context
	ctx, f.stop = context.WithCancel(t.Context())
	reader := c.client()
	f.running.Go(func() {
		for e, err := range reader.Follow(ctx, &dispatch.FollowEventsRequest{Pool: pool, Follow: true}) {
			f.mu.Lock()
			if err == nil {
				f.seen = append(f.seen, placeOf(e))
			} else if ctx.Err() == nil {
				f.err = err
			}
			f.mu.Unlock()
		}
	})
	return f
}

func placeOf(e *dispatch.Event) place {
	return place{e.GetPosition().GetIndex(), e.GetPosition().GetN()}
}

// check compares what was seen with what each node has, up to now: what nobody hears of any more ends
// by and by, and makes more events.
func (f *following) check(t *testing.T, c *cluster) {
	all := events(t, c.client(c.nodes[0].url()))
	require.NotEmpty(t, all)
	for _, n := range c.nodes[1:] {
		var has []place
		require.Eventually(t, func() bool {
			has = events(t, c.client(n.url()))
			return len(has) >= len(all)
		}, time.Minute, 20*time.Millisecond, "node %s has as many events as the others", n.setup.ID)
		require.Equal(t, all, has[:len(all)], "the events of %s and %s", c.nodes[0].setup.ID, n.setup.ID)
	}
	require.Eventually(t, func() bool {
		f.mu.Lock()
		defer f.mu.Unlock()
		return f.err != nil || len(f.seen) >= len(all)
	}, 2*time.Minute, 20*time.Millisecond, "the follower has seen as many events as there are")
	f.stop()
	f.running.Wait()
	require.NoError(t, f.err)
	require.Equal(t, all, f.seen[:len(all)], "what a follower saw, and what there was")
	t.Logf("a follower saw all %d events, each once and in order", len(all))
}

// events are all that a node has, in order.
func events(t *testing.T, c *client.Client) (all []place) {
	for e, err := range c.Follow(t.Context(), &dispatch.FollowEventsRequest{Pool: pool}) {
		require.NoError(t, err)
		all = append(all, placeOf(e))
	}
	return all
}
