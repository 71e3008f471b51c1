package simulator

import (
	"maps"
	"slices"
)

// importanceTally counts what happens to the requests of one importance that count.
type importanceTally struct {
	completed, preempted int
	waits, firstWaits    samples // milliseconds
	lostMillis           int64
}

// newImportances returns a tally for each importance of a workload; nil if no submission has one.
func newImportances(w *Workload) map[string]*importanceTally {
	all := map[string]*importanceTally{}
	for i := range w.Submissions {
		name := w.Submissions[i].Importance
		if all[name] == nil {
			all[name] = &importanceTally{}
		}
	}
	if len(all) == 1 && all[""] != nil {
		return nil
	}
	return all
}

// importance returns the tally of a request's importance; nil if it has none, or does not count.
func (t *tally) importance(r *request) *importanceTally {
	if t.importances == nil || !t.counts(int(r.submission)) {
		return nil
	}
	return t.importances[t.workload.Submissions[r.submission].Importance]
}

// importanceFigures sums up each importance of the first submissions, up to arrived of them.
func (t *tally) importanceFigures(arrived int) []ImportanceFigures {
	if t.importances == nil {
		return nil
	}
	known := t.workload.RealPreemptionsKnown
	sums := map[string]*ImportanceFigures{}
	realWaits := map[string][]int64{}
	for i := t.firstCounted; i < arrived; i++ {
		s := &t.workload.Submissions[i]
		f := sums[s.Importance]
		if f == nil {
			f = &ImportanceFigures{Importance: s.Importance}
			if known {
				f.RealPreempted = new(int)
			}
			sums[s.Importance] = f
		}
		f.Submissions++
		f.Requests += s.Size
		if t.impossible(i) {
			f.Impossible += s.Size
		}
		if known {
			*f.RealPreempted += s.RealPreemptions
		}
		if s.RealWait >= 0 {
			realWaits[s.Importance] = append(realWaits[s.Importance], millis(s.RealWait))
		}
	}
	var list []ImportanceFigures
	for _, name := range slices.Sorted(maps.Keys(sums)) {
		f, i := sums[name], t.importances[name]
		f.Completed = i.completed
		f.Wait = distribution(i.waits.list())
		f.FirstWait = distribution(i.firstWaits.list())
		f.Preempted = i.preempted
		f.RealWait = distribution(realWaits[name])
		f.LostSeconds = seconds(i.lostMillis)
		list = append(list, *f)
	}
	return list
}
