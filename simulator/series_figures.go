package simulator

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/quotasched/quotasched/scheduler"
)

// accountsShown is how many accounts series show.
const accountsShown = 20

// seriesFigures turns what was followed into means over steps, up to the end of the figures; nil if
// nothing was.
func (e *engine) seriesFigures(end time.Duration) *Series {
	t, s := &e.tally, e.tally.series
	if s == nil {
		return nil
	}
	if !s.ended {
		e.endSeries(end)
	}
	f := &Series{
		Start:        e.setup.Workload.Start.Add(t.startedAt).UTC(),
		StepSeconds:  seconds(s.step),
		Provisioning: s.means(s.provisioning, s.lastWidth),
		Alive:        s.means(s.alive, s.aliveWidth),
		Balances:     []BalanceSeries{},
		AccountQueue: []AccountSeries{},
		AccountBusy:  []AccountSeries{},
	}
	for p := range numLevels {
		f.Busy[p] = s.means(s.busy[p], s.lastWidth)
		f.Queue[p] = s.means(s.queue[p], s.lastWidth)
	}
	for _, a := range t.usedMost(accountsShown) {
		a.history.fill(s.points)
		f.AccountQueue = append(f.AccountQueue,
			AccountSeries{Account: a.id, Values: s.means(a.history.waiting, s.lastWidth)})
		f.AccountBusy = append(f.AccountBusy,
			AccountSeries{Account: a.id, Values: s.means(a.history.busy, s.lastWidth)})
		f.Balances = append(f.Balances, a.balanceSeries(s.points)...)
	}
	return f
}

// means turns integrals over steps into means. The last step may be shorter.
func (s *series) means(integrals []int64, lastWidth int64) []float64 {
	list := make([]float64, 0, s.points)
	for i, sum := range integrals[:s.points] {
		width := s.step
		if i == s.points-1 {
			width = lastWidth
		}
		list = append(list, thousandths(float64(sum)/float64(width)))
	}
	return list
}

// balanceSeries are the account's balances at the levels where it earns.
func (a *accountTally) balanceSeries(points int) []BalanceSeries {
	var list []BalanceSeries
	for p := range scheduler.FreeBucket {
		if a.config.ChargeRate[p] == 0 {
			continue
		}
		b := BalanceSeries{Account: a.id, Level: p, Seconds: make([]float64, 0, points)}
		for i := range points {
			units := a.history.balances[i][p]
			b.Seconds = append(b.Seconds, thousandths(float64(units)/quotaPerSecond))
		}
		list = append(list, b)
	}
	return list
}

// quotaPerSecond is what a worker costs in a second.
const quotaPerSecond = 1e6

// usedMost returns the accounts with a history that used most, at most n: most first, and among
// equals in order of id.
func (t *tally) usedMost(n int) []*accountTally {
	var list []*accountTally
	for _, a := range t.list {
		if a.history != nil {
			list = append(list, a)
		}
	}
	slices.SortFunc(list, func(a, b *accountTally) int {
		return cmp.Or(cmp.Compare(sum(b.usedMillis[:]), sum(a.usedMillis[:])),
			strings.Compare(string(a.id), string(b.id)))
	})
	return list[:min(n, len(list))]
}
