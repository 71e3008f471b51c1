package tuning

import (
	"context"
	"math"
	"time"

	"github.com/quotasched/quotasched/history"
	"github.com/quotasched/quotasched/plan"
	"github.com/quotasched/quotasched/replay"
	"github.com/quotasched/quotasched/simulator"
	"github.com/quotasched/quotasched/simulator/experiment"
	"github.com/quotasched/quotasched/simulator/recorded"
	"github.com/quotasched/quotasched/simulator/tune"
)

// journalWorld tries policies out on a journal: requests come, and tasks run for as long, as they
// did. The first half is searched, the second half has the verdict.
type journalWorld struct {
	// halves are the recorded pool at the beginning and in the middle.
	halves [2]*recorded.Pool
	// settings are the recorded ones of each half.
	settings [2]plan.Settings
	middle   time.Time
}

// JournalWorld returns a journal as a world in which policies are tried out, as plans are made.
// Read reads the journal with a snapshot at a point, and is called twice: once to find its middle.
func JournalWorld(read func(replay.Point) (*recorded.Pool, error)) (*experiment.World, error) {
	w := &journalWorld{}
	var err error
	if w.halves[0], err = read(replay.Point{}); err != nil {
		return nil, err
	}
	h := w.halves[0].History
	span := h.End.Sub(h.Begin)
	if span <= 0 {
		return nil, plan.ErrNothing
	}
	w.middle = h.Begin.Add(span / 2)
	if w.halves[1], err = read(replay.Point{Time: w.middle}); err != nil {
		return nil, err
	}
	for i, half := range w.halves {
		if w.settings[i], err = half.RecordedSettings(); err != nil {
			return nil, err
		}
	}
	return w.world(), nil
}

// world returns it as a tuning takes it.
func (w *journalWorld) world() *experiment.World {
	return &experiment.World{
		Accounts: w.halves[0].Accounts(),
		Cases: func(part tune.Part) int {
			if part.Use == tune.Searched || part.Use == tune.HeldOut {
				return 1
			}
			return 0
		},
		Measure: w.measure,
	}
}

// measure makes a plan under a policy, and returns what it comes to.
func (w *journalWorld) measure(ctx context.Context, p *experiment.PolicyFile, part tune.Part,
	_ int) (*simulator.Figures, float64, error) {
	half := 0
	begin, end := w.halves[0].History.Begin, w.middle
	if part.Use == tune.HeldOut {
		half, begin, end = 1, w.middle, w.halves[0].History.End
	}
	length := time.Duration(part.Share * float64(end.Sub(begin)))
	r := w.halves[half]
	past := *r.History
	past.End = begin.Add(length)
	config, balances := p.Settings(r.Accounts(), len(past.Workers))
	settings := plan.Settings{Name: "the tuned policy", Config: config, Balances: balances}
	made, err := plan.Make(ctx, &plan.Input{Snapshot: r.Snapshot, History: &past,
		Steps: r.Steps, Old: w.settings[half], New: settings})
	if err != nil {
		return nil, 0, err
	}
	whole := w.halves[0].History.End.Sub(w.halves[0].History.Begin)
	return planFigures(made, &past), float64(whole) / float64(length), nil
}

// planFigures returns what became of the accounts under the new settings of a plan. A request that
// waits at the end counts with its wait until then.
func planFigures(p *plan.Plan, h *history.History) *simulator.Figures {
	f := &simulator.Figures{All: planAccount(&p.All)}
	f.Pool.Workers = len(h.Workers)
	f.Pool.UtilisationUseful, f.Fairness.JainServed = math.NaN(), math.NaN()
	for i := range p.Accounts {
		f.Accounts = append(f.Accounts, planAccount(&p.Accounts[i]))
	}
	return f
}

func planAccount(c *plan.Change) simulator.AccountFigures {
	n := &c.New
	return simulator.AccountFigures{
		Account:   c.Account,
		Requests:  n.Requests,
		Completed: n.Completed,
		Wait: simulator.Distribution{Count: n.Requests, MeanSeconds: n.WaitMeanSeconds,
			P50Seconds: n.WaitP50Seconds, P95Seconds: n.WaitP95Seconds,
			P99Seconds: math.NaN(), MaxSeconds: n.WaitMaxSeconds},
		UsedSeconds: n.PaidSeconds + n.FreeSeconds,
		LostSeconds: n.LostSeconds,
		Preempted:   n.PreemptionsSuffered,
	}
}
