package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/quotasched/quotasched/internal/words"
	"github.com/quotasched/quotasched/simulator"
	"github.com/quotasched/quotasched/simulator/experiment"
)

// groupingMeans are a variant's figures by the value of a label or by size.
type groupingMeans struct {
	By     string       `json:"by"`
	Groups []groupMeans `json:"groups"`
}

// groupMeans are the figures of a group: means over the seeds, and, over time, those of the first
// run that was followed. The units are those of simulator.GroupFigures.
type groupMeans struct {
	Value       string  `json:"value"`
	Workers     number  `json:"workers"`
	Used        number  `json:"used_worker_seconds"`
	Utilisation number  `json:"utilisation"`
	QueueMean   number  `json:"queue_mean"`
	QueueMax    number  `json:"queue_max"`
	Requests    number  `json:"requests"`
	Impossible  number  `json:"impossible"`
	WaitP50     number  `json:"wait_p50_seconds"`
	WaitP95     number  `json:"wait_p95_seconds"`
	WaitP99     number  `json:"wait_p99_seconds"`
	WaitMax     number  `json:"wait_max_seconds"`
	WaitMean    number  `json:"wait_mean_seconds"`
	Preempted   number  `json:"preempted"`
	LostWork    number  `json:"lost_worker_seconds"`
	Busy        rounded `json:"busy"`
	Queue       rounded `json:"queue"`
}

// groupLabel writes a value for people.
func groupLabel(value string) string {
	if value == "" {
		return "(none)"
	}
	return label(value)
}

// groupings averages the figures by group, over runs whose groups are the same as those of the
// first one. Series have at most so many points.
func (v *variantMeans) groupings(pointsMax int) []groupingMeans {
	list := []groupingMeans{}
	if len(v.runs) == 0 {
		return list
	}
	for i := range v.runs[0].Groupings {
		grouping := groupingMeans{By: v.runs[0].Groupings[i].By, Groups: []groupMeans{}}
		for _, first := range v.runs[0].Groupings[i].Groups {
			var runs []*simulator.GroupFigures
			for _, f := range v.runs {
				if g := groupOf(f, i, first.Value); g != nil {
					runs = append(runs, g)
				}
			}
			g := averageGroup(runs)
			step := max(1, (len(first.Busy)+pointsMax-1)/max(1, pointsMax))
			g.Busy, g.Queue = thinMeans(first.Busy, step), thinMeans(first.Queue, step)
			grouping.Groups = append(grouping.Groups, g)
		}
		list = append(list, grouping)
	}
	return list
}

// groupOf returns a run's figures of a group, or nil.
func groupOf(f *simulator.Figures, grouping int, value string) *simulator.GroupFigures {
	if grouping >= len(f.Groupings) {
		return nil
	}
	groups := f.Groupings[grouping].Groups
	i := slices.IndexFunc(groups, func(g simulator.GroupFigures) bool { return g.Value == value })
	if i < 0 {
		return nil
	}
	return &groups[i]
}

// averageGroup averages the figures of a group over runs, of which there is at least one.
func averageGroup(runs []*simulator.GroupFigures) groupMeans {
	type figures = simulator.GroupFigures
	mean := func(f func(*figures) float64) number {
		return meanOf(runs, func(g *figures) number { return number(f(g)) })
	}
	wait := func(f func(*simulator.Distribution) float64) number {
		return meanWait(runs, func(g *figures) *simulator.Distribution { return &g.Wait }, f)
	}
	return groupMeans{
		Value:       groupLabel(runs[0].Value),
		Workers:     number(runs[0].Workers),
		Used:        mean(func(g *figures) float64 { return g.UsedSeconds }),
		Utilisation: mean(func(g *figures) float64 { return g.Utilisation }),
		QueueMean:   mean(func(g *figures) float64 { return g.QueueMean }),
		QueueMax:    mean(func(g *figures) float64 { return float64(g.QueueMax) }),
		Requests:    mean(func(g *figures) float64 { return float64(g.Requests) }),
		Impossible:  mean(func(g *figures) float64 { return float64(g.Impossible) }),
		WaitP50:     wait(func(d *simulator.Distribution) float64 { return d.P50Seconds }),
		WaitP95:     wait(func(d *simulator.Distribution) float64 { return d.P95Seconds }),
		WaitP99:     wait(func(d *simulator.Distribution) float64 { return d.P99Seconds }),
		WaitMax:     wait(func(d *simulator.Distribution) float64 { return d.MaxSeconds }),
		WaitMean:    wait(func(d *simulator.Distribution) float64 { return d.MeanSeconds }),
		Preempted:   mean(func(g *figures) float64 { return float64(g.Preempted) }),
		LostWork:    mean(func(g *figures) float64 { return g.LostSeconds }),
	}
}

// resultsOf makes results of one run.
func resultsOf(f *simulator.Figures) *experiment.Results {
	return &experiment.Results{Variants: []experiment.Variant{{Runs: []experiment.Run{{Figures: f}}}}}
}

// groupTables has a table for each grouping, with a row for each group and variant. Of many groups,
// those that used most have rows.
func (s *study) groupTables(top int) string {
	var tables []string
	groupings := 0
	for _, v := range s.variants {
		if len(v.runs) > 0 {
			groupings = max(groupings, len(v.runs[0].Groupings))
		}
	}
	for i := range groupings {
		tables = append(tables, s.groupTable(i, top))
	}
	return strings.Join(tables, "\n\n")
}

// groupTable is the table of one grouping.
func (s *study) groupTable(i, top int) string {
	rows := map[string][]table.Row{}
	used := map[string]number{}
	var values []string
	by := ""
	for k, v := range s.variants {
		list := v.groupings(0)
		if i >= len(list) {
			continue
		}
		by = list[i].By
		for _, g := range list[i].Groups {
			name := ""
			if rows[g.Value] == nil {
				name = words.Shorten(g.Value, terminalAccountRunes)
				values = append(values, g.Value)
			}
			used[g.Value] += g.Used
			rows[g.Value] = append(rows[g.Value], s.groupRow(name, k, by, &g))
		}
	}
	header := table.Row{"size", "policy", "of use"}
	if by != "" {
		header = table.Row{words.Shorten(words.Printable(by), terminalAccountRunes), "policy", "workers"}
	}
	header = append(header, "utilisation", "queue", "at most", "requests", "impossible", "wait p50",
		"max", "mean")
	most := max(len(values), 1)
	if top > 0 {
		most = top
	}
	rest := leastUsed(values, used, most)
	single := len(s.variants) == 1
	if single {
		header = slices.Delete(header, 1, 2)
	}
	t := newTable(header...)
	if !single {
		t.SetColumnConfigs(alignments(len(header))[1:])
	}
	for _, value := range values {
		if rest[value] {
			continue
		}
		for _, row := range rows[value] {
			if single {
				row = slices.Delete(row, 1, 2)
			}
			t.AppendRow(row)
		}
		if !single {
			t.AppendSeparator()
		}
	}
	text := t.Render()
	if len(rest) > 0 {
		text += fmt.Sprintf("\n%s with less use left out", words.Count(len(rest), "more value"))
	}
	return text
}

// groupRow is the row of a group under a variant.
func (s *study) groupRow(name string, variant int, by string, g *groupMeans) table.Row {
	second := meanCount(g.Workers)
	if by == "" {
		second = percentOf(g.Used / max(1, s.variants[variant].all.Used))
	}
	policy := words.Shorten(variantLabel(s.results.Variants[variant].Name), terminalVariantRunes)
	return table.Row{name, policy, second, percentOf(g.Utilisation), meanCount(g.QueueMean),
		meanCount(g.QueueMax),
		meanCount(g.Requests), meanCount(g.Impossible), meanSeconds(g.WaitP50), meanSeconds(g.WaitMax),
		meanSeconds(g.WaitMean)}
}

// leastUsed returns the values beyond the most that used most.
func leastUsed(values []string, used map[string]number, most int) map[string]bool {
	if len(values) <= most {
		return nil
	}
	sorted := slices.Clone(values)
	slices.SortStableFunc(sorted, func(a, b string) int {
		return int(max(-1, min(1, used[b]-used[a])))
	})
	rest := map[string]bool{}
	for _, value := range sorted[most:] {
		rest[value] = true
	}
	return rest
}
