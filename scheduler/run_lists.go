package scheduler

import (
	"iter"
	"math/bits"

	"github.com/quotasched/quotasched/internal/orderedlist"
)

// A bin says in which list of a level a run is, so that runs which are protected need not be walked
// to find those that are not. A held run is in binHeld. Any other one moves, as its work at stake
// grows, from bin 1 on to the next with each limit of Config.MaxLostWork that it exceeds, and to
// binSafe when it is protected from requests at every level.
type bin uint8

const (
	binHeld bin = 0
	binSafe bin = numBins - 1
	numBins     = NumPriorities + 2
)

// runLists are runs at one level, cheapest first within each bin. A nil *runLists is empty.
type runLists struct {
	n    int32
	used uint8 // the bins with runs: bit b for b
	bins [numBins]orderedlist.List[*run]
}

// len returns the number of runs.
func (l *runLists) len() int {
	if l == nil {
		return 0
	}
	return int(l.n)
}

// all yields the runs, bin by bin.
func (l *runLists) all() iter.Seq[*run] {
	return func(yield func(*run) bool) {
		if l == nil {
			return
		}
		for b := range l.bins {
			for r := range l.bins[b].All() {
				if !yield(r) {
					return
				}
			}
		}
	}
}

// insert adds a run to its bin, in lists that are made when there are none.
func (l *runLists) insert(r *run) *runLists {
	if l == nil {
		l = &runLists{}
	}
	l.bins[r.bin].Insert(r)
	l.used |= 1 << r.bin
	l.n++
	return l
}

// remove takes a run out; of the lists, nil is left if they are empty.
func (l *runLists) remove(r *run) *runLists {
	if l.bins[r.bin].Remove(r); l.bins[r.bin].Len() == 0 {
		l.used &^= 1 << r.bin
	}
	if l.n--; l.n == 0 {
		return nil
	}
	return l
}

// cheapest returns the cheapest run of the bins up to last that is dearer than after, or of all if
// that is nil; nil if there is none.
func (l *runLists) cheapest(last bin, now int64, after *costKey) (best *run) {
	if l == nil {
		return nil
	}
	var least costKey
	for used := l.used & (1<<(last+1) - 1); used > 0; used &= used - 1 {
		r := firstAfter(&l.bins[bits.TrailingZeros8(used)], now, after)
		if r == nil {
			continue
		}
		if key := r.keyAt(now); best == nil || key.Before(&least) {
			best, least = r, key
		}
	}
	return best
}

// firstAfter returns the cheapest run of a list, which is not empty, that is dearer than after, or
// of all if that is nil; nil if there is none.
func firstAfter(list *orderedlist.List[*run], now int64, after *costKey) *run {
	if after == nil {
		return list.First()
	}
	r, ok := list.Search(func(r *run) bool {
		key := r.keyAt(now)
		return after.Before(&key)
	})
	if !ok {
		return nil
	}
	return r
}

// rank counts the runs of the bins up to last that are cheaper than a key.
func (l *runLists) rank(last bin, now int64, of costKey) (n int) {
	if l == nil {
		return 0
	}
	for b := range l.bins[:last+1] {
		n += l.bins[b].Rank(func(r *run) bool {
			key := r.keyAt(now)
			return !key.Before(&of)
		})
	}
	return n
}

// file puts a run into the lists of its account and worker class, where requests may take its
// worker as of a run that has just come.
func (s *Scheduler) file(r *run) {
	s.fileQuietly(r)
	if !r.worker.cordoned {
		s.noteVictim(r)
	}
}

// fileQuietly puts a run into its lists, where nobody can take its worker who could not before.
func (s *Scheduler) fileQuietly(r *run) {
	var until int64
	r.bin, until = s.protection(r)
	r.key = listKeyOf(r)
	a := r.account()
	a.runs[r.level] = a.runs[r.level].insert(r)
	if !r.worker.cordoned {
		s.index.insertRun(r)
	}
	s.watchRun(r, until)
}

// unfile takes a run out of them.
func (s *Scheduler) unfile(r *run) {
	a := r.account()
	a.runs[r.level] = a.runs[r.level].remove(r)
	if !r.worker.cordoned {
		s.index.removeRun(r)
	}
}

// refile makes a change to what the place of a run in its lists depends on.
func (s *Scheduler) refile(r *run, change func()) {
	s.unfile(r)
	change()
	s.file(r)
}

// refileQuietly does so for a change that lets nobody take the worker who could not before.
func (s *Scheduler) refileQuietly(r *run, change func()) {
	s.unfile(r)
	change()
	s.fileQuietly(r)
}
