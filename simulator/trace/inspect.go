package trace

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/quotasched/quotasched/simulator"
)

// Inspect reads a log and says what is in it, after the mapping. Errors are those of Load. Cost:
// O(n log n) in records.
func Inspect(ctx context.Context, source *Source) (*Info, error) {
	l, err := newLoader(source)
	if err != nil {
		return nil, err
	}
	byField := l.groupByFields()
	counter := newFieldCounter(l.in)
	l.observe = counter.count
	if err := errors.Join(l.read(ctx), l.in.close()); err != nil {
		return nil, err
	}
	facts := l.in.about().facts
	loaded, err := l.finish()
	if err != nil {
		return nil, err
	}
	w := loaded.Workload
	info := &Info{Version: InfoVersion, File: l.source.File, Format: l.source.Format, Name: w.Name,
		Start: w.Start, Facts: orEmpty(facts), Notes: loaded.Notes,
		Warnings: orEmpty(loaded.Warnings), Records: loaded.Records, NeverRan: loaded.NeverRan,
		Malformed: loaded.Malformed, Submissions: len(w.Submissions), Requests: w.Requests(),
		RealWorkers: w.RealWorkers, Fields: counter.result()}
	info.measure(w)
	info.addGroup("account", w, func(i int) string { return string(w.Submissions[i].Account) })
	info.addGroup("importance", w, func(i int) string { return w.Submissions[i].Importance })
	info.addGroup("labels", w, func(i int) string {
		return strings.Join(w.Submissions[i].BaseLabels, " ")
	})
	for at, name := range byField {
		info.addGroup(name, w, func(i int) string { return l.drafts[i].groups[at] })
	}
	return info, nil
}

// orEmpty makes an empty list of none, for JSON.
func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// groupByFields lets the loader keep the fields of an SWF log by which everybody asks.
func (l *loader) groupByFields() []string {
	if l.source.Format != FormatSWF {
		return nil
	}
	names := []string{"queue", "partition"}
	for _, name := range names {
		l.groups = append(l.groups, template{parts: []part{{field: name,
			index: slices.Index(swfFields, name)}}})
	}
	return names
}

// measure fills in what is summed up over all submissions.
func (info *Info) measure(w *simulator.Workload) {
	var runs, waits []time.Duration
	var waited float64 // worker-seconds of the submissions whose wait is known
	var end time.Duration
	first, last := w.Submissions[0].Submit, w.Submissions[len(w.Submissions)-1].Submit
	preemptions := 0
	for i := range w.Submissions {
		s := &w.Submissions[i]
		used := workerSeconds(s)
		info.WorkerSeconds += used
		preemptions += s.RealPreemptions
		runs = append(runs, s.Run)
		if s.RealWait >= 0 {
			waits = append(waits, s.RealWait)
			waited += used
			end = max(end, s.Submit+s.RealWait+s.Run)
		}
	}
	info.FirstSubmitSeconds, info.LastSubmitSeconds = first.Seconds(), last.Seconds()
	info.SpanSeconds = (last - first).Seconds()
	info.Run, info.RealWait = simulator.DistributionOf(runs), simulator.DistributionOf(waits)
	if w.RealWorkers > 0 && end > first {
		part := waited / ((end - first).Seconds() * float64(w.RealWorkers))
		info.RealUtilisation = &part
	}
	if w.RealPreemptionsKnown {
		info.RealPreemptions = &preemptions
	}
	info.widths(w)
	info.load(w, first, last)
}

// workerSeconds is how long all requests of a submission run, together.
func workerSeconds(s *simulator.Submission) float64 { return s.Run.Seconds() * float64(s.Size) }

// widths sums up by size: 1, 2, 3 to 4, 5 to 8 and so on.
func (info *Info) widths(w *simulator.Workload) {
	var all []Width
	for i := range w.Submissions {
		s := &w.Submissions[i]
		at := 0
		for most := 1; most < s.Size; most *= 2 {
			at++
		}
		for len(all) <= at {
			most := 1 << len(all)
			all = append(all, Width{Least: most/2 + 1, Most: most})
		}
		all[at].Submissions++
		all[at].WorkerSeconds += workerSeconds(s)
	}
	info.Widths = slices.DeleteFunc(all, func(w Width) bool { return w.Submissions == 0 })
}

// loadSteps is into how many parts the span is cut, at most.
const loadSteps = 20

// load sums up by time, in steps of whole seconds.
func (info *Info) load(w *simulator.Workload, first, last time.Duration) {
	length := ((last - first) / loadSteps).Truncate(time.Second) + time.Second
	for i := range w.Submissions {
		s := &w.Submissions[i]
		at := int((s.Submit - first) / length)
		for len(info.Load) <= at {
			start := first + time.Duration(len(info.Load))*length
			info.Load = append(info.Load, LoadStep{Start: w.Start.Add(start),
				Seconds: length.Seconds()})
		}
		step := &info.Load[at]
		step.Submissions++
		step.Requests += s.Size
		step.WorkerSeconds += workerSeconds(s)
		step.Workers = step.WorkerSeconds / step.Seconds
	}
}

// addGroup sums up by what a function says of submission i. If it says nothing of all of them,
// there is no such group.
func (info *Info) addGroup(by string, w *simulator.Workload, of func(i int) string) {
	groups := map[string]*Group{}
	waits := map[string][]time.Duration{}
	for i := range w.Submissions {
		s := &w.Submissions[i]
		value := of(i)
		g := groups[value]
		if g == nil {
			g = &Group{Value: value}
			groups[value] = g
		}
		g.Submissions++
		g.Requests += s.Size
		g.WorkerSeconds += workerSeconds(s)
		g.RealPreemptions += s.RealPreemptions
		if s.RealWait >= 0 {
			waits[value] = append(waits[value], s.RealWait)
		}
	}
	for _, nothing := range []string{"", unknown} {
		if groups[nothing] != nil && len(groups) == 1 {
			return
		}
	}
	grouping := Grouping{By: by}
	for _, value := range slices.Sorted(maps.Keys(groups)) {
		g := groups[value]
		g.Share = g.WorkerSeconds / info.WorkerSeconds
		g.RealWait = simulator.DistributionOf(waits[value])
		grouping.Rows = append(grouping.Rows, *g)
	}
	slices.SortStableFunc(grouping.Rows, func(a, b Group) int {
		return cmp.Compare(b.WorkerSeconds, a.WorkerSeconds)
	})
	info.Groups = append(info.Groups, grouping)
}

// fieldCounter counts the values of all fields.
type fieldCounter struct {
	in     reader
	values []map[string]int
	first  [][]string // the first few values of each field
	infos  []FieldInfo
}

// The most distinct values of a field that are counted, and how many are named.
const (
	maxDistinct = 10_000
	maxTop      = 5
)

func newFieldCounter(in reader) *fieldCounter {
	c := &fieldCounter{in: in}
	for _, name := range in.fields() {
		c.infos = append(c.infos, FieldInfo{Name: name, Top: []ValueCount{}})
		c.values = append(c.values, map[string]int{})
		c.first = append(c.first, nil)
	}
	return c
}

// count counts the fields of the record that was read last.
func (c *fieldCounter) count(*record) {
	for i, values := range c.values {
		value := c.in.field(i)
		n, known := values[value]
		switch {
		case value == "":
			c.infos[i].Unknown++
		case known:
			values[value] = n + 1
		case len(values) >= maxDistinct || len(value) > maxTextBytes:
			c.infos[i].AndMore = true
		default:
			value = strings.Clone(value)
			values[value] = 1
			if len(c.first[i]) < maxTop {
				c.first[i] = append(c.first[i], value)
			}
		}
	}
}

// result returns what was counted.
func (c *fieldCounter) result() []FieldInfo {
	for i := range c.infos {
		info := &c.infos[i]
		values := c.values[i]
		info.Distinct = len(values)
		top := c.first[i]
		if !info.AndMore {
			top = slices.SortedFunc(maps.Keys(values), func(a, b string) int {
				return cmp.Or(cmp.Compare(values[b], values[a]), cmp.Compare(a, b))
			})
		}
		for _, value := range top[:min(len(top), maxTop)] {
			info.Top = append(info.Top, ValueCount{Value: strings.ToValidUTF8(value, "\uFFFD"),
				Records: values[value]})
		}
	}
	return c.infos
}
