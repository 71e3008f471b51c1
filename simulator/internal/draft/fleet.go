package draft

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/quotasched/quotasched/simulator"
	"github.com/quotasched/quotasched/simulator/generate"
)

// Oddity is a label of few requests that is another label but for case and separators.
type Oddity struct {
	Label, Meant string
	Requests     int
}

// Fleet guesses the workers on which a log ran. For each set of base labels, there are as many as
// its submissions used at once in reality, and at least as many as the largest of them needs; where
// the log does not say when they started, they are taken to start at once. A log without labels
// that says how large its machine was has that many workers. A total above 0, or else the size of
// the machine, is divided among the sets in proportion to that. Labels that are probably mistakes
// get no workers, and are returned. Cost: O(n log n) in submissions.
func Fleet(w *simulator.Workload, total int) (generate.Fleet, []Oddity) {
	sets := setsOf(w)
	odd := oddities(sets)
	sets = slices.DeleteFunc(sets, func(s *labelSet) bool {
		return slices.ContainsFunc(odd, func(o Oddity) bool {
			return slices.Contains(s.labels, o.Label)
		})
	})
	if len(sets) == 1 && len(sets[0].labels) == 0 {
		return generate.Fleet{Total: min(cmp.Or(total, w.RealWorkers, sets[0].workers()),
			workersMax)}, odd
	}
	counts := make([]int, len(sets))
	sum := 0
	for i, s := range sets {
		counts[i] = s.workers()
		sum += counts[i]
	}
	total = cmp.Or(total, w.RealWorkers, min(sum, workersMax))
	if total != sum {
		counts = shares(sets, counts, max(total, len(sets)))
	}
	var fleet generate.Fleet
	for i, s := range sets {
		fleet.Groups = append(fleet.Groups, generate.WorkerGroup{Name: s.name(), Count: counts[i],
			Labels: s.labels})
	}
	return fleet, odd
}

// workersMax bounds a fleet.
const workersMax = 1_000_000

// labelSet has the submissions with the same base labels.
type labelSet struct {
	labels   []string
	requests int
	largest  int
	steps    []step
}

// step is a moment at which a number of workers begin or end to be used.
type step struct {
	at    time.Duration
	delta int
}

// setsOf returns the sets of labels in a workload, in order.
func setsOf(w *simulator.Workload) []*labelSet {
	sets := map[string]*labelSet{}
	for i := range w.Submissions {
		s := &w.Submissions[i]
		key := strings.Join(s.BaseLabels, "\x00")
		set := sets[key]
		if set == nil {
			set = &labelSet{labels: s.BaseLabels}
			sets[key] = set
		}
		set.requests += s.Size
		set.largest = max(set.largest, s.Size)
		start := s.Submit + max(s.RealWait, 0)
		set.steps = append(set.steps, step{start, s.Size}, step{start + s.Run, -s.Size})
	}
	var list []*labelSet
	for _, key := range slices.Sorted(maps.Keys(sets)) {
		list = append(list, sets[key])
	}
	return list
}

// workers is how many workers were used at once, or are needed at least.
func (s *labelSet) workers() int {
	slices.SortStableFunc(s.steps, func(a, b step) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.delta, b.delta)) // ends first
	})
	used, most := 0, s.largest
	for _, step := range s.steps {
		used += step.delta
		most = max(most, used)
	}
	return min(most, workersMax)
}

// name is what the workers of the set are called: by its values, as far as they are plain.
func (s *labelSet) name() string {
	var words []string
	for _, label := range s.labels {
		_, value, ok := strings.Cut(label, ":")
		if !ok {
			value = label
		}
		words = append(words, strings.Map(func(r rune) rune {
			if strings.ContainsRune("{} \t\n", r) {
				return '-'
			}
			return r
		}, value))
	}
	if len(words) == 0 {
		return "any"
	}
	return strings.Join(words, "-")
}

// shares divides a total among sets that used so many workers each, in proportion to what they used
// beyond what their largest submission needs, which each of them has if the total is enough.
func shares(sets []*labelSet, used []int, total int) []int {
	out, weights := make([]int, len(sets)), make([]int, len(sets))
	least := 0
	for _, s := range sets {
		least += s.largest
	}
	rest := total
	for i, s := range sets {
		out[i] = 1
		if least <= total {
			out[i] = s.largest
		}
		weights[i] = used[i] - out[i] + 1
		rest -= out[i]
	}
	weight := 0
	for _, w := range weights {
		weight += w
	}
	for i, w := range weights {
		part := int(math.Round(float64(rest) * float64(w) / float64(weight)))
		out[i] += part
		rest, weight = rest-part, weight-w
	}
	return out
}

// oddities finds labels of few requests that are another label of twenty times as many, but for
// case and separators.
func oddities(sets []*labelSet) []Oddity {
	const fewer = 20
	requests := map[string]int{}
	for _, s := range sets {
		for _, label := range s.labels {
			requests[label] += s.requests
		}
	}
	byPlain := map[string][]string{}
	for _, label := range slices.Sorted(maps.Keys(requests)) {
		byPlain[plain(label)] = append(byPlain[plain(label)], label)
	}
	var odd []Oddity
	for _, key := range slices.Sorted(maps.Keys(byPlain)) {
		meant := slices.MaxFunc(byPlain[key], func(a, b string) int {
			return cmp.Compare(requests[a], requests[b])
		})
		for _, label := range byPlain[key] {
			if requests[label]*fewer <= requests[meant] {
				odd = append(odd, Oddity{Label: label, Meant: meant, Requests: requests[label]})
			}
		}
	}
	return odd
}

// plain is a label without case and separators.
func plain(label string) string {
	return strings.NewReplacer("-", "", "_", "", " ", "").Replace(strings.ToLower(label))
}
