package generate

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/quotasched/quotasched/internal/field"
	"github.com/quotasched/quotasched/internal/words"
	"github.com/quotasched/quotasched/simulator"
)

// Spec describes a workload.
type Spec struct {
	// Start is the moment at which it begins, Monday, 5 January 2026 if it is not set. Hours of
	// days and days of weeks are those of UTC.
	Start time.Time `yaml:"start,omitempty" json:"start,omitzero"`
	// Length is how long submissions arrive; from a minute to 3660 days.
	Length time.Duration `yaml:"length" json:"length"`
	// LoadFactor multiplies the arrivals of all streams, and the counts of their batches; at most
	// 1,000. Without it, 1.
	LoadFactor float64 `yaml:"load_factor,omitempty,nonzero" json:"load_factor,omitempty"`
	// Counters are numbers that rise at known times, for labels, by name.
	Counters map[string]Counter `yaml:"counters,omitempty" json:"counters,omitempty"`
	// Streams are the sources of submissions, each with a random sequence of its own, so that one
	// more stream changes nothing in the others, and their order does not matter.
	Streams []Stream `yaml:"streams" json:"streams"`
}

const (
	lengthMax  = 3660 * day
	streamsMax = 1000
	// requestsMax bounds what one workload may ask for.
	requestsMax = 5_000_000
)

// defaultStart is a Monday.
var defaultStart = time.Date(2026, time.January, 5, 0, 0, 0, 0, time.UTC)

// start returns the moment at which the workload begins.
func (s *Spec) start() time.Time {
	if s.Start.IsZero() {
		return defaultStart
	}
	return s.Start.UTC()
}

// loadFactor returns what arrivals are multiplied by.
func (s *Spec) loadFactor() float64 { return cmp.Or(s.LoadFactor, 1) }

// Validate returns nil, or an error (package field) that names all mistakes. Cost: O(streams ×
// hours).
func (s *Spec) Validate() error {
	var all mistakes
	if year := s.start().Year(); year < 1970 || year > 2200 {
		all.addIn("start", "the year %d is not from 1970 to 2200", year)
	}
	all.duration("length", s.Length, time.Minute, lengthMax)
	all.number("load_factor", s.LoadFactor, 0, factorMax)
	all.add(validateCounters(s.Counters))
	if len(s.Streams) == 0 || len(s.Streams) > streamsMax {
		all.addIn("streams", "there are %s, not from 1 to %s", words.Number(len(s.Streams)),
			words.Number(streamsMax))
		return all.join()
	}
	counters := slices.Sorted(maps.Keys(s.Counters))
	named := map[string]int{}
	for i := range s.Streams {
		all.add(inList("streams", i, s.Streams[i].validate(counters)))
		name := s.Streams[i].Name
		if before, known := named[name]; known && name != "" {
			all.add(inList("streams", i, field.Errorf("name", "%q is the name of streams%s, too",
				name, field.Index(before))))
			continue
		}
		named[name] = i
	}
	if len(all) == 0 {
		all.add(s.validateRequests())
	}
	return all.join()
}

// validateRequests returns an error if there would be too many requests.
func (s *Spec) validateRequests() error {
	total, c := 0.0, newCalendar(s.start())
	for i := range s.Streams {
		stream := &s.Streams[i]
		arrivals := newRate(&stream.Arrivals, s.loadFactor(), c, s.Length).mean()
		for _, b := range stream.Batches {
			count := float64(b.count(s.loadFactor()))
			arrivals += float64(count * float64(len(b.times(c, s.Length))))
		}
		requests := float64(arrivals * stream.mean())
		if total += requests; total > requestsMax {
			return inList("streams", i, fmt.Errorf("about %s requests, with those of the "+
				"streams before it %s: more than %s", words.Figure(requests), words.Figure(total),
				words.Number(requestsMax)))
		}
	}
	return nil
}

// Workload makes the submissions of a seed. Errors are those of Validate, or say that by chance
// there were too many requests. Cost: O(n log n) in submissions.
func (s *Spec) Workload(name string, seed uint64) (*simulator.Workload, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	w := &simulator.Workload{Name: name, Start: s.start()}
	order := make([]int, len(s.Streams))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Compare(s.Streams[a].Name, s.Streams[b].Name)
	})
	room := requestsMax
	var made []simulator.Submission
	for _, i := range order {
		src := newSource(s, &s.Streams[i], seed, room)
		made = append(made, src.submissions()...)
		if room = src.room; room < 0 {
			return nil, inList("streams", i, fmt.Errorf("with it there are more than %s requests",
				words.Number(requestsMax)))
		}
	}
	w.Submissions = inOrder(made)
	return w, nil
}

// inOrder returns submissions in order of their times; those of one time stay as they are.
func inOrder(made []simulator.Submission) []simulator.Submission {
	order := make([]int, len(made))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(made[a].Submit, made[b].Submit), cmp.Compare(a, b))
	})
	sorted := make([]simulator.Submission, len(made))
	for i, k := range order {
		sorted[i] = made[k]
	}
	return sorted
}
