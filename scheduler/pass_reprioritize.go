package scheduler

// reprioritize is step 3: for each account, demotion out of this level or promotion into it.
func (p *pass) reprioritize() {
	for _, a := range p.owners {
		switch beyond := a.beyondRate(p.level); {
		case beyond > 0 && p.isBelow(a, p.s.demoteBelow):
			p.demote(a, ceilWorkers(beyond))
		case beyond < 0 && p.isAbove(a, int64(min(p.s.promoteAbove, a.caps[p.level]-1))):
			p.promote(a, ceilWorkers(-beyond))
		}
	}
}

func ceilWorkers(milliWorkers int64) int { return int((milliWorkers + 999) / 1000) }

// demote moves the n cheapest runs at this level that are not safe, each to the best worse level at
// which the account may start a run by then, else to the free bucket.
func (p *pass) demote(a *account, n int) {
	now := p.s.now.millis()
	for i := 0; i < n && !p.ended; i++ {
		r := a.runs[p.level].cheapest(binSafe-1, now, nil)
		if r == nil {
			return
		}
		p.move(r, p.levelBelow(a))
	}
}

// levelBelow returns the best level worse than this one at which an account may start a run.
func (p *pass) levelBelow(a *account) Priority {
	q := p.level + 1
	for q < FreeBucket && !p.mayStartAt(a, q) {
		q++
	}
	return q
}

// promote moves the n dearest runs at any worse level to this one, passing over free runs that the
// fanout limit keeps out.
func (p *pass) promote(a *account, n int) {
	if a.runsBelow(p.level) == 0 {
		return
	}
	now := p.s.now.millis()
	var dearest [numLevels][numBins]*run // of each list at a worse level; nil if none is left
	for q := p.level + 1; q < numLevels; q++ {
		if a.runs[q] == nil {
			continue
		}
		for b := range a.runs[q].bins {
			if list := &a.runs[q].bins[b]; list.Len() > 0 {
				dearest[q][b] = list.Last()
			}
		}
	}
	for i := 0; i < n && !p.ended; i++ {
		for b, r := range dearest[FreeBucket] {
			dearest[FreeBucket][b] = p.passOver(a, r)
		}
		var best *run
		for q := p.level + 1; q < numLevels; q++ {
			for _, r := range dearest[q] {
				if r != nil && (best == nil || dearer(r, best, now)) {
					best = r
				}
			}
		}
		if best == nil {
			return
		}
		dearest[best.level][best.bin] = previousTo(a, best)
		p.move(best, p.level)
		p.noteFanout(best)
	}
}

// previousTo returns the next cheaper run of the same list; nil if there is none.
func previousTo(a *account, r *run) *run {
	if prev, ok := a.runs[r.level].bins[r.bin].Previous(r); ok {
		return prev
	}
	return nil
}

// passOver returns the dearest free run from r down, in its list, that the fanout limit lets become
// a paid one.
func (p *pass) passOver(a *account, r *run) *run {
	for r != nil && p.isFull(r.req.lane) {
		r = previousTo(a, r)
	}
	return r
}

func dearer(a, b *run, now int64) bool {
	ka, kb := a.keyAt(now), b.keyAt(now)
	return kb.Before(&ka)
}

// move brings a run to another level.
func (p *pass) move(r *run, to Priority) {
	from := r.level
	p.moved = true
	p.noteFanout(r)
	p.s.setLevel(r, to)
	if p.sink != nil {
		p.sink.AddEvent(p.s.reprioritizedEvent(r, from))
	}
	p.observer.moves()
}
