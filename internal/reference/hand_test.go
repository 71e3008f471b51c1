package reference_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// TestMayStart: a sliver of quota starts runs up to the rate and one more; the rest is free.
func TestMayStart(t *testing.T) {
	onBoth(t, &scheduler.Config{}, func(s *scene) {
		s.account("a", scheduler.AccountConfig{ChargeRate: rates(2), MaxCharge: time.Second}, 0.000001)
		for i := range 5 {
			s.idle(scheduler.WorkerID(fmt.Sprint("w", i)), 0)
			s.request(scheduler.RequestID(fmt.Sprint("r", i)), "a", 0, nil)
		}
		s.pass(0, "r0>w0@p0", "r1>w1@p0", "r2>w2@p0", "r3>w3@free", "r4>w4@free")
	})
}

// TestBurstCover: at rate 0.5, the second run needs more than 0.5 × 60 worker-seconds.
func TestBurstCover(t *testing.T) {
	for want, balance := range map[string]float64{"r1>w1@free": 30, "r1>w1@p0": 30.000001} {
		onBoth(t, &scheduler.Config{}, func(s *scene) {
			s.account("a", scheduler.AccountConfig{ChargeRate: rates(0.5), MaxCharge: time.Millisecond}, balance)
			s.idle("w0", 0)
			s.idle("w1", 0)
			s.request("r0", "a", 0, nil)
			s.request("r1", "a", 0, nil)
			s.pass(0, "r0>w0@p0", want)
		})
	}
}

// TestPreemption: the victim's account gets back what the task cost, the other pays it.
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
		s.balance("a", 10, -3)
		ev := s.lastEvent(protos.TaskEvent_TYPE_ASSIGNED)
		if got := ev.GetCost(); !slices.Equal(got, []int64{0, 5_000_000, 0, 0, 0}) {
			t.Errorf("the new run has cost %v", got)
		}
		s.pass(7)
		s.balance("a", 8, -3)
	})
}

// TestPreemptionAtBetterLevels: at levels better than its own, a request must have the whole cost.
func TestPreemptionAtBetterLevels(t *testing.T) {
	for _, c := range []struct {
		p0   float64
		want []string
	}{{4.999999, nil}, {5, []string{"r>w@p1!victim"}}} {
		onBoth(t, &scheduler.Config{}, func(s *scene) {
			s.account("b", scheduler.AccountConfig{}, 5)
			s.idle("w", 0, "x")
			s.request("victim", "b", 0, nil, "x")
			s.pass(0, "victim>w@p0")
			s.running("victim", "w", 0)
			s.pass(5)
			s.account("b", scheduler.AccountConfig{}, -700, -700)
			s.account("a", scheduler.AccountConfig{}, 1)
			s.idle("v", 5, "y")
			s.request("own", "a", 5, nil, "y")
			s.pass(5, "own>v@p0")
			s.levels("own@p0", "victim@p2")
			// With one run beyond its rate, a can start no more at p0.
			s.account("a", scheduler.AccountConfig{}, c.p0, 1)
			s.request("r", "a", 5, nil, "x")
			s.pass(5, c.want...)
			if c.want != nil {
				s.balance("a", 0, 1)
				s.balance("b", -695, -700)
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

// TestBarred: an account that runs as much as it earns and has a free run of its own has to
// promote before it takes from others.
func TestBarred(t *testing.T) {
	onBoth(t, &scheduler.Config{}, func(s *scene) {
		s.account("a", scheduler.AccountConfig{})
		s.idle("w1", 0, "x")
		s.idle("w2", 0, "y")
		s.request("own", "a", 0, nil, "x")
		s.request("other", "", 0, nil, "y")
		s.pass(0, "other>w2@free", "own>w1@free")
		s.account("a", scheduler.AccountConfig{ChargeRate: rates(0.5), MaxCharge: time.Millisecond}, 500)
		s.request("r", "a", 1, nil, "y")
		// Not barred: it runs less at p0 than it earns.
		s.pass(1, "r>w2@p0")
		s.request("r2", "a", 1, nil, "y")
		s.idle("w3", 1, "z")
		s.request("other2", "", 1, nil, "z")
		s.pass(1, "other2>w3@free")
		s.request("r3", "a", 1, nil, "z")
		s.pass(1) // Barred: "own" is free, and there is one run at a rate of a half.
		s.levels("other2@free", "own@free", "r@p0")
	})
}

// TestReprioritize: ⌈n − r⌉ cheapest runs go down, ⌈r − n⌉ dearest come up.
func TestReprioritize(t *testing.T) {
	onBoth(t, &scheduler.Config{BurstCover: -1}, func(s *scene) {
		s.account("a", scheduler.AccountConfig{ChargeRate: rates(1.5), MaxCharge: time.Millisecond}, 1)
		for i := range 4 {
			s.idle(scheduler.WorkerID(fmt.Sprint("w", i)), float64(i))
			s.request(scheduler.RequestID(fmt.Sprint("r", i)), "a", float64(i), nil)
			s.m.UpdateTime(at(float64(i)), nil)
			s.account("a", scheduler.AccountConfig{ChargeRate: rates(1.5), MaxCharge: time.Millisecond}, 1)
			s.pass(float64(i), fmt.Sprintf("r%d>w%d@p0", i, i))
		}
		s.account("a", scheduler.AccountConfig{ChargeRate: rates(1.5), MaxCharge: time.Millisecond}, -601)
		s.pass(3) // 4 − 1.5 runs are 3 too many; all other levels are at 0, which demotes nothing.
		s.levels("r0@p0", "r1@p1", "r2@p1", "r3@p1")
		s.account("a", scheduler.AccountConfig{ChargeRate: rates(2.5), MaxCharge: time.Millisecond}, 602)
		s.pass(4) // 2.5 − 1 runs are 2 too few; r1 and r2 started first and are the dearest.
		s.levels("r0@p0", "r1@p0", "r2@p0", "r3@p1")
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
		{"held, idle", false, func(s *scene) error { s.idle("w", 4); return nil }, 100},
		{"held, absent", false, func(s *scene) error {
			return s.m.NotifyTaskAbsent("r", at(4), &s.recorder)
		}, 100},
		{"held, displaced", false, func(s *scene) error {
			return s.m.NotifyTaskRunning("foreign", "w", at(4), &s.recorder)
		}, 100},
		{"held, unassigned", false, func(s *scene) error {
			return s.m.Unassign("r", "w", at(4), &s.recorder)
		}, 100},
		{"handed out, idle", true, func(s *scene) error { s.idle("w", 4); return nil }, 96},
		{"handed out, unassigned", true, func(s *scene) error {
			return s.m.Unassign("r", "w", at(4), &s.recorder)
		}, 100},
	} {
		t.Run(c.name, func(t *testing.T) {
			onBoth(t, &scheduler.Config{}, func(s *scene) {
				s.account("a", scheduler.AccountConfig{}, 100)
				s.idle("w", 0)
				s.request("r", "a", 0, nil)
				s.pass(0, "r>w@p0")
				if c.handedOut {
					s.check(s.m.MarkHandedOut("r", "w"))
				}
				s.pass(4)
				s.balance("a", 96)
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
		if got := s.m.TakeExpired(); !slices.Equal(got, []scheduler.RequestID{"r"}) {
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
		s.account("a", scheduler.AccountConfig{}, 100)
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
