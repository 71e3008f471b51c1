package promises_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quotasched/quotasched/internal/promises"
	"github.com/quotasched/quotasched/scheduler"
)

// unlimited is a pool where nothing protects a run.
func unlimited() *scheduler.Config {
	c := &scheduler.Config{}
	for p := range c.MaxLostWork {
		c.MaxLostWork[p] = -1
	}
	return c
}

// always returns lengths that are all the same.
func always(length time.Duration) func() time.Duration {
	return func() time.Duration { return length }
}

// One worker-second at p0, long ago, does not make a run that is free by now untouchable for an
// account that has ten hours saved up at p2.
func TestSliver(t *testing.T) {
	onAll(t, func(t *testing.T, make promises.Maker) {
		c := unlimited()
		c.BurstCover, c.DemoteThreshold = -1, scheduler.WorkerSeconds(-1)
		w := newWorld(t, make, c, 1)
		w.Heartbeat = time.Second
		w.Account("a", &scheduler.AccountConfig{}, scheduler.WorkerSeconds(1))
		w.Account("b", &scheduler.AccountConfig{}, 0, 0, scheduler.WorkerSeconds(36_000))
		w.Ask("sliver", "a", 10*time.Hour)
		w.RunFor(10 * time.Second)
		require.Equal(t, "free", level(w, "sliver"))
		r := w.Ask("r", "b", time.Minute)
		w.RunFor(time.Minute)
		t.Logf("B waits %v", waited(w, r))
		require.LessOrEqual(t, waited(w, r), 11*time.Second)
	})
}

// Quota that was used does not come back by way of a throw-away account that has next to none.
func TestLaundering(t *testing.T) {
	for name, cover := range map[string]time.Duration{"cover": 0, "no cover": -1} {
		t.Run(name, func(t *testing.T) {
			onAll(t, func(t *testing.T, make promises.Maker) {
				c := unlimited()
				c.BurstCover = cover
				w := newWorld(t, make, c, 1)
				w.Account("a", &scheduler.AccountConfig{}, 0, scheduler.WorkerSeconds(36_000))
				w.Account("throw-away", &scheduler.AccountConfig{}, scheduler.WorkerSeconds(0.0001))
				w.Ask("used", "a", 20*time.Hour)
				w.RunFor(9 * time.Hour)
				w.Ask("launder", "throw-away", time.Hour)
				w.RunFor(time.Minute)
				t.Logf("%v of what was used came back", w.Refunds)
				require.LessOrEqual(t, w.Refunds, scheduler.WorkerSeconds(0.0001))
				require.LessOrEqual(t, w.Balance("a", 1), scheduler.WorkerSeconds(3600.0001))
			})
		})
	}
}

// An account with quota at p0 need not pay for all that runs at p4 ever cost their account.
func TestPastDebts(t *testing.T) {
	onAll(t, func(t *testing.T, make promises.Maker) {
		w := newWorld(t, make, unlimited(), 2)
		w.Account("batch", atLevel(4, 2, 24*time.Hour), 0, 0, 0, 0, scheduler.WorkerSeconds(2000))
		w.Account("urgent", atLevel(0, 2, 30*time.Minute))
		w.Ask("b1", "batch", 100*time.Hour)
		w.Ask("b2", "batch", 100*time.Hour)
		w.RunFor(10 * time.Hour)
		require.Equal(t, "p4", level(w, "b1"))
		r1, r2 := w.Ask("r1", "urgent", time.Hour), w.Ask("r2", "urgent", time.Hour)
		w.RunFor(time.Minute)
		longest := max(waited(w, r1), waited(w, r2))
		t.Logf("the requests at p0 wait %v at most", longest)
		require.LessOrEqual(t, longest, 10*time.Second)
	})
}

// An account that is rich at p0 can use it, whatever of its own runs elsewhere.
func TestBarredWhileRich(t *testing.T) {
	onAll(t, func(t *testing.T, make promises.Maker) {
		w := newWorld(t, make, &scheduler.Config{}, 2)
		w.Account("a", &scheduler.AccountConfig{})
		w.Ask("own", "a", 10*time.Hour)
		w.Ask("other", "", 10*time.Hour)
		w.RunFor(time.Minute)
		w.Account("a", &scheduler.AccountConfig{}, scheduler.WorkerSeconds(1_000_000))
		r := w.Ask("urgent", "a", time.Minute)
		w.RunFor(time.Minute)
		t.Logf("the urgent request waits %v", waited(w, r))
		require.LessOrEqual(t, waited(w, r), 10*time.Second)
	})
}

// No request loses more than ten minutes of work in all its tries, and most of the time of a fleet
// is not lost, however often bursts of paid tasks come over long free ones.
func TestTheOldestIsTheYoungest(t *testing.T) {
	onAll(t, func(t *testing.T, make promises.Maker) {
		const workers, hours = 10, 48
		w := newWorld(t, make, &scheduler.Config{}, workers)
		w.Heartbeat, w.Tick = 30*time.Second, 10*time.Second
		w.Always("free", 3, always(2*time.Hour))
		w.Account("paid", atLevel(1, 4, 100*time.Hour), 0, scheduler.WorkerSeconds(400_000))
		for i := range hours * 6 {
			for j := range 4 {
				w.Ask(fmt.Sprintf("burst-%d-%d", i, j), "paid", 4*time.Minute)
			}
			w.RunFor(10 * time.Minute)
		}
		done, most, preempted := 0, time.Duration(0), 0
		for _, r := range w.Requests { // the order is free: a count and maxima
			most, preempted = max(most, r.Lost), max(preempted, r.Preempted)
			if r.Account == "free" && !r.Ended.IsZero() {
				done++
			}
		}
		lost := w.Lost().Seconds() / w.Used("free").Seconds()
		t.Logf("%d free tasks done, %.1f %% of their time lost; one lost %v, one was preempted %d times",
			done, 100*lost, most, preempted)
		require.LessOrEqual(t, most, 10*time.Minute)
		require.LessOrEqual(t, lost, 0.03)
		require.GreaterOrEqual(t, done, 160)
	})
}

// Two accounts that share one worker do not take it from each other in turns.
func TestPingPong(t *testing.T) {
	onAll(t, func(t *testing.T, make promises.Maker) {
		const span = 20 * 24 * time.Hour
		w := newWorld(t, make, &scheduler.Config{}, 1)
		w.Heartbeat = 5 * time.Minute
		for i, id := range []string{"a", "b"} {
			w.Account(id, atLevel(0, 0.5, 24*time.Hour))
			w.Always(id, 2, around(2*time.Hour, uint64(i)))
		}
		w.RunFor(span)
		t.Logf("%.2f %% of the time lost", 100*w.Lost().Seconds()/span.Seconds())
		require.LessOrEqual(t, w.Lost().Seconds()/span.Seconds(), 0.01)
		require.InDelta(t, 0.5, w.Used("a").Seconds()/span.Seconds(), 0.02)
	})
}

// A tenth of a worker is had, although its bucket never holds what a run costs for the burst cover,
// and although nothing of the account runs for free.
func TestSmallRates(t *testing.T) {
	onAll(t, func(t *testing.T, make promises.Maker) {
		const week = 7 * 24 * time.Hour
		w := newWorld(t, make, &scheduler.Config{}, 4)
		w.Heartbeat = 2 * time.Minute
		small := atLevel(0, 0.1, time.Hour)
		small.DisableFreeTasks = true
		w.Account("small", small)
		w.Account("rest", atLevel(0, 3.9, time.Hour))
		w.Always("small", 1, around(20*time.Minute, 1))
		w.Always("rest", 2, around(20*time.Minute, 2))
		w.RunFor(week)
		had := w.Used("small").Seconds() / week.Seconds()
		t.Logf("it had %.3f workers", had)
		require.InDelta(t, 0.1, had, 0.01)
	})
}

// Leftovers of a thousand hours do not keep an account from what it was granted.
func TestLeftovers(t *testing.T) {
	onAll(t, func(t *testing.T, make promises.Maker) {
		const workers = 100
		w := newWorld(t, make, &scheduler.Config{}, workers)
		w.Always("free", workers, always(1000*time.Hour))
		w.Account("granted", atLevel(0, workers, time.Hour), scheduler.WorkerSeconds(3600*workers))
		for round := range 3 {
			w.RunFor(time.Hour)
			require.Equal(t, workers, w.Running("free"))
			var asked []*promises.Request
			for i := range workers {
				asked = append(asked, w.Ask(fmt.Sprintf("r%d-%d", round, i), "granted", time.Hour))
			}
			w.RunFor(4 * time.Hour)
			longest := time.Duration(0)
			for _, r := range asked {
				longest = max(longest, waited(w, r))
			}
			t.Logf("%d requests waited %v at most", len(asked), longest)
			require.LessOrEqual(t, longest, 2*time.Hour)
		}
	})
}

// Nobody can make a task untouchable at no cost: one that is preempted again and again as soon as it
// begins is no safer than before.
func TestFarmedImmunity(t *testing.T) {
	onAll(t, func(t *testing.T, make promises.Maker) {
		const tasks = 4
		w := newWorld(t, make, &scheduler.Config{}, tasks)
		w.Account("farmer", &scheduler.AccountConfig{}, 0, scheduler.WorkerSeconds(36_000))
		w.Account("urgent", &scheduler.AccountConfig{}, scheduler.WorkerSeconds(360_000))
		for i := range tasks {
			w.Ask(fmt.Sprintf("free-%d", i), "", 100*time.Hour)
		}
		for round := range 5 {
			w.RunFor(5 * time.Second)
			for i := range tasks {
				w.Ask(fmt.Sprintf("farm-%d-%d", round, i), "farmer", time.Second)
			}
		}
		w.RunFor(time.Minute)
		require.GreaterOrEqual(t, w.Requests["free-0"].Preempted, 5)
		r := w.Ask("r", "urgent", time.Minute)
		w.RunFor(time.Minute)
		t.Logf("after %d preemptions that lost %v, the next one comes after %v",
			w.Requests["free-0"].Preempted, w.Requests["free-0"].Lost, waited(w, r))
		require.LessOrEqual(t, waited(w, r), 10*time.Second)
	})
}

// Runs that have too much at stake to be preempted do not ride on for nothing while their accounts
// start more: they pay on, into debt.
func TestRidingOn(t *testing.T) {
	onAll(t, func(t *testing.T, make promises.Maker) {
		const span = 8 * 24 * time.Hour
		s := split(t, make, &scheduler.Config{}, fleet{workers: 25, rate: 5, parts: 25,
			length: 4 * time.Hour, saved: 24 * time.Hour, span: span, seed: 1})
		t.Logf("A held %.2f of 5 workers", s.held)
		require.LessOrEqual(t, s.held, 5.6)
	})
}

// Twenty workers' worth in fifty accounts is twenty workers' worth.
func TestSplit(t *testing.T) {
	for _, c := range []struct {
		name   string
		config *scheduler.Config
		fleet  fleet
		most   float64
	}{
		{"20 min", &scheduler.Config{}, fleet{workers: 100, rate: 20, parts: 50,
			length: 20 * time.Minute, saved: 20 * time.Minute, span: 400 * time.Minute}, 20.8},
		{"20 min, no limits", unlimited(), fleet{workers: 100, rate: 20, parts: 50,
			length: 20 * time.Minute, saved: 20 * time.Minute, span: 400 * time.Minute}, 20.8},
		{"4 h, a quarter of the fleet", &scheduler.Config{}, fleet{workers: 25, rate: 5, parts: 50,
			length: 4 * time.Hour, saved: 24 * time.Hour, span: 20 * 24 * time.Hour}, 5.4},
	} {
		t.Run(c.name, func(t *testing.T) {
			onAll(t, func(t *testing.T, make promises.Maker) {
				s := split(t, make, c.config, c.fleet)
				t.Logf("A held %.2f of %v workers, %.2f less what it lost; %.2f %% of all lost",
					s.held, c.fleet.rate, s.had, 100*(s.lost+s.owed))
				require.LessOrEqual(t, s.had, c.most)
				require.LessOrEqual(t, s.lost+s.owed, 0.01)
			})
		})
	}
}

// level is the level at which a request runs; empty if it does not.
func level(w *promises.World, id string) string {
	for _, on := range w.Snapshot().GetScheduler().GetWorkers() {
		if on.GetRun().GetRequest().GetId() == id {
			return scheduler.Priority(on.GetRun().GetPriority()).String()
		}
	}
	return ""
}

// waited is how long a request waited for its first worker, so far.
func waited(w *promises.World, r *promises.Request) time.Duration {
	if r.Started.IsZero() {
		return w.Now.Sub(r.Enqueued)
	}
	return r.Started.Sub(r.Enqueued)
}
