package benchmarks

import "time"

// These cases are about what it costs to tell a pool something, and about the first pass after it:
// what an arrival leaves undone, that pass has to do.

// newsCases returns them; with long, at full size.
func newsCases(long bool) []*Case {
	waiting := []Size{{1_000, 1_000, 24}, {10_000, 1_000, 24}, {100_000, 1_000, 24}}
	if long {
		waiting = append(waiting, Size{1_000_000, 1_000, 24})
	}
	return []*Case{
		arrival("AddRequest, random", shape{labelling: random, busy: true},
			sizes(24, 1_000, 10_000, 100_000), 2500*time.Nanosecond),
		arrival("AddRequest, shaped", shape{busy: true},
			sizes(50, 1_000, 10_000, 100_000), 1500*time.Nanosecond),
		newLabelSet(waiting), tenNewLabelSets(waiting),
		firstPassWithArrivals("arrivals and first pass, random", random, 25*millisecond),
		firstPassWithArrivals("arrivals and first pass, 50 label sets", fifty, 20*millisecond),
	}
}

// arrival is one more request. Those of the round before have gone.
func arrival(name string, sh shape, sizes []Size, reach time.Duration) *Case {
	const batch = 1000
	return &Case{
		Name: name, shape: sh, Sizes: sizes, CPU: true, per: batch, naive: 100_000,
		What:  "A request arrives; one of a thousand, in a busy pool.",
		Reach: reach, ReachAllocs: 4, prepare: settle, rounds: 50,
		between: func(p *world, _ int) { p.step(millisecond); p.submit(batch) },
		op:      (*world).enqueue,
	}
}

// newLabelSet is one more worker, whose labels together no other one has. Those of the round before
// have gone.
func newLabelSet(sizes []Size) *Case {
	const batch = 100
	return &Case{
		Name: "MarkIdle, new label set", shape: shape{labelling: random, busy: true},
		Sizes: sizes, CPU: true, per: batch, naive: 1_000_000,
		What:  "A worker with a label set of its own is idle; one of a hundred, in a busy random pool.",
		Reach: 10 * microsecond, ReachAll: true, Growth: 1.3, prepare: settle, rounds: 50,
		between: func(p *world, _ int) {
			p.step(millisecond)
			p.recruit(batch)
			p.started(p.RunOnce(nil))
		},
		op: (*world).enlist,
	}
}

// tenNewLabelSets is ten such workers, and what the pass after them has to do.
func tenNewLabelSets(sizes []Size) *Case {
	const batch = 10
	return &Case{
		Name: "ten new label sets and a pass", shape: shape{labelling: random, busy: true},
		Sizes: sizes, CPU: true, per: batch, naive: 1_000_000,
		What: "Ten workers with label sets of their own are idle, and a pass; time for each worker.",
		ReachAt: map[int]time.Duration{
			1_000: 40 * microsecond, 10_000: 40 * microsecond, 100_000: 40 * microsecond,
			1_000_000: 150 * microsecond,
		},
		prepare: settle,
		between: func(p *world, _ int) {
			p.step(millisecond)
			p.recruit(batch)
			p.started(p.RunOnce(nil))
		},
		op: func(p *world) int { return p.enlist() + pass(p) },
	}
}

// firstPassWithArrivals is the beginning of a pool: all workers, all requests, and the first pass.
func firstPassWithArrivals(name string, l labelling, reach time.Duration) *Case {
	return &Case{
		Name: name, shape: shape{labelling: l}, CPU: true, fresh: true, empty: true, rounds: 5,
		What:  "All workers and all requests arrive, and the first pass.",
		Sizes: sizes(24, 1_000, 10_000), Reach: reach, naive: 100_000,
		prepare: func(p *world) {
			p.addAccounts()
			p.drawAll()
		},
		op: func(p *world) int {
			p.enlist()
			p.enqueue()
			return pass(p)
		},
	}
}
