package benchmarks

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"go.chromium.org/luci/common/data/stringset"
)

// A labelling says which labels the requests and workers of a pool have.
type labelling int

const (
	// shaped: 100 models in 2 pools are 200 worker classes with 50 labels each; a request asks for a
	// model in a pool, or for any worker of one of 10 types in it, which are 200 label sets.
	shaped labelling = iota
	// random: a request asks for 5 of 1,000 labels and prefers one of 50 provisionable ones, a
	// worker has 50 and one provisionable one. One pair in three million matches.
	random
	// ancestral: as the ancestor's simulation draws them. A request asks for 4 of 1,000 labels and
	// prefers one of the first 50, a worker has 50 and one of the first 50. One pair in 150,000
	// matches.
	ancestral
	// fifty: a request asks for one of 50 label sets, each of 5 of 1,000 labels; a worker has one of
	// these sets, 45 other labels and a provisionable one. One pair in 50 matches, and nearly no two
	// workers are alike.
	fifty
	// mixed: a request asks for 4 of 100 labels, a worker has 50 of them. Nearly no two are alike,
	// and one pair in seventeen matches.
	mixed
	// few: a request asks for each of four labels with a chance of a half, and a worker has each
	// with a chance of three quarters.
	few
)

// isVaried reports whether nearly no two requests, or no two workers, have the same labels.
func (l labelling) isVaried() bool { return l != shaped }

// A drawer draws label sets: those of requests as lists, since a set for each would be more garbage
// than what is measured makes, and be collected while that is measured.
type drawer struct {
	request func() (base, prov []string)
	worker  func(number int) stringset.Set
}

// drawer returns a drawer with a source of chance.
func (l labelling) drawer(rng *rand.Rand) drawer {
	switch l {
	case random:
		return randomLabels(rng, 5, func() string { return versionNames[rng.IntN(50)] })
	case ancestral:
		return randomLabels(rng, 4, func() string { return labelNames[rng.IntN(50)] })
	case fifty:
		return fiftySets(rng)
	case mixed:
		return pairs(func() (request, worker []string) {
			return pick(rng, 4, 100), pick(rng, 50, 100)
		})
	case few:
		return pairs(func() (request, worker []string) { return fourLabels(rng) })
	}
	return shapedLabels(rng)
}

var (
	labelNames   = names("label-%03d", 1000)
	versionNames = names("version:%02d", 50)
	poolNames    = names("pool:%d", 2)
	modelNames   = names("model:%d", 100)
	typeNames    = names("type:%d", 10)
)

func names(format string, n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf(format, i)
	}
	return all
}

// pick returns n different ones of the first labels.
func pick(rng *rand.Rand, n, among int) []string {
	picked := make([]string, 0, n)
	for len(picked) < n {
		if name := labelNames[rng.IntN(among)]; !slices.Contains(picked, name) {
			picked = append(picked, name)
		}
	}
	return picked
}

func shapedLabels(rng *rand.Rand) drawer {
	return drawer{
		request: func() (base, prov []string) {
			shape := rng.IntN(200)
			kind := modelNames[shape/2]
			if shape >= 180 {
				kind = typeNames[(shape-180)/2]
			}
			return []string{poolNames[shape%2], kind}, []string{versionNames[shape%5]}
		},
		worker: func(w int) stringset.Set {
			model, pool := w%100, w/100%2
			set := stringset.NewFromSlice(poolNames[pool], modelNames[model], typeNames[model%10],
				versionNames[model%5])
			for i := range 46 {
				set.Add(fmt.Sprintf("fact-%d:%d", i, (model+pool)%(i+2)))
			}
			return set
		},
	}
}

// randomLabels draws n of the labels for a request, 50 for a worker, and a provisionable one for
// either.
func randomLabels(rng *rand.Rand, n int, provisionable func() string) drawer {
	return drawer{
		request: func() (base, prov []string) {
			return pick(rng, n, 1000), []string{provisionable()}
		},
		worker: func(int) stringset.Set {
			set := stringset.NewFromSlice(pick(rng, 50, 1000)...)
			set.Add(provisionable())
			return set
		},
	}
}

func fiftySets(rng *rand.Rand) drawer {
	var sets [][]string
	for range 50 {
		sets = append(sets, pick(rng, 5, 1000))
	}
	version := func() string { return versionNames[rng.IntN(50)] }
	return drawer{
		request: func() (base, prov []string) {
			return sets[rng.IntN(len(sets))], []string{version()}
		},
		worker: func(int) stringset.Set {
			set := stringset.NewFromSlice(sets[rng.IntN(len(sets))]...)
			set.AddAll(pick(rng, 45, 1000))
			set.Add(version())
			return set
		},
	}
}

// pairs draws from pairs of label sets, one for a request without provisionable labels and one for
// a worker.
func pairs(draw func() (request, worker []string)) drawer {
	return drawer{
		request: func() (base, prov []string) {
			base, _ = draw()
			return base, nil
		},
		worker: func(int) stringset.Set {
			_, labels := draw()
			return stringset.NewFromSlice(labels...)
		},
	}
}

func fourLabels(rng *rand.Rand) (request, worker []string) {
	for _, label := range labelNames[:4] {
		if rng.IntN(2) == 0 {
			request = append(request, label)
		}
		if rng.IntN(4) > 0 {
			worker = append(worker, label)
		}
	}
	return request, worker
}
