package replay

import (
	"time"

	"github.com/quotasched/quotasched/protos"
)

// A Point is a place in a journal, before a step. If several fields are set, the one that comes
// first counts. The zero value is the end of the journal.
type Point struct {
	// Begin is before the first step.
	Begin bool
	// Step is after the step of this number; 0 for none.
	Step uint64
	// Time is before the first step whose operation is later than that; the zero time for none.
	Time time.Time
}

// IsBefore reports whether a point comes before a step. In a journal that ends before the point, it
// does so for none.
func (p Point) IsBefore(step *protos.JournalStep) bool {
	return p.Begin || p.Step > 0 && step.GetNumber() > p.Step ||
		!p.Time.IsZero() && step.GetOperation().GetTime().AsTime().After(p.Time)
}
