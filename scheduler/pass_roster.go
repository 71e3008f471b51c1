package scheduler

import (
	"iter"
	"math/bits"
)

// A roster says which accounts a pass has to ask at each level. It is made when the pass begins; of
// accounts that change in the pass, it only says that they do: they are asked at all levels.
type roster struct {
	accounts []*account // those that exist, by id
	words    []rosterWord
}

// A rosterWord is about 64 accounts: bit i is for the i-th of them.
type rosterWord struct {
	contends uint64 // they have something to place
	owns     uint64 // they had runs when the pass began
	unknown  uint64 // their standing is not known: they may be able to do anything

	starts [NumPriorities]uint64 // they may start a run
	moves  [NumPriorities]uint64 // they may demote or promote runs
}

// reset empties the roster for so many accounts, and keeps its memory.
func (r *roster) reset(accounts int) {
	clear(r.accounts)
	r.accounts = r.accounts[:0]
	r.words = append(r.words[:0], make([]rosterWord, (accounts+63)/64)...)
}

// add adds an account, which comes after all that are there by id.
func (r *roster) add(a *account) {
	a.place = uint32(len(r.accounts))
	r.accounts = append(r.accounts, a)
	w, bit := r.at(a)
	st := &a.standing
	if !st.known {
		w.unknown |= bit
	}
	if st.owns || !st.known && a.hasRuns() {
		w.owns |= bit
	}
	for l := st.starts; l != 0; l &= l - 1 {
		w.starts[bits.TrailingZeros8(uint8(l))] |= bit
	}
	for l := st.demotes | st.promotes; l != 0; l &= l - 1 {
		w.moves[bits.TrailingZeros8(uint8(l))] |= bit
	}
}

// at returns where an account is in the roster, with its bit.
func (r *roster) at(a *account) (w *rosterWord, bit uint64) {
	return &r.words[a.place/64], 1 << (a.place % 64)
}

// standingChanges notes that a balance, a run or a setting of an account changes.
func (s *Scheduler) standingChanges(a *account) {
	if !a.standing.known {
		return
	}
	a.standing.known = false
	if r := &s.roster; int(a.place) < len(r.accounts) && r.accounts[a.place] == a {
		w, bit := r.at(a)
		w.unknown |= bit
	}
}

// findAccounts finds the accounts that the pass can concern. An account whose first run starts in
// this pass has nothing to promote or demote yet.
func (p *pass) findAccounts() {
	r := &p.s.roster
	r.reset(p.s.existing.Len())
	for a := range p.s.existing.All() {
		if p.observer.watches(a) {
			a.standing.known = false // the observer has to learn of all comparisons
		} else if !a.standing.known {
			a.standing = p.s.standingOf(a)
		}
		r.add(a)
		if len(a.active) > 0 {
			p.contend(a)
		}
	}
}

// contend notes that an account has something to place, unless it is suspended.
func (p *pass) contend(a *account) {
	if !a.suspended {
		w, bit := p.s.roster.at(a)
		w.contends |= bit
	}
}

// contenders yields the accounts that have something to place, by id.
func (r *roster) contenders() iter.Seq[*account] {
	return r.each(func(w *rosterWord) uint64 { return w.contends })
}

// starters yields those of them that may be able to start a run at a level.
func (r *roster) starters(p Priority) iter.Seq[*account] {
	return r.each(func(w *rosterWord) uint64 { return (w.starts[p] | w.unknown) & w.contends })
}

// movers yields the accounts, by id, that may be able to demote or promote runs at a level.
func (r *roster) movers(p Priority) iter.Seq[*account] {
	return r.each(func(w *rosterWord) uint64 { return (w.moves[p] | w.unknown) & w.owns })
}

// each yields the accounts of a set of each word.
func (r *roster) each(set func(*rosterWord) uint64) iter.Seq[*account] {
	return func(yield func(*account) bool) {
		for i := range r.words {
			for rest := set(&r.words[i]); rest != 0; rest &= rest - 1 {
				if !yield(r.accounts[64*i+bits.TrailingZeros64(rest)]) {
					return
				}
			}
		}
	}
}
