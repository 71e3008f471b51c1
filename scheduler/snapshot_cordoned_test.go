package scheduler_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.chromium.org/luci/common/data/stringset"

	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// Nothing is held for a cordoned worker, so a snapshot that says so is refused.
func TestASnapshotHoldsNothingForACordonedWorker(t *testing.T) {
	at := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
	s := scheduler.New(at)
	require.NoError(t, s.AddRequest(&scheduler.TaskRequest{ID: "r", EnqueueTime: at}, at, nil, nil))
	require.NoError(t, s.MarkIdle("w", stringset.New(0), at, nil))
	require.Len(t, s.RunOnce(nil), 1)
	snapshot := s.ToProto()
	_, err := scheduler.Restore(snapshot)
	require.NoError(t, err)
	snapshot.Cordons = []*protos.Cordon{{WorkerId: "w"}}
	_, err = scheduler.Restore(snapshot)
	require.ErrorIs(t, err, scheduler.ErrInvalidSnapshot)
	require.ErrorContains(t, err, "workers[0].run.stage: held for a cordoned worker")
}
