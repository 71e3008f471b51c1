package state

import (
	"bytes"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// atOnce calls all at once, the last first.
func atOnce(n int, f func(i int)) {
	var all sync.WaitGroup
	for i := n - 1; i >= 0; i-- {
		all.Go(func() { f(i) })
	}
	all.Wait()
}

// TestSectionsAreReadSideBySide reads a snapshot with several sections of tasks.
func TestSectionsAreReadSideBySide(t *testing.T) {
	l := newLoad(t, 10, 2*tasksPerSection+1000)
	var first, again bytes.Buffer
	require.NoError(t, l.m.Write(&first))
	m, err := Read(bytes.NewReader(first.Bytes()), WithSideBySide(atOnce))
	require.NoError(t, err)
	require.NoError(t, checkInvariants(m))
	require.NoError(t, m.Write(&again))
	require.True(t, bytes.Equal(first.Bytes(), again.Bytes()))
}
