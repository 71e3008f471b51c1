package reference_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// TestMayStart: a sliver of quota starts runs within the rate; the rest is free.
func TestMayStart(t *testing.T) {
	onBoth(t, &scheduler.Config{}, func(s *scene) {
		s.account("a", scheduler.AccountConfig{ChargeRate: rates(2), MaxCharge: time.Second}, 0.000001)
		for i := range 4 {
			s.idle(scheduler.WorkerID(fmt.Sprint("w", i)), 0)
			s.request(scheduler.RequestID(fmt.Sprint("r", i)), "a", 0, nil)
		}
		s.pass(0, "r0>w0@p0", "r1>w1@p0", "r2>w2@free", "r3>w3@free")
	})
}

// TestBurstCover: at rate 1.5, the second run needs more than 0.5 × 600 worker-seconds, and the third
// more than 1.5 × 600.
func TestBurstCover(t *testing.T) {
	for balance, want := range map[float64][2]string{
		300:        {"r1>w1@free", "r2>w2@free"},
		300.000001: {"r1>w1@p0", "r2>w2@free"},
		900:        {"r1>w1@p0", "r2>w2@free"},
		900.000001: {"r1>w1@p0", "r2>w2@p0"},
	} {
		onBoth(t, &scheduler.Config{}, func(s *scene) {
			s.account("a", scheduler.AccountConfig{ChargeRate: rates(1.5), MaxCharge: time.Hour}, balance)
			for i := range 3 {
				s.idle(scheduler.WorkerID(fmt.Sprint("w", i)), 0)
				s.request(scheduler.RequestID(fmt.Sprint("r", i)), "a", 0, nil)
			}
			s.pass(0, "r0>w0@p0", want[0], want[1])
		})
	}
}

// TestFullBucket: a full bucket starts the run that the rate covers in part, though it holds less
// than the burst cover; a bucket that lacks one unit does not.
func TestFullBucket(t *testing.T) {
	for balance, want := range map[float64]string{6: "r>w@p0", 5.999999: "r>w@free"} {
		onBoth(t, &scheduler.Config{}, func(s *scene) {
			s.account("a", scheduler.AccountConfig{ChargeRate: rates(0.1), MaxCharge: time.Minute}, balance)
			s.idle("w", 0)
			s.request("r", "a", 0, nil)
			s.pass(0, want)
		})
	}
}

// TestPreemption: the victim's account gets back what the run paid at its level, at that level; the
// other pays it at its own.
func TestPreemption(t *testing.T) {
	onBoth(t, &scheduler.Config{BurstCover: -1}, func(s *scene) {
		s.account("b", scheduler.AccountConfig{}, 0, 100)
		s.idle("w", 0)
		s.request("victim", "b", 0, nil)
		s.pass(0, "victim>w@p1")
		s.running("victim", "w", 0)
		s.account("a", scheduler.AccountConfig{}, 10, 2)
		s.request("r", "a", 1, nil)
		s.pass(5, "r>w@p0!victim")
		s.balance("b", 0, 100)
		s.balance("a", 5, 2)
		ev := s.lastEvent(protos.TaskEvent_TYPE_ASSIGNED)
		if got := ev.GetCost(); !slices.Equal(got, []int64{5_000_000, 0, 0, 0, 0}) {
			t.Errorf("the new run has cost %v", got)
		}
		s.pass(7)
		s.balance("a", 3, 2)
	})
}

// TestPaymentIsBounded: who has less than the price pays all but one unit of what it does not need,
// and the victim's account gets just that.
func TestPaymentIsBounded(t *testing.T) {
	onBoth(t, &scheduler.Config{BurstCover: -1}, func(s *scene) {
		s.account("b", scheduler.AccountConfig{}, 0, 100)
		s.idle("w", 0)
		s.request("victim", "b", 0, nil)
		s.pass(0, "victim>w@p1")
		s.account("a", scheduler.AccountConfig{}, 2)
		s.request("r", "a", 50, nil)
		s.pass(50, "r>w@p0")
		s.balance("b", 0, 51.999999)
		s.balance("a", 0.000001)
	})
}

// TestOutranks: what a run paid at the request's level or better stands in the way, and is not paid
// back when it runs elsewhere.
func TestOutranks(t *testing.T) {
	for p1, want := range map[float64][]string{5: nil, 5.000001: {"r>w@p1!victim"}} {
		onBoth(t, &scheduler.Config{BurstCover: -1, DemoteThreshold: -1}, func(s *scene) {
			s.account("b", scheduler.AccountConfig{}, 0, 1)
			s.idle("w", 0)
			s.request("victim", "b", 0, nil)
			s.pass(0, "victim>w@p1")
			s.running("victim", "w", 0)
			s.pass(5)
			s.levels("victim@free")
			s.account("a", scheduler.AccountConfig{}, 0, p1)
			s.request("r", "a", 5, nil)
			s.pass(5, want...)
			if want != nil {
				s.balance("a", 0, p1)
				s.balance("b", 0, -4)
			}
		})
	}
}

// TestHeldVictim: a task that was never handed out is not aborted; it waits again and takes the
// next worker that it finds.
func TestHeldVictim(t *testing.T) {
	onBoth(t, &scheduler.Config{BurstCover: -1}, func(s *scene) {
		s.idle("w", 0, "x")
		s.request("victim", "", 0, nil)
		s.pass(0, "victim>w@free")
		s.account("a", scheduler.AccountConfig{}, 1)
		s.request("r", "a", 1, nil, "x")
		s.idle("v", 1)
		s.pass(1, "r>w@p0", "victim>v@free")
	})
}

// TestNotBarred: an account with quota takes workers, whatever of its own runs at worse levels.
func TestNotBarred(t *testing.T) {
	onBoth(t, &scheduler.Config{}, func(s *scene) {
		s.account("a", scheduler.AccountConfig{})
		s.idle("w1", 0, "x")
		s.idle("w2", 0, "y")
		s.request("own", "a", 0, nil, "x")
		s.request("other", "", 0, nil, "y")
		s.pass(0, "other>w2@free", "own>w1@free")
		s.account("a", scheduler.AccountConfig{}, 601)
		s.request("r", "a", 1, nil, "y")
		s.pass(1, "r>w2@p0")
	})
}

// TestReprioritize: the ⌈n − r⌉ cheapest runs go down to the best level that starts them, the
// ⌈r − n⌉ dearest come up.
func TestReprioritize(t *testing.T) {
	onBoth(t, &scheduler.Config{BurstCover: -1}, func(s *scene) {
		earns := func(workers float64) scheduler.AccountConfig {
			return scheduler.AccountConfig{ChargeRate: rates(workers), MaxCharge: time.Hour}
		}
		for i := range 4 {
			s.idle(scheduler.WorkerID(fmt.Sprint("w", i)), float64(i))
			s.request(scheduler.RequestID(fmt.Sprint("r", i)), "a", float64(i), nil)
			s.m.UpdateTime(at(float64(i)), nil)
			s.account("a", earns(1.5), 1)
			s.pass(float64(i), fmt.Sprintf("r%d>w%d@p0", i, i))
		}
		s.account("a", earns(1.5), -601, 0, 1)
		s.pass(3) // 4 − 1.5 runs are 3 too many.
		s.levels("r0@p0", "r1@p2", "r2@p2", "r3@p2")
		s.account("a", earns(2.5), 602)
		s.pass(4) // 2.5 − 1 runs are 2 too few. All have paid 1 at p2; those with greater ids are dearer.
		s.levels("r0@p0", "r1@p2", "r2@p0", "r3@p0")
	})
}

// TestPromotionAtTheCap: a full bucket promotes, though it holds less than the threshold.
func TestPromotionAtTheCap(t *testing.T) {
	onBoth(t, &scheduler.Config{}, func(s *scene) {
		s.idle("w", 0)
		s.request("r", "a", 0, nil)
		s.pass(0, "r>w@free")
		s.account("a", scheduler.AccountConfig{ChargeRate: rates(1), MaxCharge: 10 * time.Second}, 9)
		s.pass(0)
		s.levels("r@free")
		s.pass(1)
		s.levels("r@p0")
	})
}

// TestFanout: with two paid runs for one set of labels, the third is free; another set is not.
func TestFanout(t *testing.T) {
	onBoth(t, &scheduler.Config{BurstCover: -1}, func(s *scene) {
		s.account("a", scheduler.AccountConfig{MaxFanout: 2}, 1)
		for i := range 4 {
			s.idle(scheduler.WorkerID(fmt.Sprint("w", i)), 0, "x", "y")
		}
		s.request("r0", "a", 0, []string{"y"}, "x")
		s.request("r1", "a", 0, nil, "x", "y") // Of the same group as r0.
		s.request("r2", "a", 0, []string{"x"}, "y")
		s.request("r3", "a", 0, nil, "x")
		s.pass(0, "r0>w0@p0", "r1>w1@p0", "r3>w2@p0", "r2>w3@free")
	})
}

// TestLabelLimit: for each value of a key apart, with free runs; a worker at the limit is no match.
func TestLabelLimit(t *testing.T) {
	onBoth(t, &scheduler.Config{}, func(s *scene) {
		s.account("a", scheduler.AccountConfig{PerLabelTaskLimits: map[string]int{"model": 1}})
		s.idle("w0", 0, "model:x")
		s.idle("w1", 0, "model:x")
		s.idle("w2", 0, "model:y")
		s.idle("w3", 0, "modelling")
		for i := range 5 {
			s.request(scheduler.RequestID(fmt.Sprint("r", i)), "a", 0, nil)
		}
		s.pass(0, "r0>w0@free", "r1>w2@free", "r2>w3@free")
		s.request("s", "", 0, nil)
		s.pass(0, "s>w1@free")
	})
}

// TestPatience: younger requests take a worker that suits them better, up to the patience.
func TestPatience(t *testing.T) {
	for _, c := range []struct {
		now  float64
		want string
	}{{599.999, "young>w@free"}, {600, "old>w@free"}} {
		onBoth(t, &scheduler.Config{}, func(s *scene) {
			s.request("old", "", 0, []string{"v:2"}, "x")
			s.request("young", "", 1, []string{"v:1"}, "x")
			s.idle("w", c.now, "v:1", "x")
			s.pass(c.now, c.want)
		})
	}
}

// TestChoice: fewest labels, idle for longest, smallest id.
func TestChoice(t *testing.T) {
	onBoth(t, &scheduler.Config{}, func(s *scene) {
		s.idle("w1", 1, "x", "y")
		s.idle("w2", 3, "x")
		s.idle("w4", 2, "x")
		s.idle("w3", 2, "x")
		for i := range 4 {
			s.request(scheduler.RequestID(fmt.Sprint("r", i)), "", 0, nil, "x")
		}
		s.pass(3, "r0>w3@free", "r1>w4@free", "r2>w2@free", "r3>w1@free")
	})
}

// TestRefunds: what a held run has paid is given back however it ends; of one that was handed out,
// only when it is unassigned.
func TestRefunds(t *testing.T) {
	for _, c := range []struct {
		name      string
		handedOut bool
		end       func(s *scene) error
		want      float64
	}{
		{"held, idle", false, func(s *scene) error { s.idle("w", 4); return nil }, 1000},
		{"held, absent", false, func(s *scene) error {
			return s.m.NotifyTaskAbsent("r", at(4), &s.recorder)
		}, 1000},
		{"held, displaced", false, func(s *scene) error {
			return s.m.NotifyTaskRunning("foreign", "w", at(4), &s.recorder)
		}, 1000},
		{"held, unassigned", false, func(s *scene) error {
			return s.m.Unassign("r", "w", at(4), &s.recorder)
		}, 1000},
		{"handed out, idle", true, func(s *scene) error { s.idle("w", 4); return nil }, 996},
		{"handed out, unassigned", true, func(s *scene) error {
			return s.m.Unassign("r", "w", at(4), &s.recorder)
		}, 1000},
	} {
		t.Run(c.name, func(t *testing.T) {
			onBoth(t, &scheduler.Config{}, func(s *scene) {
				s.account("a", scheduler.AccountConfig{}, 1000)
				s.idle("w", 0)
				s.request("r", "a", 0, nil)
				s.pass(0, "r>w@p0")
				if c.handedOut {
					s.check(s.m.MarkHandedOut("r", "w"))
				}
				s.pass(4)
				s.balance("a", 996)
				s.check(c.end(s))
				s.balance("a", c.want)
				cost := s.events[len(s.events)-1].GetCost()
				if !slices.Equal(cost, []int64{4_000_000, 0, 0, 0, 0}) {
					t.Errorf("the event tells a cost of %v", cost)
				}
			})
		})
	}
}

// TestRunWins: idle at the very time of a run is old, a moment later it ends the run.
func TestRunWins(t *testing.T) {
	onBoth(t, &scheduler.Config{}, func(s *scene) {
		s.request("r", "", 0, nil)
		s.running("r", "w", 5)
		s.idle("w", 5)
		ev := s.lastEvent(protos.TaskEvent_TYPE_IGNORED)
		if ev.GetIgnored().GetReason() != protos.TaskEvent_Ignored_REASON_RUN_WINS {
			t.Errorf("ignored: %v", ev)
		}
		s.idle("w", 5.000000001)
		s.lastEvent(protos.TaskEvent_TYPE_COMPLETED)
	})
}

// TestExpiration: workers after more than five minutes, requests after more than they may wait.
func TestExpiration(t *testing.T) {
	onBoth(t, &scheduler.Config{RequestExpiration: time.Minute}, func(s *scene) {
		s.idle("w", 0, "x")
		s.request("r", "", 0, nil, "y")
		s.pass(60)
		if got := s.m.TakeExpired(); len(got) != 0 {
			t.Errorf("expired: %q", got)
		}
		s.pass(60.000000001)
		if got := s.m.TakeExpired(); len(got) != 1 || got[0].Request != "r" {
			t.Errorf("expired: %q", got)
		}
		s.lastEvent(protos.TaskEvent_TYPE_COMPLETED)
		s.pass(300)
		s.lastEvent(protos.TaskEvent_TYPE_COMPLETED)
		s.pass(300.001)
		s.lastEvent(protos.TaskEvent_TYPE_WORKER_EXPIRED)
	})
}

// TestDeletedAccount: its runs go on as free, and have cost nothing.
func TestDeletedAccount(t *testing.T) {
	onBoth(t, &scheduler.Config{}, func(s *scene) {
		s.account("a", scheduler.AccountConfig{}, 1000)
		s.idle("w", 0)
		s.request("r", "a", 0, nil)
		s.pass(0, "r>w@p0")
		s.pass(10)
		s.check(s.m.DeleteAccount("a"))
		s.levels("r@free")
		s.account("a", scheduler.AccountConfig{}, 1)
		s.check(s.m.Unassign("r", "w", at(11), nil))
		s.balance("a", 1)
	})
}
