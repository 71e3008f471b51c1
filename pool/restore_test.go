package pool_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/quotasched/quotasched/pool"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// Bytes say what their message says, in whatever pieces and order it is encoded.
func TestRestoreBytesIsRestore(t *testing.T) {
	p := busy(t)
	whole := p.AppendSnapshot(nil)
	first := marshal(t, &protos.Pool{Scheduler: p.Scheduler().ToProto()})
	second := marshal(t, &protos.Pool{Reconciler: p.Reconciler().ToProto()})
	moreExpired := marshal(t, &protos.Pool{Scheduler: &protos.Scheduler{
		ExpiredRequests: []string{"z"}}})
	for name, bytes := range map[string][]byte{
		"as written":              whole,
		"the reconciler first":    append(append([]byte{}, second...), first...),
		"the scheduler in pieces": append(append([]byte{}, whole...), moreExpired...),
		"no reconciler":           first,
		"no scheduler":            second,
		"nothing":                 nil,
		"a scheduler of nothing":  {0x0a, 0},
		"not UTF-8":               append(append([]byte{}, whole...), 0x12, 3, 0x12, 1, 0xff),
		"an unknown field":        append(append([]byte{}, whole...), 0x78, 1),
		"a field of another type": append([]byte{0x08, 1}, whole...),
	} {
		requireSameRestore(t, name, bytes)
	}
	for n := range whole {
		requireSameRestore(t, "cut short", whole[:n])
	}
	restored, err := pool.RestoreBytes(whole)
	require.NoError(t, err)
	require.Equal(t, p.Hash(), restored.Hash())
}

// requireSameRestore requires that bytes give the same pool as their message, or are refused as it
// is.
func requireSameRestore(t *testing.T, name string, bytes []byte) {
	t.Helper()
	got, err := pool.RestoreBytes(bytes)
	m := &protos.Pool{}
	if proto.Unmarshal(bytes, m) != nil {
		require.ErrorIs(t, err, scheduler.ErrInvalidSnapshot, name)
		return
	}
	want, wantErr := pool.Restore(m)
	if wantErr != nil {
		require.ErrorIs(t, err, scheduler.ErrInvalidSnapshot, name)
		return
	}
	require.NoError(t, err, name)
	require.Equal(t, want.Hash(), got.Hash(), name)
}

func marshal(t *testing.T, m proto.Message) []byte {
	t.Helper()
	bytes, err := proto.Marshal(m)
	require.NoError(t, err)
	return bytes
}

// What the reconciler holds for a worker, the scheduler has there, or the parts are not of one
// pool.
func TestRestoreRefusesPartsThatContradictEachOther(t *testing.T) {
	for name, spoil := range map[string]func(*protos.Pool){
		"another worker": func(p *protos.Pool) {
			queues := p.GetReconciler().GetWorkerQueues()
			queues[len(queues)-1].WorkerId += "x"
		},
		"another request": func(p *protos.Pool) {
			p.GetReconciler().GetWorkerQueues()[0].GetTaskToAssign().RequestId = "r4"
		},
		"an idle worker": func(p *protos.Pool) {
			w := p.GetScheduler().GetWorkers()[0]
			w.Run, w.IdleSince = nil, p.GetScheduler().GetLastUpdateTime()
		},
	} {
		snapshot := busy(t).Snapshot()
		spoil(snapshot)
		_, err := pool.Restore(snapshot)
		require.ErrorIs(t, err, scheduler.ErrInvalidSnapshot, name)
		require.ErrorContains(t, err, ".task_to_assign: the scheduler does not have request", name)
		requireSameRestore(t, name, marshal(t, snapshot))
	}
}

// Whatever is said to the scheduler alone, the pool's snapshots restore, and go on as the pool
// does.
func TestSnapshotsAreWholeAfterNewsPastTheReconciler(t *testing.T) {
	p := busy(t)
	later := start.Add(2 * time.Minute)
	require.NoError(t, p.Scheduler().MarkIdle("w-r1", nil, later, scheduler.NullEventSink))
	require.False(t, p.Scheduler().IsAssigned("r1", "w-r1"))
	restored, err := pool.RestoreBytes(p.AppendSnapshot(nil))
	require.NoError(t, err)
	require.Equal(t, p.Hash(), restored.Hash())
	for _, op := range []*protos.Operation{
		pool.AssignTasks(later, pool.IdleWorker("w-new")), // r1 has an entry there now
		pool.AssignTasks(later, pool.IdleWorker("w-r1"), pool.IdleWorker("w-new")),
		pool.TaskRunning(later, "r1", "w-r1"),
		pool.GetCancellations(later),
	} {
		require.Empty(t, cmp.Diff(step(t, p, op), step(t, restored, op), protocmp.Transform()))
		require.Equal(t, p.Hash(), restored.Hash())
		_, err := pool.Restore(p.Snapshot())
		require.NoError(t, err)
	}
}
