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

// CheckFixedPoint makes passes until one changes nothing, which must be within so many passes. No
// request may be placed twice on the way, and no worker be preempted twice in one pass.
func CheckFixedPoint(s Passer, passesMax int) error {
	placed := map[scheduler.RequestID]bool{}
	before := s.Hash()
	for range passesMax {
		assignments := s.RunOnce(nil)
		workers := map[scheduler.WorkerID]bool{}
		for _, a := range assignments {
			if placed[a.Request] {
				return broken(FixedPoint, "%q is placed twice", a.Request)
			}
			placed[a.Request] = true
			if workers[a.Worker] {
				return broken(FixedPoint, "%q is given away twice in one pass", a.Worker)
			}
			workers[a.Worker] = true
		}
		after := s.Hash()
		if after == before {
			return nil
		}
		before = after
	}
	return broken(FixedPoint, "%d passes have not come to rest", passesMax)
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
