package reference_test

import (
	"testing"
	"time"

	"github.com/quotasched/quotasched/scheduler"
)

// This file has situations that random operations come to once in many thousand stories.

// TestUsedUpStaysUsedUp: an account that could start no more at a level for a moment goes on at the
// next one, even if it is refunded before the level ends.
func TestUsedUpStaysUsedUp(t *testing.T) {
	onBoth(t, &scheduler.Config{DemoteThreshold: -1}, func(s *scene) {
		s.account("a", scheduler.AccountConfig{}, 0, 1)
		s.idle("v", 0, "v")
		s.request("old", "a", 0, nil, "v")
		s.pass(0, "old>v@p1")
		s.running("old", "v", 0)
		s.pass(100) // It falls to p2, and has cost 100 at p1.
		s.levels("old@p2")
		s.account("a", scheduler.AccountConfig{}, 0, 1)
		s.account("c", scheduler.AccountConfig{}, 0, 1000)
		s.idle("w1", 100, "w")
		s.idle("w2", 100, "w")
		s.request("r1", "a", 100, nil, "w")
		s.request("r2", "a", 100, nil, "w")
		s.request("rc", "c", 100, nil, "v")
		s.pass(100, "r1>w1@p1", "rc>v@p1!old", "r2>w2@free")
		s.balance("a", 0, 101)
	})
}

// TestDearerButPayable: a run that is dearer, as it has cost something at a better level, can be
// payable where a cheaper one is not.
func TestDearerButPayable(t *testing.T) {
	onBoth(t, &scheduler.Config{}, func(s *scene) {
		s.account("b1", scheduler.AccountConfig{}, 0, 1)
		s.idle("w1", 0, "x")
		s.request("cheap", "b1", 0, nil, "x")
		s.pass(0, "cheap>w1@p1")
		s.running("cheap", "w1", 0)
		s.account("b2", scheduler.AccountConfig{}, 1)
		s.idle("w2", 8, "x")
		s.request("dear", "b2", 8, nil, "x")
		s.pass(8, "dear>w2@p0")
		s.running("dear", "w2", 8)
		s.pass(9)
		s.account("b1", scheduler.AccountConfig{}, -700, -700)
		s.account("b2", scheduler.AccountConfig{}, -700, -700)
		s.account("a", scheduler.AccountConfig{}, 1)
		s.idle("w0", 9, "y")
		s.request("own", "a", 9, nil, "y")
		s.pass(9, "own>w0@p0")
		s.levels("cheap@p2", "dear@p2", "own@p0")
		// With one run beyond its rate, a can start no more at p0; 5 is less than the 9 of cheap.
		s.account("a", scheduler.AccountConfig{}, 1, 5)
		s.request("r", "a", 9, nil, "x")
		s.pass(9, "r>w2@p1!dear")
		s.balance("a", 0, 5)
	})
}

// TestRefundWithinTheStep: an account that is refunded in the preemption step can pay for the
// candidates that are still to come, and not for those that went by.
func TestRefundWithinTheStep(t *testing.T) {
	onBoth(t, &scheduler.Config{BurstCover: -1}, func(s *scene) {
		start := func(account scheduler.AccountID, r scheduler.RequestID, w scheduler.WorkerID,
			label string, seconds float64) {
			s.pass(seconds)
			s.account(account, scheduler.AccountConfig{}, 0, 1)
			s.idle(w, seconds, label)
			s.request(r, account, seconds, nil, label)
			s.pass(seconds, string(r)+">"+string(w)+"@p1")
			s.running(r, w, seconds)
		}
		start("b", "u2", "w2", "x", 0)
		start("y", "v", "w3", "z", 0.5)
		start("b", "u1", "w1", "x", 5.5)
		s.pass(10.5)
		s.account("b", scheduler.AccountConfig{}, 0, -700)
		s.account("y", scheduler.AccountConfig{}, 0, -700)
		s.pass(10.5)
		s.levels("u1@p2", "u2@p2", "v@p2") // They have cost 5, 10.5 and 10 at p1.
		s.account("y", scheduler.AccountConfig{ChargeRate: rates(0, 1), MaxCharge: time.Millisecond}, 0, 1)
		s.account("z", scheduler.AccountConfig{}, 0, 1000)
		s.request("ry", "y", 10.5, nil, "x")
		s.request("rz", "z", 10.5, nil, "z")
		s.pass(10.5, "rz>w3@p1!v", "ry>w2@p1!u2")
		s.balance("y", 0, 0.5)
	})
}

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
		s.account("a", scheduler.AccountConfig{ChargeRate: rates(0, 1), MaxCharge: time.Millisecond}, 0, 1)
		s.request("q", "a", 0, nil, "n")
		s.pass(1)
		s.pass(1)
		s.account("b", scheduler.AccountConfig{}, 1)
		s.request("rb", "b", 1, nil, "k")
		s.pass(1, "rb>w2@p0", "h>w1@p1!f")
	})
}

// TestHeldTaskPlacedAgain: passes at one time come to rest, but a held task can be placed once more
// on the way. Here a refund comes too late for b to take part at p1 in the first pass.
func TestHeldTaskPlacedAgain(t *testing.T) {
	onBoth(t, &scheduler.Config{BurstCover: -1, DemoteThreshold: -1}, func(s *scene) {
		s.account("b", scheduler.AccountConfig{}, 0, 1)
		s.idle("w1", 0, "l")
		s.request("bv", "b", 0, nil, "l")
		s.pass(0, "bv>w1@p1")
		s.running("bv", "w1", 0)
		s.pass(5)
		s.levels("bv@p2")
		s.balance("b", 0, -4)
		s.account("a", scheduler.AccountConfig{}, 0, 10)
		s.request("ra", "a", 5, nil, "l")
		s.request("r0", "", 4, nil, "x")
		s.request("rb", "b", 5, nil, "x", "y")
		s.idle("w", 5, "x", "y")
		s.idle("v", 5, "x", "z", "zz")
		s.pass(5, "ra>w1@p1!bv", "r0>w@free")
		s.pass(5, "rb>w@p1", "r0>v@free")
		s.pass(5)
	})
}
