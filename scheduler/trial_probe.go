package scheduler

// A probe watches the comparisons that a pass makes on one account, and notes for each amount by
// how much it would have to grow, at least, for one of them to turn out otherwise. With anything
// less, the pass would be the same.
//
// What an account has at a time of a pass is what it had before, plus what the decisions until then
// gave and took. So a comparison that asks for more by some amount asks for so much more before the
// pass, too. One thing is not watched: where a payment for a preemption is cut off at what the
// account has to spare, more to spare is more for the account of the preempted run.
type probe struct {
	balance Balance        // the least raises at each level; 0 where nothing would change
	fanout  int            // the least limit above the account's; 0 if none would change anything
	limits  map[string]int // the same for each label limit, by key
}

// note takes what would have to be added at a level. Zero and less means that it is there already.
func (b *probe) note(p Priority, more Quota) {
	if more > 0 && (b.balance[p] == 0 || more < b.balance[p]) {
		b.balance[p] = more
	}
}

// above watches whether a balance is above an amount. Amounts that wrap are out of reach.
func (b *probe) above(p Priority, balance Quota, amount int64) {
	b.note(p, Quota(amount-int64(balance)+1))
}

// fullFanout watches a fanout group that is at the limit.
func (b *probe) fullFanout(g *fanoutGroup) {
	if b.fanout == 0 || g.paid+1 < b.fanout {
		b.fanout = g.paid + 1
	}
}

// overLimit watches a worker class that the account's label limits keep it from: it is kept from
// it by the first label that is at its limit.
func (b *probe) overLimit(s *Scheduler, a *account, class *workerClass) {
	for _, id := range class.set.ids {
		label := s.labels.byID[id]
		l := a.limits[label]
		if l == nil || l.runs < l.limit {
			continue
		}
		// Only raising the one key whose limit is the least can change this comparison.
		for key, n := range a.config.PerLabelTaskLimits { // the order is free: the least is kept
			if n != l.limit || !keyHas(key, label.name) {
				continue
			}
			if a.config.limitBeside(key, label.name) > l.runs {
				b.raise(key, l.runs+1)
			}
		}
		return
	}
}

func (b *probe) raise(key string, to int) {
	if b.limits == nil {
		b.limits = map[string]int{}
	}
	if old := b.limits[key]; old == 0 || to < old {
		b.limits[key] = to
	}
}

// limitBeside returns the least limit that a label falls under, that of one key left out.
func (c *AccountConfig) limitBeside(key, label string) int {
	least := maxLimit
	for other, n := range c.PerLabelTaskLimits { // the order is free: the least is the least
		if other != key && n > 0 && keyHas(other, label) {
			least = min(least, n)
		}
	}
	return least
}
