package benchmarks

import "time"

// These cases are about passes alone, in busy pools that have changed a little, or not at all.

// changeCases returns them; with long, at full size.
func changeCases(long bool, usual, varied []Size) []*Case {
	many, still := usual, varied
	ancient := []Size{{1_000, 500, 20}, {10_000, 5_000, 20}, {100_000, 5_000, 20}}
	if long {
		many = append([]Size{{1_000, 100, 50}}, usual...)
		still = append(still, Size{1_000_000, 10_000, 24})
		ancient = append(ancient, Size{1_000_000, 5_000, 20})
	}
	return []*Case{
		{
			Name: "pass after 100 changes", shape: shape{busy: true}, Sizes: many,
			What: "A pass after 34 arrivals, 33 tasks that were gone and 33 workers that became idle, " +
				"all workers busy otherwise.",
			Reach: 200 * microsecond, Reach99: millisecond, Growth: 1.3,
			prepare: settle, between: hundredChanges, op: pass, naive: 1_000_000,
		},
		tenChanges("pass after 10 changes, tight", tight, ancient),
		tenChanges("pass after 10 changes, plenty", nil, ancient),
		{
			Name: "pass after 10 idle", shape: shape{busy: true}, Sizes: usual,
			What:  "A pass after ten workers became idle, all others busy.",
			Reach: millisecond, prepare: settle, naive: 1_000_000,
			between: func(p *world, round int) { p.step(time.Second); p.free(round, 10) }, op: pass,
		},
		{
			Name: "pass after 10 idle, random", shape: shape{labelling: random, busy: true},
			Sizes: varied,
			What:  "The same in a random pool, where such a pass often places nothing: it counts as work.",
			Reach: millisecond, prepare: settle, naive: 1_000_000,
			between: func(p *world, round int) { p.step(time.Second); p.free(round, 10) },
			op:      func(p *world) int { return 1 + pass(p) },
		},
		{
			Name: "pass, nothing changed", shape: shape{busy: true}, Sizes: usual,
			What:  "A pass in which only the time has changed.",
			Reach: 3 * microsecond, ReachAll: true, prepare: settle, naive: 1_000_000, idle: true,
			between: func(p *world, round int) { p.step(millisecond) }, op: pass,
		},
		{
			Name: "pass, nothing changed, random", shape: shape{labelling: random, busy: true},
			Sizes: still,
			What:  "The same in a random pool.",
			Reach: 3 * microsecond, ReachAll: true, prepare: settle, naive: 1_000_000, idle: true,
			between: func(p *world, round int) { p.step(millisecond) }, op: pass,
		},
	}
}

// tenChanges is a pass after three arrivals, three tasks that are gone and four workers that became
// idle, in a busy pool with labels like those of the ancestor's simulation.
func tenChanges(name string, q quotas, sizes []Size) *Case {
	return &Case{
		Name: name, shape: shape{labelling: ancestral, busy: true, quotas: q}, Sizes: sizes,
		What: "A pass after 3 arrivals, 3 tasks that were gone and 4 workers that became idle, all " +
			"workers busy otherwise. Some such passes place nothing: each counts as work.",
		ReachAt: map[int]time.Duration{
			1_000: 300 * microsecond, 10_000: 300 * microsecond, 100_000: 300 * microsecond,
			1_000_000: 1500 * microsecond,
		},
		Growth: 5, GrowthFrom: 30 * microsecond, prepare: settle, naive: 1_000_000,
		between: func(p *world, round int) {
			p.step(time.Second)
			p.started(p.decided)
			for range 3 {
				must(p.AddRequest(p.request(p.now), p.now, nil, nil))
			}
			for i := range 3 {
				p.end(((round*6+i)*7 + 3) % p.Workers)
			}
			p.free(round, 4)
		},
		op: func(p *world) int {
			p.decided = p.RunOnce(nil)
			return 1 + len(p.decided)
		},
	}
}

// hundredChanges changes a busy pool in all ways.
func hundredChanges(p *world, round int) {
	p.step(time.Second)
	for range 34 {
		must(p.AddRequest(p.request(p.now), p.now, nil, nil))
	}
	for i := range 33 {
		p.end(((round*66+i)*7 + 3) % p.Workers)
	}
	p.free(round, 33)
}
