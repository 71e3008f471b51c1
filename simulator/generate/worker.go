package generate

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/quotasched/quotasched/scheduler"
	"github.com/quotasched/quotasched/simulator"
)

// workers returns n workers of the group, whose names have the letter of numberName in braces yet.
func (g *WorkerGroup) workers(n int) []simulator.Worker {
	name := g.Name
	if name == "" {
		name = "worker-{n}"
	} else if !strings.Contains(name, "{n}") {
		name += "-{n}"
	}
	choices := make([]choice, len(g.Mixes))
	for i, m := range g.Mixes {
		choices[i] = newChoice(m)
	}
	spread := spreader{}
	workers := make([]simulator.Worker, n)
	for i := range workers {
		labels := slices.Clone(g.Labels)
		for _, key := range spread.next(choices) {
			labels = append(labels, strings.Fields(key)...)
		}
		slices.Sort(labels)
		workers[i] = simulator.Worker{
			ID:     scheduler.WorkerID(fillName(name, labels)),
			Labels: slices.Compact(labels),
		}
	}
	return workers
}

// fillName puts the values of labels into a name, and leaves {n} as it is.
func fillName(name string, labels []string) string {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(name, "{")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		key, after, _ := strings.Cut(rest, "}")
		if key == numberName {
			b.WriteString("{n}")
		} else {
			b.WriteString(labelValue(labels, key))
		}
		name = after
	}
}

// numbers gives workers of one name their numbers, all of them as wide as the largest.
type numbers struct {
	total, given map[scheduler.WorkerID]int
}

// newNumbers returns numbers of which none is given.
func newNumbers() numbers {
	return numbers{map[scheduler.WorkerID]int{}, map[scheduler.WorkerID]int{}}
}

// count notes workers that will need a number.
func (n numbers) count(workers []simulator.Worker) {
	for i := range workers {
		n.total[workers[i].ID]++
	}
}

// number replaces {n} in names.
func (n numbers) number(workers []simulator.Worker) {
	for i := range workers {
		name := workers[i].ID
		n.given[name]++
		digits := len(strconv.Itoa(n.total[name]))
		number := fmt.Sprintf("%0*d", digits, n.given[name])
		workers[i].ID = scheduler.WorkerID(strings.ReplaceAll(string(name), "{n}", number))
	}
}
