package pool_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quotasched/quotasched/pool"
	"github.com/quotasched/quotasched/scheduler"
)

// Parts that are made in any order are the bytes of a snapshot.
func TestASnapshotInPartsIsTheSnapshot(t *testing.T) {
	backwards := func(n int, f func(i int)) {
		for i := n - 1; i >= 0; i-- {
			f(i)
		}
	}
	empty, err := pool.New(start, &scheduler.Config{})
	require.NoError(t, err)
	for name, p := range map[string]*pool.Pool{"empty": empty, "busy": busy(t)} {
		parts := p.SnapshotParts(backwards)
		require.True(t, bytes.Equal(p.AppendSnapshot(nil), bytes.Join(parts, nil)), name)
		require.Greater(t, len(parts), 2)
	}
}
