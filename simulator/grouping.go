package simulator

import (
	"cmp"
	"fmt"
	"math/bits"
	"slices"
	"strings"

	"github.com/quotasched/quotasched/internal/words"
)

// groupsMax bounds the groups of one grouping.
const groupsMax = 1000

// grouping sorts requests into groups, by what they ask for: by the value of a label, or by the
// size of their submission.
type grouping struct {
	by           string // the key of the label; empty for sizes
	groups       []*groupTally
	ofSubmission []int32
	// ofWorker has the group of each worker, by the labels that it has at the start; nil for sizes.
	ofWorker []int32
}

// groupTally counts what happens to the requests of a group that count, and to its workers.
type groupTally struct {
	value   string
	workers int
	// queue counts its requests that wait; busy, its workers that run tasks, or, of a size, the
	// workers that run its tasks. Like all meters, they know requests that do not count, too.
	queue, busy                                meter
	requests, completed, impossible, preempted int
	waits                                      samples // milliseconds
	lostMillis                                 int64
	// queueSteps and busySteps are integrals over the steps of series, in milliseconds.
	queueSteps, busySteps []int64
}

// newGroupings returns those by the labels that a setup names, and by size if there are sizes.
func newGroupings(setup *Setup) ([]*grouping, error) {
	var list []*grouping
	for _, key := range setup.GroupBy {
		g, err := newLabelGrouping(setup, key)
		if err != nil {
			return nil, err
		}
		list = append(list, g)
	}
	if g := newSizeGrouping(setup.Workload); g != nil {
		list = append(list, g)
	}
	return list, nil
}

// newLabelGrouping has a group for each value that a worker or a submission has of a label.
func newLabelGrouping(setup *Setup, key string) (*grouping, error) {
	g := &grouping{by: key}
	places := map[string]int32{}
	place := func(value string) int32 {
		at, known := places[value]
		if !known {
			at = int32(len(g.groups))
			places[value] = at
			g.groups = append(g.groups, &groupTally{value: value})
		}
		return at
	}
	for i := range setup.Workers {
		at := place(labelValue(setup.Workers[i].Labels, key))
		g.groups[at].workers++
		g.ofWorker = append(g.ofWorker, at)
	}
	for i := range setup.Workload.Submissions {
		at := place(labelValue(setup.Workload.Submissions[i].BaseLabels, key))
		g.ofSubmission = append(g.ofSubmission, at)
	}
	if len(g.groups) > groupsMax {
		return nil, fmt.Errorf("%w: figures by label %q: it has %s values, more than %s", ErrSetup,
			key, words.Number(len(g.groups)), words.Number(groupsMax))
	}
	g.sort(func(a, b *groupTally) int { return strings.Compare(a.value, b.value) })
	return g, nil
}

// labelValue returns what a label with this key has after its colon: of several, the first one that
// is not a list of alternatives, "A|B", else the first one; empty if there is none.
func labelValue(labels []string, key string) string {
	value, found := "", false
	for _, label := range labels {
		k, v, _ := strings.Cut(label, ":")
		if k != key {
			continue
		}
		plain, old := !strings.Contains(v, "|"), !strings.Contains(value, "|")
		if !found || plain && !old || plain == old && v < value {
			value, found = v, true
		}
	}
	return value
}

// newSizeGrouping has a group for each power of two up to which sizes go, such as 5 to 8; nil if
// all submissions have the size 1.
func newSizeGrouping(w *Workload) *grouping {
	g := &grouping{}
	places := map[int]int32{}
	for i := range w.Submissions {
		class := bits.Len(uint(w.Submissions[i].Size - 1))
		at, known := places[class]
		if !known {
			at = int32(len(g.groups))
			places[class] = at
			g.groups = append(g.groups, &groupTally{value: sizeClass(class)})
		}
		g.ofSubmission = append(g.ofSubmission, at)
	}
	if len(places) == 1 && g.groups[0].value == sizeClass(0) {
		return nil
	}
	g.sort(func(a, b *groupTally) int {
		return cmp.Or(cmp.Compare(len(a.value), len(b.value)), strings.Compare(a.value, b.value))
	})
	return g
}

// sizeClass names the sizes above 2^(n-1), up to 2^n.
func sizeClass(n int) string {
	low, high := 1<<n/2+1, 1<<n
	if low >= high {
		return fmt.Sprint(high)
	}
	return fmt.Sprintf("%d to %d", low, high)
}

// sort puts the groups in order.
func (g *grouping) sort(order func(a, b *groupTally) int) {
	old := slices.Clone(g.groups)
	slices.SortFunc(g.groups, order)
	to := make([]int32, len(old))
	for i, group := range old {
		to[i] = int32(slices.Index(g.groups, group))
	}
	for _, list := range [][]int32{g.ofSubmission, g.ofWorker} {
		for i := range list {
			list[i] = to[list[i]]
		}
	}
}

// of returns the group of a submission.
func (g *grouping) of(submission int32) *groupTally { return g.groups[g.ofSubmission[submission]] }

// waits counts a request that begins (1) or ceases (-1) to wait.
func (t *tally) waits(r *request, n int64) {
	t.queue.add(millis(t.now), n)
	r.account.change(millis(t.now), n, 0)
	for _, g := range t.groupings {
		g.of(r.submission).queue.add(millis(t.now), n)
	}
}

// busies counts a worker that begins (1) or ceases (-1) to run a request.
func (t *tally) busies(r *request, n int64) {
	t.busy[r.standing.runsAt].add(millis(t.now), n)
	r.account.change(millis(t.now), 0, n)
	for _, g := range t.groupings {
		group := g.of(r.submission)
		if g.ofWorker != nil {
			group = g.groups[g.ofWorker[r.ranOn.index]]
		}
		group.busy.add(millis(t.now), n)
	}
}

// inGroups calls a function with each group of a submission that counts.
func (t *tally) inGroups(submission int32, do func(*groupTally)) {
	if !t.counts(int(submission)) {
		return
	}
	for _, g := range t.groupings {
		do(g.of(submission))
	}
}

// restart forgets what was before an instant, in milliseconds. What waits and runs goes on.
func (g *grouping) restart(at int64) {
	for _, group := range g.groups {
		group.queue.restart(at)
		group.busy.restart(at)
	}
}

// addPoint ends the present step of series at an instant, in milliseconds.
func (g *grouping) addPoint(now int64) {
	for _, group := range g.groups {
		group.queueSteps = append(group.queueSteps, group.queue.take(now))
		group.busySteps = append(group.busySteps, group.busy.take(now))
	}
}

// joinSteps makes one step of each two.
func (g *grouping) joinSteps() {
	for _, group := range g.groups {
		group.queueSteps = addPairs(group.queueSteps)
		group.busySteps = addPairs(group.busySteps)
	}
}
