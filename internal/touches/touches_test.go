package touches_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quotasched/quotasched/internal/touches"
)

func lookAtAll() {
	touches.Lane()
	touches.Class()
	touches.Demand()
	touches.Run()
	touches.Comparison()
	touches.Slot()
}

// What is taken is what was counted since the last time, but for pauses.
func TestTakeReturnsWhatWasCounted(t *testing.T) {
	touches.Take()
	lookAtAll()
	want := touches.Take()
	require.Zero(t, touches.Take(), "counts that were taken are gone")
	if want.Total() == 0 {
		return // the build tag is not set
	}
	require.Equal(t, touches.Counts{Lanes: 1, Classes: 1, Demands: 1, Runs: 1, Comparisons: 1,
		Slots: 1}, want)

	lookAtAll()
	resume := touches.Pause()
	lookAtAll()
	resume()
	require.Equal(t, want, touches.Take(), "a pause counts nothing")
}

// Without the build tag a look takes no time: the compiler removes it.
func BenchmarkLooks(b *testing.B) {
	for b.Loop() {
		lookAtAll()
	}
}
