package scheduler_test

import (
	"bytes"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quotasched/quotasched/scheduler"
)

// Fields without content take no memory to speak of, before the first of them is refused.
func TestRestoreBytesTakesMemoryInProportion(t *testing.T) {
	for name, field := range map[string]byte{"accounts": 3, "label_sets": 6,
		"waiting_requests": 7, "workers": 8} {
		for order, tail := range map[string][]byte{"in order": nil, "unknown field": {0x78, 1}} {
			b := append(bytes.Repeat([]byte{field<<3 | 2, 0}, 2<<20), tail...)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := scheduler.RestoreBytes(b)
			runtime.ReadMemStats(&after)
			require.ErrorIs(t, err, scheduler.ErrInvalidSnapshot, name)
			require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(12*len(b)), name+" "+order)
		}
	}
}
