package generate

import (
	"errors"
	"time"

	"github.com/quotasched/quotasched/simulator"
)

// Spec describes a workload.
type Spec struct {
	// Start is the moment at which it begins, Monday, 5 January 2026 if it is not set. Hours of
	// days and days of weeks are those of UTC.
	Start time.Time `yaml:"start,omitempty" json:"start,omitempty"`
	// Length is how long submissions arrive; more than 0.
	Length time.Duration `yaml:"length" json:"length"`
	// Streams are the sources of submissions, each with a random sequence of its own, so that one
	// more stream changes nothing in the others.
	Streams []Stream `yaml:"streams" json:"streams"`
}

// Workload makes the submissions of a seed. Cost: O(n log n) in submissions.
func (s *Spec) Workload(name string, seed uint64) (*simulator.Workload, error) {
	return nil, errors.ErrUnsupported
}

// Validate returns nil, or an error (package field) that names all mistakes.
func (s *Spec) Validate() error { return nil }

// Stream is a source of submissions: a team, or one kind of its work.
type Stream struct {
	Name string `yaml:"name" json:"name"`
}
