package report

import (
	"cmp"
	"maps"
	"slices"

	"github.com/quotasched/quotasched/internal/words"
	"github.com/quotasched/quotasched/scheduler"
)

// chartFlows averages who preempted whom over the seeds. The accounts that took part in most
// preemptions have a row and a column; the rest shares one. Nil if nothing was preempted.
func (v *variantMeans) chartFlows() *chartFlows {
	part := map[scheduler.AccountID]int{}
	for _, f := range v.runs {
		for _, flow := range f.Preemptions {
			part[flow.By] += flow.Count
			part[flow.Of] += flow.Count
		}
	}
	if len(part) == 0 {
		return nil
	}
	ids := slices.SortedFunc(maps.Keys(part), func(a, b scheduler.AccountID) int {
		return cmp.Or(cmp.Compare(part[b], part[a]), cmp.Compare(a, b))
	})
	named := min(len(ids), flowsMax)
	c := &chartFlows{Named: named}
	places := map[scheduler.AccountID]int{}
	for i, id := range ids {
		places[id] = min(i, named)
		if i < named {
			c.Names = append(c.Names, label(string(id)))
		}
	}
	if rest := len(ids) - named; rest > 0 {
		c.Names = append(c.Names, words.Count(rest, "other"))
	}
	for range c.Names {
		c.Count = append(c.Count, make(rounded, len(c.Names)))
		c.Lost = append(c.Lost, make(rounded, len(c.Names)))
	}
	n := number(len(v.runs))
	for _, f := range v.runs {
		for _, flow := range f.Preemptions {
			by, of := places[flow.By], places[flow.Of]
			c.Count[by][of] += number(flow.Count) / n
			c.Lost[by][of] += number(flow.LostSeconds) / n
		}
	}
	return c
}
