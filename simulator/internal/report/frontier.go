package report

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/quotasched/quotasched/internal/yamltree"
	"github.com/quotasched/quotasched/simulator/experiment"
)

// chartSweep is what a sweep of one field shows: how its values trade lost work against waits.
type chartSweep struct {
	// Label is the field's path, as names of variants have it.
	Label string `json:"label"`
	// Lines has one for each policy and combination of the other swept values.
	Lines []sweepLine `json:"lines"`
	// Others are the places of the variants to which the sweep gives no value.
	Others []int `json:"others"`
}

// sweepLine is what differs in the swept field alone.
type sweepLine struct {
	Label string `json:"label"`
	// Points are in ascending order of the values if all of them are numbers, or durations above 0;
	// else in the order of the file, as a negative duration often stands for no limit at all.
	Points []sweepPoint `json:"points"`
}

// sweepPoint is a value, and the place of the variant that has it.
type sweepPoint struct {
	Value   string `json:"value"`
	Variant int    `json:"variant"`
}

// sweeps finds the fields that have several values, in order of their first appearance.
func (s *study) sweeps() []chartSweep {
	sweeps := []chartSweep{}
	seen := map[string]bool{}
	for i := range s.results.Variants {
		for _, p := range s.results.Variants[i].Parameters {
			if seen[p.Field] {
				continue
			}
			seen[p.Field] = true
			if sweep := s.sweepOf(p.Field); len(sweep.Lines) > 0 {
				sweeps = append(sweeps, sweep)
			}
		}
	}
	return sweeps
}

// sweepOf gathers the lines of a field. A line with one point is none: its variant stands among the
// others.
func (s *study) sweepOf(field string) chartSweep {
	sweep := chartSweep{Label: field, Others: []int{}}
	var lines []sweepLine
	places := map[string]int{} // of lines, by their labels
	for i := range s.results.Variants {
		v := &s.results.Variants[i]
		at := slices.IndexFunc(v.Parameters, func(p experiment.Parameter) bool {
			return p.Field == field
		})
		if at < 0 {
			sweep.Others = append(sweep.Others, i)
			continue
		}
		label := lineLabel(v, at)
		place, known := places[label]
		if !known {
			place = len(lines)
			places[label] = place
			lines = append(lines, sweepLine{Label: label})
		}
		sweep.Label = variantLabel(shortFields(v)[at])
		lines[place].Points = append(lines[place].Points,
			sweepPoint{Value: variantLabel(v.Parameters[at].Value), Variant: i})
	}
	for _, line := range lines {
		if len(line.Points) < 2 {
			sweep.Others = append(sweep.Others, line.Points[0].Variant)
			continue
		}
		line.sort()
		sweep.Lines = append(sweep.Lines, line)
	}
	slices.Sort(sweep.Others)
	return sweep
}

// lineLabel names a variant without one of its parameters.
func lineLabel(v *experiment.Variant, without int) string {
	fields := shortFields(v)
	parts := []string{v.Policy}
	for i, p := range v.Parameters {
		if i != without {
			parts = append(parts, fields[i]+" = "+p.Value)
		}
	}
	return variantLabel(strings.Join(parts, ", "))
}

// shortFields returns the fields of a variant's parameters as its name has them: "cq.rates.p0" in
// "quota, cq.rates.p0 = 20, fleet.total = 6". Where the name has another form, it has none of them,
// and they are whole paths.
func shortFields(v *experiment.Variant) []string {
	var fields []string
	rest := strings.TrimPrefix(v.Name, v.Policy)
	for _, p := range v.Parameters {
		field, after, found := strings.Cut(strings.TrimPrefix(rest, ", "), " = "+p.Value)
		if !found || field == "" {
			field, after = p.Field, rest
		}
		fields, rest = append(fields, field), after
	}
	return fields
}

// sort brings the points into the order in which they are joined.
func (l *sweepLine) sort() {
	sizes := map[string]float64{}
	for _, read := range []func(string) (float64, bool){sizeOfNumber, sizeOfDuration} {
		clear(sizes)
		for _, p := range l.Points {
			if size, ok := read(p.Value); ok {
				sizes[p.Value] = size
			}
		}
		if len(sizes) == len(l.Points) {
			slices.SortStableFunc(l.Points, func(a, b sweepPoint) int {
				return cmp.Compare(sizes[a.Value], sizes[b.Value])
			})
			return
		}
	}
}

// sizeOfNumber reads a plain number.
func sizeOfNumber(value string) (float64, bool) {
	n, err := strconv.ParseFloat(value, 64)
	return n, err == nil && number(n).known()
}

// sizeOfDuration reads a duration above 0; others often stand for something else.
func sizeOfDuration(value string) (float64, bool) {
	d, err := yamltree.Duration(value)
	return d.Seconds(), err == nil && d > 0
}
