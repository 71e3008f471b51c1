package scheduler

// The comparisons of a pass. What is compared is up to pure functions of an account; a pass asks
// them here, so that its observer, if it has one, learns how close each comparison was.

// mayStart reports whether an account may start one more run at the level of the moment.
func (p *pass) mayStart(a *account) bool {
	return p.mayStartAt(a, p.level)
}

// mayStartAt reports whether an account may start one more run at a paid level.
func (p *pass) mayStartAt(a *account, level Priority) bool {
	if a.balance[level] <= 0 && p.observer == nil {
		return false // no need is less
	}
	need := a.need(level, p.s.burstCover)
	p.observer.comparesAbove(a, level, int64(need))
	return a.balance[level] > need
}

// isAbove reports whether an account's balance at the level of the moment is above an amount.
func (p *pass) isAbove(a *account, amount int64) bool {
	p.observer.comparesAbove(a, p.level, amount)
	return int64(a.balance[p.level]) > amount
}

// isBelow reports whether an account's balance at the level of the moment is below an amount.
func (p *pass) isBelow(a *account, amount Quota) bool {
	p.observer.comparesBelow(a, p.level, amount)
	return a.balance[p.level] < amount
}

// admits reports whether the label limits of an account admit one more run on a worker class.
func (p *pass) admits(a *account, class *workerClass) bool {
	admitted := p.s.admits(a, class)
	p.observer.comparesLimits(a, class, admitted)
	return admitted
}

// isFull reports whether a lane's account has reached its fanout limit for the lane's labels.
func (p *pass) isFull(l *lane) bool {
	full := l.isFull()
	p.observer.comparesFanout(l, full)
	return full
}

// isLimited reports whether the lane's requests count as free in this pass: their account's fanout
// limit is reached, or was at some time of the pass.
func (p *pass) isLimited(l *lane) bool {
	return l.group != nil && (l.group.reached == p.id || p.isFull(l))
}
