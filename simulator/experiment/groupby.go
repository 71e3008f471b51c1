package experiment

import (
	"slices"
	"strings"

	"github.com/quotasched/quotasched/simulator"
)

// groupBy returns the label keys by which figures are grouped: those that the file names, or else
// the one that tells most requests apart.
func (r *Report) groupBy(w *simulator.Workload, workers []simulator.Worker) []string {
	if len(r.By) > 0 {
		return r.By
	}
	if key := commonKey(w, workers); key != "" {
		return []string{key}
	}
	return nil
}

// commonKey returns the key of a base label that at least half of the requests have, and that has 2
// to 20 values in the fleet; of several, the one that most have, and of equal ones, the first by
// name. It is empty if there is none. Cost: O(workers + submissions).
func commonKey(w *simulator.Workload, workers []simulator.Worker) string {
	const valuesMax = 20
	values := map[string]map[string]bool{}
	for i := range workers {
		for _, label := range workers[i].Labels {
			key, value, _ := strings.Cut(label, ":")
			if strings.Contains(value, "|") || len(values[key]) > valuesMax {
				continue
			}
			if values[key] == nil {
				values[key] = map[string]bool{}
			}
			values[key][value] = true
		}
	}
	requests, all := map[string]int{}, 0
	for i := range w.Submissions {
		s := &w.Submissions[i]
		all += s.Size
		var seen []string
		for _, label := range s.BaseLabels {
			if key, _, _ := strings.Cut(label, ":"); !slices.Contains(seen, key) {
				seen = append(seen, key)
				requests[key] += s.Size
			}
		}
	}
	best := ""
	for key, n := range requests { // in any order: the best one is the same
		if known := len(values[key]); known < 2 || known > valuesMax || 2*n < all {
			continue
		}
		if best == "" || n > requests[best] || n == requests[best] && key < best {
			best = key
		}
	}
	return best
}
