package yardstick

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSamplesLeaveWhatThereWas(t *testing.T) {
	y := newYardstick()
	sets, requests := len(y.sets), len(y.requests)
	require.Equal(t, stored, requests)
	require.Positive(t, y.sample())
	require.Len(t, y.sets, sets)
	require.Len(t, y.requests, requests)
}

func TestPaceIsThatOfAllProcessors(t *testing.T) {
	require.Positive(t, Pace(1))
	require.Positive(t, Pace(2))
}
