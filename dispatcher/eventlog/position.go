package eventlog

import (
	"cmp"
	"fmt"

	"github.com/quotasched/quotasched/protos/dispatch"
)

// A Position is the number of an event. The zero position is before all events.
type Position struct {
	Index uint64 // the entry
	N     uint32 // which of its events
}

// PositionOf is the position in a message; that of nil is the zero one.
func PositionOf(p *dispatch.Position) Position { return Position{p.GetIndex(), p.GetN()} }

// Compare returns -1, 0 or 1.
func (p Position) Compare(q Position) int {
	return cmp.Or(cmp.Compare(p.Index, q.Index), cmp.Compare(p.N, q.N))
}

func (p Position) before(q Position) bool { return p.Compare(q) < 0 }

func (p Position) String() string { return fmt.Sprintf("%d.%d", p.Index, p.N) }

// endOf is after all events of an entry, and before those of the next one.
func endOf(index uint64) Position { return Position{index, ^uint32(0)} }
