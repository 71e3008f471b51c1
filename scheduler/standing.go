package scheduler

// A standing says what an account may do as its balances and runs stand, level by level. Most
// accounts stand as they did in the last pass, so it is kept until a balance, a run or a setting
// changes.
type standing struct {
	known    bool     // nothing has changed since it was worked out
	owns     bool     // the account has runs
	starts   levelSet // it may start one more run
	demotes  levelSet // it runs more than its rate, with a balance below the threshold
	promotes levelSet // it runs less than its rate, with a high balance and runs at worse levels
	full     levelSet // it runs less than its rate, with a full bucket
}

// A levelSet is a set of paid levels: bit p for p.
type levelSet uint8

func (l levelSet) has(p Priority) bool { return l>>p&1 != 0 }

func (l *levelSet) set(p Priority, has bool) {
	if has {
		*l |= 1 << p
	}
}

// standingOf works out how an account that exists stands.
func (s *Scheduler) standingOf(a *account) standing {
	st := standing{known: true}
	below := a.running[FreeBucket]
	for p := FreeBucket - 1; p >= 0; p-- {
		b, beyond := a.balance[p], a.beyondRate(p)
		if b > 0 { // no need is less
			st.starts.set(p, b > a.need(p, s.burstCover))
		}
		switch {
		case beyond > 0:
			st.demotes.set(p, b < s.demoteBelow)
		case beyond < 0:
			top := a.caps[p] - 1
			st.promotes.set(p, below > 0 && b > min(s.promoteAbove, top))
			st.full.set(p, b > top)
		}
		below += a.running[p]
	}
	st.owns = below > 0
	return st
}
