package scheduler

import (
	"strconv"
	"strings"

	"github.com/quotasched/quotasched/protos"
)

// freeWorkersMax is how many workers a suggestion lists.
const freeWorkersMax = 5

// freeWorkers searches the workers any one of which would have to be free. Those whose tasks have
// cost least are tried first.
func (f *search) freeWorkers() {
	var found []string
	var start *begun
	heads := f.s.busyByCost(f.r.lane.need)
	for heads.len() > 0 && len(found) < freeWorkersMax {
		w := heads.next().worker
		t := f.try(nil, func(t *trial) { t.freeWorker(w) })
		if t == nil {
			break
		}
		if t.start == nil {
			continue
		}
		if start == nil {
			start = t.start
		}
		found = append(found, string(w.id))
	}
	if len(found) == 0 {
		return
	}
	message := "worker " + found[0] + " free"
	if len(found) > 1 {
		message = "any one of " + strings.Join(found, ", ") + " free"
	}
	f.add(start, &protos.Change{Kind: &protos.Change_FreeWorker{
		FreeWorker: &protos.FreeWorkerChange{WorkerIds: found},
	}}, "%s", message)
}

// A costQueue gives runs on the kinds of a need, cheapest first.
type costQueue struct {
	heap[costHead]
	now int64
}

// A costHead is the cheapest run of a kind at one level that was not given yet.
type costHead struct {
	key costKey
	run *run
}

func costBefore(a, b costHead) bool { return a.key.before(&b.key) }

func (s *Scheduler) busyByCost(n *need) *costQueue {
	q := &costQueue{now: s.now.millis()}
	s.index.eachKind(n, nil, func(k *kind) bool {
		for p := range k.runs {
			if k.runs[p].len() > 0 {
				r := k.runs[p].first()
				q.items = append(q.items, costHead{r.keyAt(q.now), r})
			}
		}
		return true
	})
	q.init(costBefore)
	return q
}

// next returns the cheapest run; there must be one.
func (q *costQueue) next() *run {
	r := q.items[0].run
	next, ok := r.worker.kind.runs[r.level].search(func(o *run) bool { return r.before(o) })
	if !ok {
		q.pop(costBefore)
		return r
	}
	q.items[0] = costHead{next.keyAt(q.now), next}
	q.fixTop(costBefore)
	return r
}

// moreWorkersStepwise is the number of new workers up to which each number is tried. Above it the
// number is doubled until it suffices, and then halved in on; what is found so suffices, and one
// less does not, but whether far fewer would is not known.
const moreWorkersStepwise = 32

// moreWorkers searches how many new workers it takes.
func (f *search) moreWorkers() {
	n := f.r.lane.need
	try := func(count int) *trial {
		return f.try(nil, func(t *trial) { t.addWorkers(n, count) })
	}
	few := 0 // so many do not suffice
	for count := 1; ; count = nextCount(count) {
		t := try(count)
		switch {
		case t == nil:
			return
		case t.start != nil:
			f.addMoreWorkers(t, few, count, try)
			return
		case t.spare:
			return // a new worker is left over, and so would all further ones be
		}
		few = count
	}
}

func nextCount(count int) int {
	if count < moreWorkersStepwise {
		return count + 1
	}
	return 2 * count
}

// addMoreWorkers adds the suggestion, once the number above few that suffices is found.
func (f *search) addMoreWorkers(t *trial, few, enough int, try func(int) *trial) {
	for enough-few > 1 {
		mid := few + (enough-few)/2
		u := try(mid)
		if u == nil {
			return
		}
		if u.start != nil {
			t, enough = u, mid
		} else {
			few = mid
		}
	}
	labels := f.s.labelsOf(f.r.lane.need)
	message := "1 more idle worker with " + listed(labels)
	if enough > 1 {
		message = strconv.Itoa(enough) + " more idle workers with " + listed(labels)
	}
	f.add(t.start, &protos.Change{Kind: &protos.Change_MoreWorkers{
		MoreWorkers: &protos.MoreWorkersChange{Count: int64(enough), Labels: labels},
	}}, "%s", message)
}

// labelsOf returns all labels of a need, sorted.
func (s *Scheduler) labelsOf(n *need) []string {
	return sortedSet(append(s.labels.names(n.base), s.labels.names(n.prov)...))
}

// listed returns labels for people.
func listed(labels []string) string {
	if len(labels) == 0 {
		return "no labels"
	}
	return strings.Join(labels, ", ")
}
