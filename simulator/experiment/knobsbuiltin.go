package experiment

import (
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
	var knobs []*tunable
	add := func(k tune.Knob, path ...string) {
		path = append([]string{"policies", p.Name}, path...)
		k.Name, k.Log = field.Path(path), true
		if !(k.From < k.To) {
			return
		}
		knobs = append(knobs, &tunable{Knob: k, path: path})
	}
	account := func(a *Account, rates *Levels, ratesPath []string, path ...string) {
		for i, rate := range rates.list() {
			if rate > 0 {
				add(tune.Knob{From: rate / 4, To: rate * 4, Start: rate},
					append(slices.Clone(ratesPath), string(levels[i]))...)
			}
		}
		if a == nil {
			return
		}
		if a.Rates != (Levels{}) || rates != &a.Rates {
			start := a.MaxCharge.Seconds()
			add(tune.Knob{From: min(600, start), To: max(24*3600, start), Seconds: true,
				Start: start}, append(slices.Clone(path), "max_charge")...)
		}
		if d := a.SafeAfter; d != nil && *d > 0 {
			add(tune.Knob{From: min(10, d.Seconds()), To: max(4*3600, d.Seconds()), Seconds: true,
				Start: d.Seconds()}, append(slices.Clone(path), "safe_after")...)
		}
		for _, key := range slices.Sorted(maps.Keys(a.LabelLimits)) {
			if n := float64(a.LabelLimits[key]); n > 0 {
				add(tune.Knob{From: 1, To: 4 * n, Whole: true, Start: n},
					append(slices.Clone(path), "label_limits", key)...)
			}
		}
		if n := float64(a.MaxFanout); n > 0 {
			add(tune.Knob{From: 1, To: 4 * n, Whole: true, Start: n},
				append(slices.Clone(path), "max_fanout")...)
		}
	}
	for _, id := range sortedIDs(p.Accounts) {
		a := p.Accounts[id]
		path := []string{"accounts", string(id)}
		account(a, &a.Rates, append(slices.Clone(path), "rates"), path...)
	}
	for i := range p.Groups {
		g := &p.Groups[i]
		path := []string{"groups", strconv.Itoa(i)}
		rates, name := g.Share, "share"
		if rates == nil {
			rates, name = &g.Each.Rates, "each"
		}
		ratesPath := append(slices.Clone(path), name)
		if name == "each" {
			ratesPath = append(ratesPath, "rates")
		}
		account(g.Each, rates, ratesPath, append(path, "each")...)
	}
	if p.Builtin == Fair {
		start := p.MaxCharge.Seconds()
		if start == 0 {
			start = defaultMaxCharge.Seconds()
		}
		add(tune.Knob{From: 600, To: max(7*24*3600, start), Seconds: true, Start: start},
			"max_charge")
	}
	add(tune.Knob{From: 10, To: 4 * 3600, Seconds: true, Start: sameLostWork(p)}, "scheduler",
		"max_lost_work")
	cover := math.NaN()
	if c := p.Scheduler.BurstCover; c != nil {
		cover = c.Seconds()
	}
	add(tune.Knob{From: 10, To: 4 * 3600, Seconds: true, Start: cover}, "scheduler", "burst_cover")
	return knobs
}

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
