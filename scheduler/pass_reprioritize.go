package scheduler

// reprioritize is step 3: for each account, demotion out of this level or promotion into it.
func (p *pass) reprioritize() {
	for _, a := range p.owners {
		switch beyond := a.beyondRate(p.level); {
		case beyond > 0 && p.isBelow(a, p.s.demoteBelow):
			p.demote(a, ceilWorkers(beyond))
		case beyond < 0 && p.isAbove(a, int64(p.s.promoteAbove)):
			p.promote(a, ceilWorkers(-beyond))
		}
	}
}

func ceilWorkers(milliWorkers int64) int { return int((milliWorkers + 999) / 1000) }

// demote moves the n cheapest runs at this level one level down.
func (p *pass) demote(a *account, n int) {
	for i := 0; i < n && !p.ended; i++ {
		p.move(a.runs[p.level].First(), p.level+1)
	}
}

// promote moves the n dearest runs at any worse level to this one, passing over free runs that the
// fanout limit keeps out.
func (p *pass) promote(a *account, n int) {
	if a.runsBelow(p.level) == 0 {
		return
	}
	now := p.s.now.millis()
	var dearest [numLevels]*run // of each worse level; nil if there is none left
	for q := p.level + 1; q < numLevels; q++ {
		if a.runs[q].Len() > 0 {
			dearest[q] = a.runs[q].Last()
		}
	}
	for i := 0; i < n && !p.ended; i++ {
		dearest[FreeBucket] = p.passOver(a, dearest[FreeBucket])
		var best *run
		for q := p.level + 1; q < numLevels; q++ {
			if r := dearest[q]; r != nil && (best == nil || dearer(r, best, now)) {
				best = r
			}
		}
		if best == nil {
			return
		}
		q := best.level
		dearest[q] = nil
		if prev, ok := a.runs[q].Previous(best); ok {
			dearest[q] = prev
		}
		p.move(best, p.level)
		p.cameTo(best)
	}
}

// passOver returns the dearest free run from r down that the fanout limit lets become a paid one.
func (p *pass) passOver(a *account, r *run) *run {
	for r != nil {
		if !p.isFull(r.req.lane) {
			return r
		}
		prev, ok := a.runs[FreeBucket].Previous(r)
		if !ok {
			return nil
		}
		r = prev
	}
	return nil
}

func dearer(a, b *run, now int64) bool {
	ka, kb := a.keyAt(now), b.keyAt(now)
	return kb.Before(&ka)
}

// move brings a run to another level.
func (p *pass) move(r *run, to Priority) {
	from := r.level
	p.noteFanout(r)
	p.s.setLevel(r, to)
	if p.sink != nil {
		p.sink.AddEvent(p.s.reprioritizedEvent(r, from))
	}
	p.observer.moves()
}
