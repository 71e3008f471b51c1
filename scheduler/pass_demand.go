package scheduler

import "github.com/quotasched/quotasched/internal/minheap"

// A demandPass is what a pass knows of a demand.
type demandPass struct {
	demand *demand
	found  bool // it is in pass.demands
	choice choice

	// What follows is about its lanes in the queue; see pass_queue.go.
	queued uint64                 // the filling of the queue that the rest belongs to
	front  int                    // where the first lane was then
	behind minheap.Heap[laneHead] // the other lanes
}

// hasNone reports whether it is known that no idle class can run the demand.
func (k *demandPass) hasNone() bool { return k.choice.known && k.choice.none }

// hasNone reports whether the pass knows that no idle class can run a demand.
func (p *pass) hasNone(demand *demand) bool {
	k := p.demands.known(demand)
	return k != nil && k.hasNone()
}

// demandPasses has what a pass knows of the demands that it has met, in chunks, as they are
// pointed to. They are used again by the next pass.
type demandPasses struct {
	chunks []*[demandsPerChunk]demandPass
	n      int32
}

const demandsPerChunk = 128

// known returns what the pass knows of a demand, nil if that is nothing.
func (ds *demandPasses) known(d *demand) *demandPass {
	if at := d.inPass; at < ds.n {
		if k := ds.at(at); k.demand == d {
			return k
		}
	}
	return nil
}

// of returns what the pass knows of a demand, from now on.
func (ds *demandPasses) of(d *demand) *demandPass {
	if k := ds.known(d); k != nil {
		return k
	}
	if int(ds.n) == len(ds.chunks)*demandsPerChunk {
		ds.chunks = append(ds.chunks, new([demandsPerChunk]demandPass))
	}
	k := ds.at(ds.n)
	k.demand, d.inPass = d, ds.n
	ds.n++
	return k
}

func (ds *demandPasses) at(i int32) *demandPass {
	return &ds.chunks[i/demandsPerChunk][i%demandsPerChunk]
}

// forget forgets all demands. Of the memory, what other passes may need stays.
func (ds *demandPasses) forget() {
	for i := range ds.n {
		k := ds.at(i)
		k.behind.Reset()
		*k = demandPass{behind: k.behind}
	}
	used := (int(ds.n) + demandsPerChunk - 1) / demandsPerChunk
	if keep := max(1, used, len(ds.chunks)/2); keep < len(ds.chunks) {
		clear(ds.chunks[keep:])
		ds.chunks = ds.chunks[:keep]
	}
	ds.n = 0
}
