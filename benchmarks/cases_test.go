package benchmarks

import (
	"testing"
	"time"

	"github.com/quotasched/quotasched/internal/reference"
	"github.com/quotasched/quotasched/scheduler"
)

func engine() Target { return scheduler.New(epoch) }
func naive() Target  { return reference.New(epoch) }

// The cases do what they say, at small sizes, on both targets alike.
func TestCasesDoTheirWork(t *testing.T) {
	for _, c := range Cases(false) {
		size := Size{Requests: 200, Workers: 100, Accounts: 12}
		c.rounds = 3
		a := c.Measure(size, engine, time.Hour)
		if c.naive == 0 {
			continue
		}
		if b := c.Measure(size, naive, time.Hour); a.Work != b.Work {
			t.Errorf("%s: the engine does %v, the reference %v", c.Name, a.Work, b.Work)
		}
	}
}
