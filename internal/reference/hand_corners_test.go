package reference_test

import (
	"testing"
	"time"

	"github.com/quotasched/quotasched/scheduler"
)

// This file has situations that random operations come to once in many thousand stories.

// TestVictimPreempts: a held victim takes part from the next level on, there also in preemptions.
func TestVictimPreempts(t *testing.T) {
	onBoth(t, &scheduler.Config{}, func(s *scene) {
		s.idle("w1", 0, "m")
		s.request("f", "", 0, nil, "m")
		s.pass(0, "f>w1@free")
		s.running("f", "w1", 0)
		s.idle("w2", 0, "k", "m")
		s.request("h", "a", 0, nil, "m")
		s.pass(0, "h>w2@free")
		s.account("a", scheduler.AccountConfig{ChargeRate: rates(0, 1), MaxCharge: time.Hour}, 0, 1)
		s.request("q", "a", 0, nil, "n")
		s.pass(1)
		s.pass(1)
		s.account("b", scheduler.AccountConfig{}, 601)
		s.request("rb", "b", 1, nil, "k")
		s.pass(1, "rb>w2@p0", "h>w1@p1!f")
	})
}
