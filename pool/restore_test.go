package pool_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

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
