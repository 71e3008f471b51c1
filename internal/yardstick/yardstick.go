// Package yardstick measures how fast the machine is while benchmarks run: machines differ, and the
// same one differs from minute to minute by a factor of two where others share it. Bounds stay what
// they are; the pace says how to read what was measured.
//
// The yardstick is what no scheduler can do without: to look up the labels of a request, to intern
// their sets, and to store the request by its id, all with plain maps.
package yardstick

import (
	"encoding/binary"
	"fmt"
	"hash/maphash"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"time"
)

const (
	stored  = 100_000 // requests that are there all the time
	batch   = 1_000   // requests that come and go with each sample
	samples = 50
	// unit is what a request takes at a pace of 1: on the machine for which the bounds of the
	// benchmarks were set, 1.1 to 1.5 µs were measured.
	unit = 1300 * time.Nanosecond
)

// Pace returns how many times as long things take as on the machine for which the bounds were set,
// on so many processors at work together: the mean of their medians. It takes about a second, and
// leaves nothing behind.
func Pace(processors int) (mean float64) {
	paces := make([]float64, processors)
	var all sync.WaitGroup
	for i := range paces {
		all.Go(func() {
			y := newYardstick()
			took := make([]time.Duration, samples)
			for k := range took {
				took[k] = y.sample()
			}
			slices.Sort(took)
			paces[i] = float64(took[samples/2]) / float64(unit)
		})
	}
	all.Wait()
	runtime.GC() // yardsticks are large, and what is measured next shall not clear them away
	for _, p := range paces {
		mean += p / float64(processors)
	}
	return mean
}

// A yardstick has requests, and times how long others take.
type yardstick struct {
	labels   map[string]uint32
	sets     map[uint64]*labelSet
	requests map[string]*request
	seed     maphash.Seed
	ids      []uint32 // memory of intern
	bytes    []byte   // of hash

	news []news // those of a sample
}

// News is a request that comes.
type news struct {
	id         string
	base, prov []string
}

// A request is one that is stored.
type request struct {
	id         string
	base, prov *labelSet
}

// A labelSet is an interned label set.
type labelSet struct {
	ids  []uint32
	refs int
}

// newYardstick returns one whose requests ask for 5 of 1,000 labels and prefer one of 50 others.
func newYardstick() *yardstick {
	y := &yardstick{
		labels:   map[string]uint32{},
		sets:     map[uint64]*labelSet{},
		requests: map[string]*request{},
		seed:     maphash.MakeSeed(),
	}
	rng := rand.New(rand.NewPCG(1, 1))
	for i := range stored + batch {
		n := news{id: fmt.Sprintf("request-%07d", i),
			prov: []string{fmt.Sprintf("version:%02d", rng.IntN(50))}}
		for range 5 {
			n.base = append(n.base, fmt.Sprintf("label-%03d", rng.IntN(1000)))
		}
		if i < stored {
			y.add(&n)
		} else {
			y.news = append(y.news, n)
		}
	}
	return y
}

// sample returns what a request takes.
func (y *yardstick) sample() time.Duration {
	began := time.Now()
	for i := range y.news {
		y.add(&y.news[i])
	}
	took := time.Since(began) / batch
	for i := range y.news {
		y.remove(y.news[i].id)
	}
	return took
}

func (y *yardstick) add(n *news) {
	y.requests[n.id] = &request{n.id, y.intern(n.base), y.intern(n.prov)}
}

func (y *yardstick) remove(id string) {
	r := y.requests[id]
	for _, set := range []*labelSet{r.base, r.prov} {
		if set.refs--; set.refs == 0 {
			delete(y.sets, y.hash(set.ids))
		}
	}
	delete(y.requests, id)
}

func (y *yardstick) intern(names []string) *labelSet {
	ids := y.ids[:0]
	for _, name := range names {
		id, ok := y.labels[name]
		if !ok {
			id = uint32(len(y.labels))
			y.labels[name] = id
		}
		ids = append(ids, id)
	}
	slices.Sort(ids)
	y.ids = ids
	h := y.hash(ids)
	set := y.sets[h]
	if set == nil {
		set = &labelSet{ids: slices.Clone(ids)}
		y.sets[h] = set
	}
	set.refs++
	return set
}

func (y *yardstick) hash(ids []uint32) uint64 {
	y.bytes = y.bytes[:0]
	for _, id := range ids {
		y.bytes = binary.LittleEndian.AppendUint32(y.bytes, id)
	}
	return maphash.Bytes(y.seed, y.bytes)
}
