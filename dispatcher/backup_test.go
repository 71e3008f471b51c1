package dispatcher

import (
	"bytes"
	"fmt"
	"math"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/stretchr/testify/require"

	"github.com/quotasched/quotasched/dispatcher/node"
	"github.com/quotasched/quotasched/dispatcher/state"
	"github.com/quotasched/quotasched/protos/dispatch"
	dc "github.com/quotasched/quotasched/protos/dispatch/dispatchconnect"
)

// A backup that is taken under load has all that was acknowledged before. An empty cluster goes on
// from it: all nodes with the same hash, tasks to their ends, events with the next numbers. One that
// is not empty refuses it, and so does one that is given something else.
func TestABackupUnderLoadIsRestored(t *testing.T) {
	skipUnderRace(t)
	t.Parallel()
	ctx := t.Context()
	old := start(t, Config{DataDir: t.TempDir()})
	l := startLoad(t, newClient(t, old), 3*time.Second)
	l.await(50)
	before := l.submitted()
	var backup bytes.Buffer
	require.NoError(t, l.client.Backup(ctx, &backup))
	l.await(len(before) + 20) // it goes on to serve
	_, err := l.client.Restore(ctx, bytes.NewReader(backup.Bytes()))
	require.Equal(t, connect.CodeFailedPrecondition, connect.CodeOf(err), "%v", err)
	l.finish()
	old.stop(t)
	saved, err := state.Read(bytes.NewReader(backup.Bytes()))
	require.NoError(t, err)

	_, runs := startThree(t, node.Hooks{})
	c := newClient(t, runs...)
	for _, bad := range [][]byte{[]byte("no backup"), backup.Bytes()[:backup.Len()-1]} {
		_, err = c.Restore(ctx, bytes.NewReader(bad))
		require.Equal(t, connect.CodeInvalidArgument, connect.CodeOf(err), "%v", err)
	}
	answer, err := c.Restore(ctx, bytes.NewReader(backup.Bytes()))
	require.NoError(t, err)
	require.Equal(t, saved.Index(), answer.GetIndex())
	require.Equal(t, fmt.Sprintf("%x", saved.RollingHash()), answer.GetRollingHash())

	l = &load{t: t, ids: before}
	l.begin(c)
	l.await(len(before) + 20)
	l.finish()
	hashes := map[uint64]string{}
	for _, r := range runs {
		eventually(t, func() error { return ready(r.url) })
		events := eventsAfter(t, r.url, answer.GetIndex())
		require.Greater(t, events[0].GetPosition().GetIndex(), answer.GetIndex())
		eventually(t, func() error {
			s, err := dc.NewClusterServiceClient(h2(), r.url).GetStatus(ctx,
				connect.NewRequest(&dispatch.GetStatusRequest{}))
			if err != nil {
				return err
			}
			hash, known := hashes[s.Msg.GetAppliedIndex()]
			if known && hash != s.Msg.GetRollingHash() {
				t.Fatalf("%s has another hash at entry %d", r.id, s.Msg.GetAppliedIndex())
			}
			hashes[s.Msg.GetAppliedIndex()] = s.Msg.GetRollingHash()
			if len(s.Msg.GetAlarms()) > 0 {
				return fmt.Errorf("%s: %v", r.id, s.Msg.GetAlarms())
			}
			return nil
		})
		replayed(t, exported(t, r))
	}
	for _, r := range runs {
		r.stop(t)
	}
}

// eventsAfter returns the events of the pool lab after an entry, as a node has them.
func eventsAfter(t *testing.T, url string, index uint64) (all []*dispatch.Event) {
	stream, err := dc.NewEventServiceClient(h2(), url).FollowEvents(t.Context(), connect.NewRequest(
		&dispatch.FollowEventsRequest{Pool: "lab",
			After: &dispatch.Position{Index: index, N: math.MaxUint32}}))
	require.NoError(t, err)
	defer stream.Close()
	for stream.Receive() {
		all = append(all, stream.Msg().GetEvents()...)
	}
	require.NoError(t, stream.Err())
	require.NotEmpty(t, all)
	return all
}
