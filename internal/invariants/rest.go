package invariants

import (
	"bytes"

	"google.golang.org/protobuf/proto"

	"github.com/quotasched/quotasched/scheduler"
)

// Passer makes passes: a scheduler.
type Passer interface {
	RunOnce(scheduler.EventSink) []scheduler.Assignment
	Hash() [32]byte
}

// CheckFixedPoint makes passes until one changes nothing, which must be within so many passes. In
// one pass no worker is given away twice and no request is placed twice; in all of them, a request
// is placed again only after it lost its worker to another one before it was handed out.
func CheckFixedPoint(s Passer, passesMax int) error {
	places := map[scheduler.RequestID]scheduler.WorkerID{}
	before := s.Hash()
	for range passesMax {
		if err := checkPass(s.RunOnce(nil), places); err != nil {
			return err
		}
		after := s.Hash()
		if after == before {
			return nil
		}
		before = after
	}
	return broken(FixedPoint, "%d passes have not come to rest", passesMax)
}

// checkPass follows the decisions of one pass. The places are those of requests that were placed
// and have not lost their worker since.
func checkPass(all []scheduler.Assignment,
	places map[scheduler.RequestID]scheduler.WorkerID) error {
	tenants := map[scheduler.WorkerID]scheduler.RequestID{}
	for r, w := range places {
		tenants[w] = r
	}
	given := map[scheduler.WorkerID]bool{}
	placed := map[scheduler.RequestID]bool{}
	for _, a := range all {
		if given[a.Worker] || placed[a.Request] {
			return broken(FixedPoint, "in one pass, %q or %q is in two assignments", a.Worker,
				a.Request)
		}
		given[a.Worker], placed[a.Request] = true, true
		if a.Type == scheduler.AssignmentPreemptWorker {
			delete(places, tenants[a.Worker])
		}
		if w, twice := places[a.Request]; twice {
			return broken(FixedPoint, "%q is placed on %q, and is on %q", a.Request, a.Worker, w)
		}
		places[a.Request] = a.Worker
	}
	return nil
}

// CheckSame says whether two snapshots are the same to the byte.
func CheckSame(a, b proto.Message) error {
	o := proto.MarshalOptions{Deterministic: true}
	x, err := o.Marshal(a)
	if err != nil {
		return broken(SameState, "%v", err)
	}
	y, err := o.Marshal(b)
	if err != nil {
		return broken(SameState, "%v", err)
	}
	if !bytes.Equal(x, y) {
		return broken(SameState, "the snapshots differ: %v and %v", a, b)
	}
	return nil
}
