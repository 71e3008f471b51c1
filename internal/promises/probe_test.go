package promises_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/quotasched/quotasched/scheduler"
)

func TestProbe(t *testing.T) {
	if os.Getenv("PROBE") == "" {
		t.Skip()
	}
	var seed uint64
	fmt.Sscan(os.Getenv("PROBE"), &seed)
	d := rand.New(rand.NewPCG(seed, 7))
	end := time.Now().Add(100 * time.Second)
	for time.Now().Before(end) {
		f := fleet{parts: 1, workers: 4 + d.IntN(60), length: lengths[d.IntN(6)], saved: savings[d.IntN(5)], seed: d.Uint64N(1000)}
		f.span = 20 * max(f.length, f.saved)
		if int(f.span/f.length)*f.workers > 6000 {
			continue
		}
		cut := f
		cut.parts = 2 + d.IntN(99)
		milli := max(1, int(1000*(0.1+0.6*d.Float64())*float64(f.workers))/cut.parts)
		f.rate = float64(milli*cut.parts) / 1000
		cut.rate = f.rate
		c, more := &scheduler.Config{}, 1.05
		if d.IntN(2) == 0 {
			c, more = unlimited(), 1.02
		}
		f.backlog = max(cut.parts, int(f.rate)+1)
		cut.backlog = f.backlog
		before := split(t, makers["reference"], c, f)
		after := split(t, makers["reference"], c, cut)
		bonus := float64(cut.parts) * f.length.Seconds() / f.span.Seconds()
		bad := ""
		if after.had > more*before.had+bonus {
			bad = "HAD"
		}
		if more == 1.05 && after.lost > 0.01 {
			bad += " LOST"
		}
		if more == 1.05 && after.owed > 0.01 {
			bad += " OWED"
		}
		fmt.Printf("PROBE %3d workers %3d parts rate %6.3f len %6v cap %6v %v: before %.3f after %.3f most %.3f lost %.2f%% owed %.2f%% -> %.2f%% owed %.2f%% %s\n", f.workers, cut.parts, f.rate, f.length, f.saved, more == 1.02, before.had, after.had, more*before.had+bonus, 100*before.lost, 100*before.owed, 100*after.lost, 100*after.owed, bad)
	}
}
