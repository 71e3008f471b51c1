package trace

import (
	"context"
	"errors"

	"github.com/quotasched/quotasched/simulator"
)

// Loaded is a workload made from a log, and what was met on the way.
type Loaded struct {
	Workload *simulator.Workload
	// Notes say for people what was read, skipped and assumed: one sentence each.
	Notes []string
	// Warnings are malformed rows and the like that were skipped: the first ones, in full.
	Warnings []string
}

// Load reads a log and maps it. Errors name the file and line, or the field of the source (package
// field) that is wrong. It ends early, with ctx's error, when ctx does.
func Load(ctx context.Context, source *Source) (*Loaded, error) {
	return nil, errors.ErrUnsupported
}

// Validate returns nil, or an error (package field) that names all mistakes in the source that
// show without reading the log.
func (s *Source) Validate() error { return nil }
