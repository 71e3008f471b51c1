package history_test

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/quotasched/quotasched/scheduler"
)

// A request that ran once costs what the package says.
func TestMemory(t *testing.T) {
	const n = 20_000
	s := newTeller(t, &scheduler.Config{})
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	for i := range n {
		id := fmt.Sprintf("request-%d", i)
		s.waits(i, id, "account", i, "os:1", "model:x")
		s.pulls(i, "w")
		s.runs(i, id, "w")
		s.gone(i+1, id)
	}
	per := (heap() - before) / n
	t.Logf("%d bytes for a request", per)
	if per > 1000 {
		t.Errorf("%d bytes for a request are more than 1000", per)
	}
	runtime.KeepAlive(s)
}
