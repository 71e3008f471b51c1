// Package yardstick measures how fast the machine is while something else is measured: machines
// differ, and the same one differs from minute to minute by a factor of two where others share it.
//
// The yardstick is what no scheduler can do without: to look up the labels of a request, to intern
// their sets, and to store the request by its id, all with plain maps.
package yardstick

import (
	"encoding/binary"
	"fmt"
	"hash/maphash"
	"math/rand/v2"
	"slices"
	"time"
)

const (
	stored = 100_000 // requests that are there all the time
	batch  = 1_000   // requests that come and go with each sample
	// Unit is what a request takes at a pace of 1: on the machine for which the bounds of the
	// benchmarks were set, 1.1 to 1.5 µs were measured.
	Unit = 1300 * time.Nanosecond
	// Between samples pass 20 ms at least, as they leave caches cold. After a long time there are
	// several at once, so that there are enough of them beside what takes seconds.
	interval = 20 * time.Millisecond
	atOnce   = 10
)

// A Yardstick takes samples of the pace of the machine. It is not safe for concurrent use.
type Yardstick struct {
	labels   map[string]uint32
	sets     map[uint64]*labelSet
	requests map[string]*request
	seed     maphash.Seed
	ids      []uint32 // memory of intern
	bytes    []byte   // of hash

	news    [atOnce][]news // those of a sample, in turn
	turn    int
	samples []time.Duration
	last    time.Time // when the last sample was taken
}

// News is a request that comes.
type news struct {
	id         string
	base, prov []string
}

// A request is one that is stored.
type request struct {
	id         string
	enqueued   time.Time
	base, prov *labelSet
}

// A labelSet is an interned label set.
type labelSet struct {
	ids  []uint32
	refs int
}

// New returns a yardstick, whose requests ask for 5 of 1,000 labels and prefer one of 50 others.
// It takes 40 MB.
func New() *Yardstick {
	y := &Yardstick{
		labels:   map[string]uint32{},
		sets:     map[uint64]*labelSet{},
		requests: map[string]*request{},
		seed:     maphash.MakeSeed(),
	}
	rng, drawn := rand.New(rand.NewPCG(1, 1)), 0
	draw := func() news {
		drawn++
		n := news{id: fmt.Sprintf("request-%07d", drawn),
			prov: []string{fmt.Sprintf("version:%02d", rng.IntN(50))}}
		for range 5 {
			n.base = append(n.base, fmt.Sprintf("label-%03d", rng.IntN(1000)))
		}
		return n
	}
	for range stored {
		n := draw()
		y.add(&n)
	}
	for i := range y.news {
		for range batch {
			y.news[i] = append(y.news[i], draw())
		}
	}
	return y
}

// Reset forgets all samples.
func (y *Yardstick) Reset() {
	y.samples = y.samples[:0]
	y.last = time.Time{}
}

// Look takes samples by a clock, unless the last ones were taken just before.
func (y *Yardstick) Look(clock func() time.Duration) {
	if n := min(time.Since(y.last)/interval, atOnce); n > 0 {
		y.Take(int(n), clock)
	}
}

// Take takes so many samples by a clock.
func (y *Yardstick) Take(n int, clock func() time.Duration) {
	for range n {
		y.sample(clock)
	}
	y.last = time.Now()
}

func (y *Yardstick) sample(clock func() time.Duration) {
	y.turn = (y.turn + 1) % len(y.news)
	news := y.news[y.turn]
	began := clock()
	for i := range news {
		y.add(&news[i])
	}
	y.samples = append(y.samples, (clock()-began)/batch)
	for i := range news {
		y.remove(news[i].id)
	}
}

// Pace is how many times as long things take as at a pace of 1, by the median of the samples since
// Reset, of which there must be one. It is at least 1.
func (y *Yardstick) Pace() float64 {
	sorted := slices.Sorted(slices.Values(y.samples))
	return max(1, float64(sorted[len(sorted)/2])/float64(Unit))
}

func (y *Yardstick) add(n *news) {
	y.requests[n.id] = &request{n.id, y.last, y.intern(n.base), y.intern(n.prov)}
}

func (y *Yardstick) remove(id string) {
	r := y.requests[id]
	for _, set := range []*labelSet{r.base, r.prov} {
		if set.refs--; set.refs == 0 {
			delete(y.sets, y.hash(set.ids))
		}
	}
	delete(y.requests, id)
}

func (y *Yardstick) intern(names []string) *labelSet {
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

func (y *Yardstick) hash(ids []uint32) uint64 {
	y.bytes = y.bytes[:0]
	for _, id := range ids {
		y.bytes = binary.LittleEndian.AppendUint32(y.bytes, id)
	}
	return maphash.Bytes(y.seed, y.bytes)
}
