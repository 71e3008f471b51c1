// Package touches counts what the scheduler looks at: a measure of cost that no machine changes.
// It counts under the build tag invariants only. Without it each call costs nothing, as the
// compiler removes it.
//
// The counts are shared by all schedulers of a process, so that tests which read them run none side
// by side.
package touches

// Counts are numbers of looks.
type Counts struct {
	// Lanes and Classes are the lanes and worker classes that a pass considers, Demands the demands
	// that a worker class is matched with, and Runs the runs that are offered for preemption.
	Lanes, Classes, Demands, Runs int
	// Comparisons are those of ordered lists and heaps.
	Comparisons int
	// Slots are the members of a slot set that are looked up in others.
	Slots int
}

// Total returns the number of all looks.
func (c *Counts) Total() int {
	return c.Lanes + c.Classes + c.Demands + c.Runs + c.Comparisons + c.Slots
}

// counts are those since the last Take.
var counts Counts

// Take returns what was counted since the last call; nothing without the build tag.
func Take() Counts {
	c := counts
	counts = Counts{}
	return c
}

// Pause returns a function that takes back what is counted from now on until it is called:
//
//	defer touches.Pause()()
func Pause() (resume func()) {
	c := counts
	return func() { counts = c }
}

// Lane counts a lane.
func Lane() {
	if enabled {
		counts.Lanes++
	}
}

// Class counts a worker class.
func Class() {
	if enabled {
		counts.Classes++
	}
}

// Demand counts a demand.
func Demand() {
	if enabled {
		counts.Demands++
	}
}

// Run counts a run.
func Run() {
	if enabled {
		counts.Runs++
	}
}

// Comparison counts a comparison.
func Comparison() {
	if enabled {
		counts.Comparisons++
	}
}

// Slot counts a member of a slot set.
func Slot() {
	if enabled {
		counts.Slots++
	}
}
