package promises_test

import (
	"cmp"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/quotasched/quotasched/internal/promises"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// tasksMax bounds the tasks of a world, so that it takes a second at most.
const tasksMax = 4000

// lengths and savings are what tasks and caps of random worlds are about as long as.
var (
	lengths = []time.Duration{time.Minute, 4 * time.Minute, 20 * time.Minute, time.Hour,
		4 * time.Hour, 24 * time.Hour}
	savings = []time.Duration{10 * time.Minute, 30 * time.Minute, 2 * time.Hour, 8 * time.Hour,
		24 * time.Hour}
)

// newFleet draws a fleet that A shares with B, with A in one part.
func newFleet(t *rapid.T) fleet {
	f := fleet{parts: 1, workers: rapid.IntRange(4, 24).Draw(t, "workers"),
		length: rapid.SampledFrom(lengths).Draw(t, "length"),
		saved:  rapid.SampledFrom(savings).Draw(t, "saved"),
		seed:   rapid.Uint64Range(0, 1000).Draw(t, "seed")}
	f.span = 20 * max(f.length, f.saved)
	tasks := int(f.span/f.length) * f.workers
	if tasks > tasksMax {
		f.workers = max(2, f.workers*tasksMax/tasks)
	}
	if int(f.span/f.length)*f.workers > 3*tasksMax {
		t.Skip("too many tasks")
	}
	return f
}

// Splitting does not pay: cut into parts, an account gets no more than it got as a whole, but for
// two percent (five where some runs are protected) and one task per part over the whole time. Nor
// does it destroy: where some runs are protected, no more than a percent of the fleet's time is
// lost, but for what is owed and for what one task per part may destroy; and in the worlds of the seed
// that is set, another eight percent of one worker at most, however many parts there are.
func TestSplittingDoesNotPay(t *testing.T) {
	onAll(t, func(t *testing.T, make promises.Maker) {
		rapid.Check(t, func(t *rapid.T) {
			whole := newFleet(t)
			cut := whole
			cut.parts = rapid.IntRange(2, 100).Draw(t, "parts")
			share := rapid.Float64Range(0.1, 0.7).Draw(t, "share")
			milli := max(1, int(1000*share*float64(whole.workers))/cut.parts)
			whole.rate = float64(milli*cut.parts) / 1000
			whole.backlog = max(cut.parts, int(whole.rate)+1)
			cut.rate, cut.backlog = whole.rate, whole.backlog
			c, more := &scheduler.Config{}, 1.05
			if rapid.Bool().Draw(t, "unlimited") {
				c, more = unlimited(), 1.02
			}
			before, after := split(t, make, c, whole), split(t, make, c, cut)
			bonus := float64(cut.parts) * whole.length.Seconds() / whole.span.Seconds()
			t.Logf("%+v: %+v, as a whole %+v", cut, after, before)
			require.LessOrEqual(t, after.had, more*before.had+bonus)
			if c.MaxLostWork[0] >= 0 {
				once := min(whole.length, 10*time.Minute).Seconds() / whole.span.Seconds()
				allowed := 0.01 + float64(cut.parts)*once/float64(cut.workers)
				require.LessOrEqual(t, after.lost, allowed)
				require.LessOrEqual(t, after.lost, 0.01+0.08/float64(cut.workers))
			}
		})
	})
}

// newRandomWorld draws a world of some accounts that always have requests, at any levels, and others
// that are free. Each account earns with a rate from among those given.
func newRandomWorld(t *rapid.T, make promises.Maker, c *scheduler.Config,
	rates ...float64) *promises.World {
	w := newWorld(t, make, c, rapid.IntRange(1, 8).Draw(t, "workers"))
	w.Heartbeat = rapid.SampledFrom([]time.Duration{10 * time.Second, time.Minute,
		5 * time.Minute}).Draw(t, "heartbeat")
	w.Always("nobody", rapid.IntRange(0, 2).Draw(t, "free"), around(newLength(t), 1))
	for i := range rapid.IntRange(1, 5).Draw(t, "accounts") {
		id := string(rune('a' + i))
		a := &scheduler.AccountConfig{MaxCharge: rapid.SampledFrom(savings).Draw(t, "saved"),
			SafeAfter:        rapid.SampledFrom([]time.Duration{0, 0, 0, -1, time.Minute}).Draw(t, "safe"),
			DisableFreeTasks: rapid.IntRange(0, 5).Draw(t, "free tasks") == 5}
		var balance scheduler.Balance
		for range rapid.IntRange(0, 3).Draw(t, "levels") {
			p := rapid.IntRange(0, scheduler.NumPriorities-1).Draw(t, "level")
			a.ChargeRate[p] = scheduler.Workers(rapid.SampledFrom(rates).Draw(t, "rate"))
			balance[p] = scheduler.WorkerSeconds(rapid.SampledFrom([]float64{-700, 0, 0.001, 30, 700,
				10_000}).Draw(t, "balance"))
		}
		w.Account(id, a, balance[:]...)
		w.Always(id, rapid.IntRange(0, 2).Draw(t, "backlog"), around(newLength(t), uint64(i)))
	}
	return w
}

func newLength(t *rapid.T) time.Duration {
	return rapid.SampledFrom(lengths[:5]).Draw(t, "length")
}

// newConfig draws settings of a pool.
func newConfig(t *rapid.T) *scheduler.Config {
	c := &scheduler.Config{
		BurstCover: rapid.SampledFrom([]time.Duration{0, -1, time.Minute}).Draw(t, "cover"),
		OwedAfter:  rapid.SampledFrom([]time.Duration{0, -1, time.Minute}).Draw(t, "owed after"),
	}
	for p := range c.MaxLostWork {
		c.MaxLostWork[p] = rapid.SampledFrom([]time.Duration{0, -1, time.Minute,
			30 * time.Minute}).Draw(t, "max lost work")
	}
	return c
}

var someRates = []float64{0, 0, 0.1, 0.5, 1, 2, 3}

// eachMoment lets a world move on in steps, and calls a function after each.
func eachMoment(t *rapid.T, w *promises.World, moment func()) {
	for range rapid.IntRange(5, 40).Draw(t, "steps") {
		w.RunFor(rapid.SampledFrom([]time.Duration{time.Second, 20 * time.Second, 3 * time.Minute,
			20 * time.Minute}).Draw(t, "step"))
		moment()
	}
}

// No immunity but the limit's, and riches are usable: a request that may start at a level gets a
// worker in the next pass from a run at a worse level that nothing protects and that paid nothing at
// the level or better, whatever of its account's own runs elsewhere.
func TestNoImmunityButTheLimits(t *testing.T) {
	onAll(t, func(t *testing.T, make promises.Maker) {
		rapid.Check(t, func(t *rapid.T) {
			w := newRandomWorld(t, make, newConfig(t), someRates...)
			eachMoment(t, w, func() {
				before := newJudge(w.Snapshot())
				w.Pass()
				require.Empty(t, newJudge(w.Snapshot()).immune(before))
			})
		})
	})
}

// No laundering: no pass raises the sum of the balances above zero, or any balance but by a refund
// from a better level; and without earnings that sum never rises.
func TestNoLaundering(t *testing.T) {
	onAll(t, func(t *testing.T, make promises.Maker) {
		rapid.Check(t, func(t *rapid.T) {
			earning := rapid.Bool().Draw(t, "earning")
			rates := someRates
			if !earning {
				rates = []float64{0}
			}
			w := newRandomWorld(t, make, newConfig(t), rates...)
			type place struct {
				account string
				level   int32
			}
			refunds := map[place]int64{}
			w.Watch(func(e *protos.TaskEvent) {
				if p := e.GetPreempted(); p != nil {
					require.Less(t, p.GetNewPriority(), p.GetOldPriority())
					refunds[place{e.GetAccountId(), p.GetOldPriority()}] += p.GetRefund()
				}
			})
			last := newJudge(w.Snapshot())
			eachMoment(t, w, func() {
				before := newJudge(w.Snapshot())
				if !earning {
					require.LessOrEqual(t, before.positive(), last.positive())
				}
				clear(refunds)
				w.Pass()
				last = newJudge(w.Snapshot())
				require.LessOrEqual(t, last.positive(), before.positive())
				for id, a := range last.accounts {
					for p, q := range a.GetBalance() {
						most := before.accounts[id].GetBalance()[p] + refunds[place{id, int32(p)}]
						require.LessOrEqual(t, q, most)
					}
				}
			})
		})
	})
}

// Bounded loss: where nothing is owed, no request loses more work in all its tries than the greatest
// limit that applies to it.
func TestBoundedLoss(t *testing.T) {
	onAll(t, func(t *testing.T, make promises.Maker) {
		rapid.Check(t, func(t *rapid.T) {
			c := newConfig(t)
			c.OwedAfter = -1
			most := time.Duration(0)
			for p := range c.MaxLostWork {
				c.MaxLostWork[p] = max(0, c.MaxLostWork[p])
				most = max(most, cmp.Or(c.MaxLostWork[p], 10*time.Minute))
			}
			w := newRandomWorld(t, make, c, someRates...)
			unsafe := map[string]bool{}
			for id, a := range newJudge(w.Snapshot()).accounts {
				unsafe[id] = a.GetConfig().GetSafeAfter().AsDuration() < 0
			}
			eachMoment(t, w, func() {
				for _, r := range w.Requests {
					if !unsafe[r.Account] {
						require.LessOrEqual(t, r.Lost, most, "%s of %s", r.ID, r.Account)
					}
				}
			})
		})
	})
}

// What is granted is had: requests of accounts with full buckets, no more than their rates, wait for
// the workers of free tasks no longer than they are owed them, and a pass.
func TestWhatIsGrantedIsHad(t *testing.T) {
	onAll(t, func(t *testing.T, make promises.Maker) {
		rapid.Check(t, func(t *rapid.T) {
			c := newConfig(t)
			owed := rapid.SampledFrom([]time.Duration{0, time.Minute, time.Hour}).Draw(t, "owed")
			c.OwedAfter = owed
			workers := rapid.IntRange(1, 12).Draw(t, "workers")
			w := newWorld(t, make, c, workers)
			w.Always("nobody", workers, always(1000*time.Hour))
			w.RunFor(rapid.SampledFrom([]time.Duration{0, time.Minute, time.Hour}).Draw(t, "first"))
			var asked []*promises.Request
			for left := int64(1000 * workers); left > 0; {
				rate := rapid.Int64Range(1, left).Draw(t, "rate")
				left -= (rate + 999) / 1000 * 1000
				if left < 0 {
					break
				}
				p := rapid.IntRange(0, scheduler.NumPriorities-1).Draw(t, "level")
				saved := rapid.SampledFrom(savings).Draw(t, "saved")
				id := fmt.Sprintf("a%d", left)
				a := &scheduler.AccountConfig{MaxCharge: saved}
				a.ChargeRate[p] = scheduler.Rate(rate)
				var balance scheduler.Balance
				balance[p] = scheduler.Quota(rate * saved.Milliseconds())
				w.Account(id, a, balance[:]...)
				for i := range (rate + 999) / 1000 {
					asked = append(asked, w.Ask(fmt.Sprintf("%s-%d", id, i), id, 100*time.Hour))
				}
			}
			w.RunFor(2 * time.Hour)
			for _, r := range asked {
				require.LessOrEqual(t, waited(w, r), cmp.Or(owed, 10*time.Minute)+w.Heartbeat)
			}
		})
	})
}

// Every rate, however small, gets its worker time beside others who use the rest.
func TestEveryRateIsHad(t *testing.T) {
	onAll(t, func(t *testing.T, make promises.Maker) {
		rapid.Check(t, func(t *rapid.T) {
			const workers = 2
			rate := float64(rapid.IntRange(10, 900).Draw(t, "rate")) / 1000
			length := rapid.SampledFrom(lengths).Draw(t, "length")
			saved := rapid.SampledFrom(savings).Draw(t, "saved")
			w := newWorld(t, make, newConfig(t), workers)
			w.Heartbeat = max(10*time.Second, length/20)
			w.Account("small", atLevel(0, rate, saved))
			w.Account("rest", atLevel(0, workers-rate, saved))
			w.Always("small", 1, around(length, 1))
			w.Always("rest", 2, around(length, 2))
			span := time.Duration(20 * float64(length) / rate)
			w.RunFor(span)
			had := w.Used("small").Seconds() / span.Seconds()
			t.Logf("length %v, saved %v: had %.4f of %.4f workers", length, saved, had, rate)
			require.GreaterOrEqual(t, had, 0.5*rate)
		})
	})
}
