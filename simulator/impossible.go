package simulator

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/quotasched/quotasched/internal/nearest"
	"github.com/quotasched/quotasched/internal/words"
)

// ImpossibleReason says why submissions can never run: they have the same base labels, and need
// more workers at once than have these.
type ImpossibleReason struct {
	// Labels are the base labels of the submissions.
	Labels []string `json:"labels"`
	// Missing are those of them that no worker has.
	Missing []MissingLabel `json:"missing"`
	// Workers counts the workers that have all of Labels, and LargestSize is the size of the
	// largest of the submissions.
	Workers     int `json:"workers"`
	LargestSize int `json:"largest_size"`
	// Submissions and Requests count what can never run for this reason; Example is the id of the
	// first submission.
	Submissions int    `json:"submissions"`
	Requests    int    `json:"requests"`
	Example     string `json:"example"`
}

// MissingLabel is a label that no worker has.
type MissingLabel struct {
	Label string `json:"label"`
	// Nearest is the label of a worker that was probably meant; empty if none is like it.
	Nearest string `json:"nearest"`
}

// String says why, such as "pool:h100: no worker has it; was pool:H100 meant?".
func (r *ImpossibleReason) String() string {
	var missing []string
	for _, m := range r.Missing {
		text := fmt.Sprintf("%s: no worker has it", m.Label)
		if m.Nearest != "" {
			text += fmt.Sprintf("; was %s meant?", m.Nearest)
		}
		missing = append(missing, text)
	}
	labels := strings.Join(r.Labels, " ")
	switch {
	case len(missing) > 0:
		return strings.Join(missing, "; ")
	case r.Workers == 0 && len(r.Labels) > 1:
		return labels + ": no worker has all of them"
	case len(r.Labels) == 0:
		labels = "any worker"
	}
	return fmt.Sprintf("%s: there are %s, and up to %s are needed at once", labels,
		words.Number(r.Workers), words.Number(r.LargestSize))
}

// FindImpossible says why submissions can never run on a fleet, the reason with the most requests
// first. Cost: O(n) in submissions, and O(workers) for each set of base labels.
func FindImpossible(submissions []Submission, workers []Worker) []ImpossibleReason {
	capacities := capacity{workers: workers, known: map[string]int{}}
	reasons := map[string]*ImpossibleReason{}
	for i := range submissions {
		s := &submissions[i]
		n := capacities.of(s.BaseLabels)
		if s.Size <= n {
			continue
		}
		key := strings.Join(s.BaseLabels, "\x00")
		r := reasons[key]
		if r == nil {
			r = &ImpossibleReason{Labels: append([]string{}, s.BaseLabels...), Workers: n,
				Example: s.ID, Missing: []MissingLabel{}}
			reasons[key] = r
		}
		r.Submissions++
		r.Requests += s.Size
		r.LargestSize = max(r.LargestSize, s.Size)
	}
	list := make([]ImpossibleReason, 0, len(reasons))
	fleetLabels := labelsOf(workers)
	for _, key := range slices.Sorted(maps.Keys(reasons)) {
		r := reasons[key]
		for _, label := range r.Labels {
			if _, known := slices.BinarySearch(fleetLabels, label); !known {
				r.Missing = append(r.Missing, MissingLabel{label, nearestLabel(label, fleetLabels)})
			}
		}
		list = append(list, *r)
	}
	slices.SortStableFunc(list, func(a, b ImpossibleReason) int {
		return cmp.Compare(b.Requests, a.Requests)
	})
	return list
}

// labelsOf returns the labels of all workers, in order.
func labelsOf(workers []Worker) []string {
	all := map[string]bool{}
	for i := range workers {
		for _, label := range workers[i].Labels {
			all[label] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}

// nearestLabel returns the label that was probably meant: one with the same key and a similar
// value, with another key and the same value, or one that is similar as a whole.
func nearestLabel(label string, labels []string) string {
	key, value, hasKey := strings.Cut(label, ":")
	if hasKey {
		var values []string
		sameValue := ""
		for _, other := range labels {
			k, v, ok := strings.Cut(other, ":")
			switch {
			case ok && k == key:
				values = append(values, v)
			case ok && v == value && value != "" && sameValue == "":
				sameValue = other
			}
		}
		if v := nearest.Word(value, values); v != "" {
			return key + ":" + v
		}
		if sameValue != "" {
			return sameValue
		}
	}
	return nearest.Word(label, labels)
}
