package experiment

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strconv"

	"github.com/quotasched/quotasched/internal/field"
	"github.com/quotasched/quotasched/simulator/tune"
)

// builtinKnobs are the knobs of a policy for which the file names none: rates from a quarter to
// four times what they are, caps, limits of tasks, protection, lost work and the cover of bursts.
func builtinKnobs(p *Policy) []*tunable {
	k := &knobList{policy: p.Name}
	for _, id := range sortedIDs(p.Accounts) {
		a := p.Accounts[id]
		path := []string{"accounts", string(id)}
		k.rates(&a.Rates, beneath(path, "rates")...)
		k.account(a, a.Rates != Levels{}, path)
	}
	for i := range p.Groups {
		g := &p.Groups[i]
		path := []string{"groups", strconv.Itoa(i)}
		if g.Share != nil {
			k.rates(g.Share, beneath(path, "share")...)
		} else {
			k.rates(&g.Each.Rates, beneath(path, "each", "rates")...)
		}
		if g.Each != nil {
			k.account(g.Each, g.Share != nil || g.Each.Rates != Levels{}, beneath(path, "each"))
		}
	}
	if p.Builtin == Fair {
		start := cmp.Or(p.MaxCharge, defaultMaxCharge).Seconds()
		k.add(tune.Knob{From: 600, To: max(7*24*3600, start), Seconds: true, Start: start},
			"max_charge")
	}
	k.add(tune.Knob{From: 10, To: 4 * 3600, Seconds: true, Start: sameLostWork(p)}, "scheduler",
		"max_lost_work")
	cover := math.NaN()
	if c := p.Scheduler.BurstCover; c != nil {
		cover = c.Seconds()
	}
	k.add(tune.Knob{From: 10, To: 4 * 3600, Seconds: true, Start: cover}, "scheduler", "burst_cover")
	return k.list
}

// knobList gathers the knobs of a policy.
type knobList struct {
	policy string
	list   []*tunable
}

// add adds a logarithmic knob for a field of the policy, unless its range is empty.
func (l *knobList) add(k tune.Knob, path ...string) {
	path = beneath([]string{"policies", l.policy}, path...)
	k.Name, k.Log = field.Path(path), true
	if k.From < k.To {
		l.list = append(l.list, &tunable{Knob: k, path: path})
	}
}

// rates adds a knob for each level that has a rate.
func (l *knobList) rates(rates *Levels, path ...string) {
	for i, rate := range rates.list() {
		if rate > 0 {
			l.add(tune.Knob{From: rate / 4, To: rate * 4, Start: rate},
				beneath(path, string(levels[i]))...)
		}
	}
}

// account adds knobs for what an account has beside rates.
func (l *knobList) account(a *Account, hasRates bool, path []string) {
	if hasRates {
		start := a.MaxCharge.Seconds()
		l.add(tune.Knob{From: min(600, start), To: max(24*3600, start), Seconds: true, Start: start},
			beneath(path, "max_charge")...)
	}
	if a.SafeAfter != nil && *a.SafeAfter > 0 {
		start := a.SafeAfter.Seconds()
		l.add(tune.Knob{From: min(10, start), To: max(4*3600, start), Seconds: true, Start: start},
			beneath(path, "safe_after")...)
	}
	limit := func(now int, path ...string) {
		l.add(tune.Knob{From: 1, To: 4 * float64(now), Whole: true, Start: float64(now)}, path...)
	}
	limit(a.MaxFanout, beneath(path, "max_fanout")...)
	for _, key := range slices.Sorted(maps.Keys(a.LabelLimits)) {
		limit(a.LabelLimits[key], beneath(path, "label_limits", key)...)
	}
}

// beneath returns a path that goes on from another one.
func beneath(path []string, more ...string) []string { return append(slices.Clone(path), more...) }

// sameLostWork returns the limit of lost work in seconds, if all levels have the same one.
func sameLostWork(p *Policy) float64 {
	list := p.Scheduler.MaxLostWork.Levels.list()
	for _, d := range list {
		if d != list[0] || d < 0 {
			return math.NaN()
		}
	}
	return list[0].Seconds()
}
