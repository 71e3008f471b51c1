package scheduler

import "slices"

// Lanes are made when all requests and worker classes have been read: then each demand is filed
// once, by how many classes have its labels, and each queue is made of all its requests at once.
// Until then, a lane is a number that it got with its first request.

// A lanePlan is a lane to make. There is no pointer in it, as it moves while there come more.
type lanePlan struct {
	numbers  laneNumbers
	disorder bool    // its queue is not in order
	newest   instant // nothing in its queue was enqueued later
	requests int     // how many it has in all
	waiting  int     // how many are in its queue
	end      int     // where its queue ends in lanePlans.queues
}

// A plannedRequest is a request that was read, with the number of its lane.
type plannedRequest struct {
	request *request
	lane    int32
}

// lanePlans number lanes from 1 on.
type lanePlans struct {
	list   []lanePlan            // by number
	first  []int32               // by base label set, a lane with it; 0 if there is none
	others map[laneNumbers]int32 // those that are not the first ones of their base label sets
	queues []*request            // the queues to be, one behind another
}

func newLanePlans(sets int) lanePlans {
	return lanePlans{list: make([]lanePlan, 1), first: make([]int32, sets),
		others: map[laneNumbers]int32{}}
}

// number returns the number of a lane.
func (lp *lanePlans) number(n laneNumbers) int32 {
	first := lp.first[n.base]
	if first != 0 && lp.list[first].numbers == n {
		return first
	}
	if at, ok := lp.others[n]; ok {
		return at
	}
	at := int32(len(lp.list))
	if len(lp.list) == cap(lp.list) {
		lp.list = slices.Grow(lp.list, len(lp.list)) // twice as many: moving them is what costs
	}
	lp.list = append(lp.list, lanePlan{numbers: n})
	if first == 0 {
		lp.first[n.base] = at
	} else {
		lp.others[n] = at
	}
	return at
}

// fillQueues lays out the queues. The list has the waiting requests, blocked ones included, by id.
func (lp *lanePlans) fillQueues(list []plannedRequest) {
	waiting := 0
	for i := range lp.list {
		lp.list[i].end = waiting
		waiting += lp.list[i].waiting
	}
	lp.queues = make([]*request, waiting)
	for _, read := range list {
		r, plan := read.request, &lp.list[read.lane]
		if r.blocked() {
			continue
		}
		lp.queues[plan.end] = r
		plan.end++
		if r.enqueued.Before(plan.newest) {
			plan.disorder = true
		} else {
			plan.newest = r.enqueued
		}
	}
}

// queue returns the queue of a lane.
func (lp *lanePlans) queue(plan *lanePlan) (w waitingList) {
	requests := lp.queues[plan.end-plan.waiting : plan.end]
	if len(requests) == 0 {
		return w
	}
	if plan.disorder {
		sortItems(requests)
	}
	return waitingListOf(requests)
}

// makeLanes makes the lanes of all requests that were read, and puts those that wait into them.
func (rd *snapshotReader) makeLanes() {
	rd.lanes.fillQueues(rd.requests[:rd.waiting])
	lanes := make([]*lane, len(rd.lanes.list))
	for i := range lanes[1:] {
		lanes[1+i] = rd.makeLane(&rd.lanes.list[1+i])
	}
	for _, read := range rd.requests {
		read.request.lane = lanes[read.lane]
	}
}

func (rd *snapshotReader) makeLane(plan *lanePlan) *lane {
	base, prov := rd.sets[plan.numbers.base], rd.sets[plan.numbers.prov]
	base.refs++
	prov.refs++
	demand, first := rd.s.index.demand(base, prov)
	l := rd.s.addLane(rd.account(plan.numbers.account), demand, first)
	l.refs = int32(plan.requests)
	l.waitingList = rd.lanes.queue(plan)
	return l
}
