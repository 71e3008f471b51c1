package node

import (
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/quotasched/quotasched/protos/dispatch"
)

// changed returns orders that make those of before, a complete picture, into those of now: what is
// new or different. items is how many there are. ok is false if only a complete picture can say it:
// a lease was to be run or stopped, and is not in the picture any more. That a lease is no longer
// recorded needs no saying.
func changed(before, now *dispatch.Orders) (o *dispatch.Orders, items int, ok bool) {
	o = &dispatch.Orders{Kind: dispatch.Orders_KIND_INCREMENTAL, Directive: now.GetDirective(),
		Fetches: unsent(before.GetFetches(), now.GetFetches())}
	named := make(map[string]bool, len(now.GetRuns())+len(now.GetStops())+len(now.GetRecorded()))
	runs, stops := runsByLease(before), stopsByLease(before)
	for _, r := range now.GetRuns() {
		named[r.GetLeaseId()] = true
		if old := runs[r.GetLeaseId()]; old == nil || !proto.Equal(old, r) {
			o.Runs = append(o.Runs, r)
		}
	}
	for _, s := range now.GetStops() {
		named[s.GetLeaseId()] = true
		if old := stops[s.GetLeaseId()]; old == nil || !proto.Equal(old, s) {
			o.Stops = append(o.Stops, s)
		}
	}
	for _, id := range now.GetRecorded() {
		named[id] = true
		if !slices.Contains(before.GetRecorded(), id) {
			o.Recorded = append(o.Recorded, id)
		}
	}
	for id := range runs {
		if !named[id] {
			return nil, 0, false
		}
	}
	for id := range stops {
		if !named[id] {
			return nil, 0, false
		}
	}
	items = len(o.GetRuns()) + len(o.GetStops()) + len(o.GetRecorded())
	if before.GetDirective() != now.GetDirective() {
		items++
	}
	return o, items, true
}

func runsByLease(o *dispatch.Orders) map[string]*dispatch.Run {
	m := make(map[string]*dispatch.Run, len(o.GetRuns()))
	for _, r := range o.GetRuns() {
		m[r.GetLeaseId()] = r
	}
	return m
}

func stopsByLease(o *dispatch.Orders) map[string]*dispatch.Stop {
	m := make(map[string]*dispatch.Stop, len(o.GetStops()))
	for _, s := range o.GetStops() {
		m[s.GetLeaseId()] = s
	}
	return m
}

// asks reports whether orders ask for anything.
func asks(o *dispatch.Orders) bool {
	return len(o.GetRuns())+len(o.GetStops())+len(o.GetRecorded())+len(o.GetFetches()) > 0 ||
		o.GetDirective() != dispatch.Orders_DIRECTIVE_UNSPECIFIED
}
