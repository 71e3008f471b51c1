package simulator

import (
	"cmp"
	"math"
	"math/bits"
	"slices"
	"strings"
	"time"

	"github.com/quotasched/quotasched/scheduler"
)

// seriesPointsMax bounds Setup.SeriesPoints, and seriesAccountsMax for how many accounts a run
// keeps a history: those that demand most. Only the few that used most are shown, but it is not
// known before the end which those are.
const (
	seriesPointsMax   = 10_000
	seriesAccountsMax = 500
)

// steps are the durations with which series begin.
var steps = []time.Duration{
	time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 15 * time.Second,
	30 * time.Second, time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute,
	15 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 3 * time.Hour, 6 * time.Hour,
	12 * time.Hour, 24 * time.Hour,
}

// series follows a run over time in steps of equal length. How long the run will be is not known:
// when as many steps as allowed are full, and the run goes on, each two of them become one of
// double length. A step costs O(accounts), and nothing is done for the events in it.
type series struct {
	pointsMax int   // even
	start     int64 // milliseconds
	step      int64 // milliseconds
	points    int
	// These are integrals over each step, in milliseconds; what is not there is 0.
	busy, queue         [numLevels][]int64
	provisioning, alive []int64
	histories           map[scheduler.AccountID]*accountHistory
	groupings           []*grouping // the tally's
	// ended is true when the last point is there. Its step is lastWidth long; but as workers are
	// alive after the end too, they were counted for aliveWidth.
	ended                 bool
	lastWidth, aliveWidth int64
}

// accountHistory is what series keep of an account: integrals over each step, and the balance at
// its end.
type accountHistory struct {
	waiting, busy []int64
	balances      []scheduler.Balance
}

// newSeries returns series with the shortest step with which all submissions fit into the points;
// nil if none were asked for.
func newSeries(setup *Setup, groupings []*grouping) *series {
	if setup.SeriesPoints == 0 {
		return nil
	}
	all := setup.Workload.Submissions
	span := all[len(all)-1].Submit - all[0].Submit - setup.WarmUp
	s := &series{
		pointsMax: setup.SeriesPoints / 2 * 2,
		histories: map[scheduler.AccountID]*accountHistory{},
		groupings: groupings,
	}
	step := steps[0]
	for i := 1; step < span/time.Duration(s.pointsMax); i++ {
		if i < len(steps) {
			step = steps[i]
		} else {
			step *= 2
		}
	}
	s.step = millis(step)
	for _, id := range mostDemanding(setup, seriesAccountsMax) {
		s.histories[id] = &accountHistory{}
	}
	return s
}

// mostDemanding returns the accounts of a policy and a workload, at most n: those that demand most,
// and among equals those whose ids come first.
func mostDemanding(setup *Setup, n int) []scheduler.AccountID {
	demand := map[scheduler.AccountID]float64{}
	for id := range setup.Policy.Accounts { // in any order: they are sorted below
		demand[id] = 0
	}
	for i := range setup.Workload.Submissions {
		s := &setup.Workload.Submissions[i]
		demand[s.Account] += s.Run.Seconds() * float64(s.Size)
	}
	ids := make([]scheduler.AccountID, 0, len(demand))
	for id := range demand { // in any order: they are sorted next
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b scheduler.AccountID) int {
		return cmp.Or(cmp.Compare(demand[b], demand[a]), strings.Compare(string(a), string(b)))
	})
	return ids[:min(n, len(ids))]
}

// stepEnd is when the present step is full, in milliseconds.
func (s *series) stepEnd() int64 { return s.start + int64(s.points+1)*s.step }

// makeRoom doubles the step if there is no room for another point, and says whether it did.
func (s *series) makeRoom() bool {
	if s.points < s.pointsMax {
		return false
	}
	for p := range numLevels {
		s.busy[p] = addPairs(s.busy[p])
		s.queue[p] = addPairs(s.queue[p])
	}
	s.provisioning = addPairs(s.provisioning)
	s.alive = addPairs(s.alive)
	for _, g := range s.groupings {
		g.joinSteps()
	}
	for _, h := range s.histories { // in any order: each by itself
		h.fill(s.points)
		h.waiting = addPairs(h.waiting)
		h.busy = addPairs(h.busy)
		for i := range s.points / 2 {
			h.balances[i] = h.balances[2*i+1]
		}
		h.balances = h.balances[:s.points/2]
	}
	s.points /= 2
	s.step *= 2
	return true
}

// addPairs replaces each two numbers by their sum. There is an even number of them.
func addPairs(list []int64) []int64 {
	for i := range len(list) / 2 {
		list[i] = list[2*i] + list[2*i+1]
	}
	return list[:len(list)/2]
}

// fill adds steps in which nothing happened, up to a number of steps.
func (h *accountHistory) fill(points int) {
	for len(h.waiting) < points {
		h.waiting = append(h.waiting, 0)
		h.busy = append(h.busy, 0)
		h.balances = append(h.balances, scheduler.Balance{})
	}
}

// advance moves the figures on to the instant of the next event: what happens up to then has
// happened. The warm-up ends, and steps become full, before it.
func (e *engine) advance(now time.Duration) {
	t := &e.tally
	if !t.counting && now >= t.startedAt {
		t.count(e.dispatcher.operations)
	}
	if s := t.series; s != nil && t.counting && !s.ended {
		if e.arrived == len(e.setup.Workload.Submissions) && e.requests.len() == 0 {
			e.endSeries(t.lastActive) // no request will wait or run any more
		}
		for !s.ended && s.stepEnd() <= millis(now) {
			if !s.makeRoom() {
				e.addPoint(s.stepEnd())
			}
		}
	}
	t.advance(now)
}

// endSeries ends the last step at an instant after which no request waits or runs.
func (e *engine) endSeries(end time.Duration) {
	s := e.tally.series
	span := millis(end) - s.start
	full, rest := int(span/s.step), span%s.step
	after := s.points > full // steps became full after the end, while others were expected
	if after {
		s.points = full + int(min(rest, 1))
	} else if rest > 0 {
		s.makeRoom()
		e.addPoint(millis(end))
	}
	lastStart := int64(s.points-1) * s.step
	s.lastWidth = span - lastStart
	s.aliveWidth = max(s.lastWidth, e.tally.alive.since-s.start-lastStart)
	if after {
		s.aliveWidth = s.step
	}
	s.ended = true
}

// addPoint ends the present step at an instant, in milliseconds.
func (e *engine) addPoint(now int64) {
	t := &e.tally
	s := t.series
	t.endProvisioning(now)
	s.provisioning = append(s.provisioning, t.provisioning.take(now))
	s.alive = append(s.alive, t.alive.take(now))
	var queue [numLevels]int64
	for _, a := range t.list { // in any order: sums
		waiting, busy := a.waiting.take(now), a.busy.take(now)
		if waiting == 0 && a.history == nil {
			continue
		}
		var balance scheduler.Balance
		if a.known {
			balance, _ = e.pool.Balance(a.id)
		}
		if waiting > 0 {
			queue[a.level(&balance, t.burstCover)] += waiting
		}
		if h := a.history; h != nil {
			h.fill(s.points)
			h.waiting = append(h.waiting, waiting)
			h.busy = append(h.busy, busy)
			h.balances = append(h.balances, balance)
		}
	}
	for p := range numLevels {
		s.busy[p] = append(s.busy[p], t.busy[p].take(now))
		s.queue[p] = append(s.queue[p], queue[p])
	}
	for _, g := range s.groupings {
		g.addPoint(now)
	}
	s.points++
}

// level is the best one at which the account, with this balance, may start another run: where
// balance[p] is more than it needs; else the free bucket.
func (a *accountTally) level(balance *scheduler.Balance, cover time.Duration) scheduler.Priority {
	for p := range scheduler.FreeBucket {
		if b := balance[p]; b > 0 && b > a.need(p, cover) {
			return p
		}
	}
	return scheduler.FreeBucket
}

// need is what the scheduler wants to be left for another run at level p:
// cover × max(0, runs there + 1 - rate there), but less than the cap for a run that the rate covers
// in part.
func (a *accountTally) need(p scheduler.Priority, cover time.Duration) scheduler.Quota {
	beyond := int64(a.runs[p]+1)*1000 - int64(a.config.ChargeRate[p])
	high, low := bits.Mul64(uint64(max(0, beyond)), uint64(cover.Milliseconds()))
	need := scheduler.Quota(math.MaxInt64)
	if high == 0 && low < math.MaxInt64 {
		need = scheduler.Quota(low)
	}
	if 0 < beyond && beyond < 1000 {
		most := scheduler.Quota(int64(a.config.ChargeRate[p]) * a.config.MaxCharge.Milliseconds())
		need = max(0, min(need, most-1))
	}
	return need
}

// burstCover is the setting that is in force: 0 stands for the default, and less for none.
func burstCover(c *scheduler.Config) time.Duration {
	return max(0, cmp.Or(c.BurstCover, scheduler.DefaultBurstCover))
}
