package scheduler

import "fmt"

// Priority is a level at which a task runs and its account pays; 0 is the best.
type Priority int

// NumPriorities is the number of paid levels, p0 to p4.
const NumPriorities = 5

// FreeBucket is the level below all paid ones: it costs nothing and takes only what is left over.
const FreeBucket Priority = NumPriorities

// numLevels counts the paid levels and the free bucket.
const numLevels = NumPriorities + 1

// String returns "p0" to "p4", or "free".
func (p Priority) String() string {
	if p == FreeBucket {
		return "free"
	}
	return fmt.Sprintf("p%d", int(p))
}
