package generate

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/quotasched/quotasched/internal/field"
	"github.com/quotasched/quotasched/internal/words"
	"github.com/quotasched/quotasched/scheduler"
	"github.com/quotasched/quotasched/simulator"
)

// Fleet describes the workers that a pool has.
type Fleet struct {
	// Total is the number of workers, if the groups say what percentage of it they are. Without
	// groups, it is a fleet of so many equal workers without labels.
	Total int `yaml:"total,omitempty,nonzero" json:"total,omitempty"`
	// Groups are kinds of workers. Each has a count, or each has a percentage of the total.
	Groups []WorkerGroup `yaml:"groups,omitempty" json:"groups,omitempty"`
}

// WorkerGroup is an element of Fleet.Groups. A group is a number of workers that have something in
// common.
type WorkerGroup struct {
	// Name is what its workers are called. In it, {n} stands for a number, from 1 on for each
	// name, and {key} for what stands behind the colon in the worker's label "key:…". A name
	// without {n} has a number added at its end. Empty means "worker-{n}".
	Name string `yaml:"name,omitempty" json:"name,omitempty"`
	// Count is how many workers there are, where the groups have counts.
	Count int `yaml:"count,omitempty" json:"count,omitempty"`
	// Percent is what part of the fleet's total they are, where the groups have none. Those of all
	// groups sum up to 100.
	Percent float64 `yaml:"percent,omitempty" json:"percent,omitempty"`
	// Labels are on all of them. A label of a log may have spaces in it.
	Labels []string `yaml:"labels,omitempty" json:"labels,omitempty"`
	// Mixes add labels to these: of each mix one of its keys, spread evenly by weight, without
	// chance. {"pool:main": 11, "pool:perf": 1} puts every twelfth worker into the perf pool. A
	// key is a label, or several that go together, with spaces between them; an empty one adds
	// none.
	Mixes []Mix `yaml:"mixes,omitempty" json:"mixes,omitempty"`
}

const (
	// workersMax bounds a fleet.
	workersMax = 1_000_000
	groupsMax  = 10_000
	// percentSlack allows for percentages that were rounded.
	percentSlack = 1e-6
	numberName   = "n"
)

// Validate returns nil, or an error (package field) that names all mistakes. Cost: that of Workers.
func (f *Fleet) Validate() error {
	var all mistakes
	switch {
	case f.Total < 0 || f.Total > workersMax:
		all.addIn("total", "%s is not from 0 to %s", words.Number(f.Total), words.Number(workersMax))
	case f.Total == 0 && len(f.Groups) == 0:
		all.addIn("total", "the fleet has no workers")
	case len(f.Groups) > groupsMax:
		all.addIn("groups", "there are %s, more than %s", words.Number(len(f.Groups)),
			words.Number(groupsMax))
	}
	for i := range f.Groups {
		all.add(inList("groups", i, f.Groups[i].validate(f.Total > 0)))
	}
	if len(all) == 0 && len(f.Groups) > 0 {
		all.add(f.validateSum())
	}
	if len(all) == 0 {
		all.add(f.validateNames())
	}
	return all.join()
}

// validate returns nil, or an error that names all mistakes; shared says that the fleet has a
// total, of which the group is a part.
func (g *WorkerGroup) validate(shared bool) error {
	var all mistakes
	switch {
	case shared && g.Count != 0:
		all.addIn("count", "the fleet has a total, so the group needs a percent instead")
	case shared && !(g.Percent > 0 && g.Percent <= 100+percentSlack):
		all.addIn("percent", "%v is not more than 0 and at most 100", g.Percent)
	case !shared && g.Percent != 0:
		all.addIn("percent", "the fleet has no total that it could be a part of")
	case !shared && (g.Count < 1 || g.Count > workersMax):
		all.addIn("count", "%s is not from 1 to %s", words.Number(g.Count), words.Number(workersMax))
	}
	for i, label := range g.Labels {
		all.add(inList("labels", i, checkWorkerLabel(label)))
	}
	all.add(validateLabels("labels", "mixes", nil, g.Mixes, labelCheck(nil)))
	if err := checkText(g.Name); err != nil {
		all.add(field.In("name", err))
	} else if len(all) == 0 {
		all.add(field.In("name", checkBraces(g.Name, g.nameKeys())))
	}
	return all.join()
}

// nameKeys returns what may stand in braces in the group's name: n, and the keys of labels that
// every worker of it has.
func (g *WorkerGroup) nameKeys() []string {
	keys := []string{numberName}
	add := func(have []string) {
		for _, label := range have {
			if key, _, ok := strings.Cut(label, ":"); ok && !slices.Contains(keys, key) {
				keys = append(keys, key)
			}
		}
	}
	add(g.Labels)
	for _, m := range g.Mixes {
		c := newChoice(m)
		for _, label := range strings.Fields(c.keys[0]) {
			key, _, _ := strings.Cut(label, ":")
			if !slices.ContainsFunc(c.keys, func(other string) bool {
				return labelValue(strings.Fields(other), key) == ""
			}) {
				add([]string{label})
			}
		}
	}
	return keys
}

// labelValue returns the part of the label "key:…" behind the colon, or nothing.
func labelValue(labels []string, key string) string {
	for _, label := range labels {
		if k, value, _ := strings.Cut(label, ":"); k == key {
			return value
		}
	}
	return ""
}

// validateSum returns an error if the groups are too many workers, or not the whole.
func (f *Fleet) validateSum() error {
	count, percent := 0, 0.0
	for i := range f.Groups {
		count += f.Groups[i].Count
		percent += f.Groups[i].Percent
	}
	if count > workersMax {
		return field.Errorf("groups", "there are %s workers, more than %s", words.Number(count),
			words.Number(workersMax))
	}
	if f.Total > 0 && math.Abs(percent-100) > percentSlack {
		return field.Errorf("groups", "the percentages sum up to %v, not to 100", percent)
	}
	return nil
}

// validateNames returns an error if two workers have the same name.
func (f *Fleet) validateNames() error {
	seen := make(map[scheduler.WorkerID]int)
	for i, workers := range f.byGroup() {
		for _, w := range workers {
			if before, known := seen[w.ID]; known {
				err := fmt.Errorf("a worker of groups[%d] is called %q, too", before, w.ID)
				return inList("groups", i, field.In("name", err))
			}
			seen[w.ID] = i
		}
	}
	if len(seen) == 0 {
		return errors.New("the fleet has no workers")
	}
	return nil
}

// Workers returns the fleet's workers, group by group, or nil if the fleet is not valid. The same
// fleet gives the same workers.
func (f *Fleet) Workers() []simulator.Worker {
	if f.Validate() != nil {
		return nil
	}
	return slices.Concat(f.byGroup()...)
}

// byGroup returns the workers of each group of a fleet whose fields are valid.
func (f *Fleet) byGroup() [][]simulator.Worker {
	groups := f.Groups
	if len(groups) == 0 {
		groups = []WorkerGroup{{Percent: 100}}
	}
	out := make([][]simulator.Worker, len(groups))
	names := newNumbers()
	percent, before := 0.0, 0
	for i := range groups {
		count := groups[i].Count
		if f.Total > 0 {
			percent += groups[i].Percent
			upTo := min(f.Total, int(math.Floor(float64(f.Total)*percent/100+0.5)))
			if i == len(groups)-1 {
				upTo = f.Total
			}
			count, before = upTo-before, upTo
		}
		out[i] = groups[i].workers(count)
		names.count(out[i])
	}
	for i := range out {
		names.number(out[i])
	}
	return out
}
