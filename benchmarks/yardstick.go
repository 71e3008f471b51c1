package benchmarks

import (
	"encoding/binary"
	"hash/maphash"
	"slices"
	"sync"
	"time"

	"github.com/quotasched/quotasched/scheduler"
)

// A yardstick measures how fast the machine is while something else is measured, as machines differ,
// and the same one differs from minute to minute by a factor of two where others share it. It does
// for a request what no scheduler can do without, with plain maps: it looks up the labels, interns
// their sets, and stores the request by its id.
type yardstick struct {
	labels   map[string]uint32
	sets     map[uint64]*yardSet
	requests map[scheduler.RequestID]*yardRequest
	seed     maphash.Seed
	ids      []uint32 // memory of intern
	bytes    []byte   // of hash

	news    [yardAtOnce][]*scheduler.TaskRequest // those of a sample, in turn
	turn    int
	samples []time.Duration
	last    time.Time // when the last sample was taken
}

// theYardstick is used by all measurements, which come one after the other.
var theYardstick = sync.OnceValue(newYardstick)

// A yardSet is an interned label set.
type yardSet struct {
	ids  []uint32
	refs int
}

// A yardRequest is a request that is stored.
type yardRequest struct {
	id         scheduler.RequestID
	enqueued   time.Time
	base, prov *yardSet
}

const (
	yardWaiting = 100_000 // requests that are stored all the time
	yardBatch   = 1_000   // requests that come and go with each sample
	// yardTime is what a request takes on the machine for which the bounds on times were set: there,
	// 1.1 to 1.5 µs were measured.
	yardTime = 1300 * time.Nanosecond
)

// newYardstick returns one that has its requests.
func newYardstick() *yardstick {
	y := &yardstick{
		labels:   map[string]uint32{},
		sets:     map[uint64]*yardSet{},
		requests: map[scheduler.RequestID]*yardRequest{},
		seed:     maphash.MakeSeed(),
	}
	p := emptyWorld(engineTarget(), Size{yardWaiting, 0, 1}, shape{labelling: random})
	for range yardWaiting {
		y.add(p.request(epoch))
	}
	for i := range y.news {
		for range yardBatch {
			y.news[i] = append(y.news[i], p.request(epoch))
		}
	}
	return y
}

// Between samples pass 20 ms at least, as they leave caches cold. After a long time there are several
// at once, so that there are enough of them beside what takes seconds.
const (
	yardInterval = 20 * millisecond
	yardAtOnce   = 10
)

// look takes samples by a clock, unless the last ones were taken just before.
func (y *yardstick) look(clock func() time.Duration) {
	passed := time.Since(y.last)
	for range min(passed/yardInterval, yardAtOnce) {
		y.sample(clock)
	}
	if passed >= yardInterval {
		y.last = time.Now()
	}
}

func (y *yardstick) sample(clock func() time.Duration) {
	y.turn = (y.turn + 1) % len(y.news)
	news := y.news[y.turn]
	began := clock()
	for _, r := range news {
		y.add(r)
	}
	y.samples = append(y.samples, (clock()-began)/yardBatch)
	for _, r := range news {
		y.remove(r.ID)
	}
}

// reset forgets all samples.
func (y *yardstick) reset() {
	y.samples = y.samples[:0]
	y.last = time.Time{}
}

// pace is how many times as long things take as on the machine for which the bounds were set, by
// the median of the samples since reset. It is at least 1.
func (y *yardstick) pace() float64 {
	sorted := slices.Sorted(slices.Values(y.samples))
	return max(1, float64(sorted[len(sorted)/2])/float64(yardTime))
}

func (y *yardstick) add(r *scheduler.TaskRequest) {
	y.requests[r.ID] = &yardRequest{r.ID, r.EnqueueTime, y.intern(r.BaseLabels),
		y.intern(r.ProvisionableLabels)}
}

func (y *yardstick) remove(id scheduler.RequestID) {
	r := y.requests[id]
	for _, set := range []*yardSet{r.base, r.prov} {
		if set.refs--; set.refs == 0 {
			delete(y.sets, y.hash(set.ids))
		}
	}
	delete(y.requests, id)
}

func (y *yardstick) intern(names []string) *yardSet {
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
		set = &yardSet{ids: slices.Clone(ids)}
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
