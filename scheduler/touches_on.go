//go:build invariants

package scheduler

// Touches counts what the engine looks at: a measure of cost that no machine changes. It is there
// only under the build tag invariants.
type Touches struct {
	// Lanes and Kinds are those that a pass considers, Needs those that a kind of worker is matched
	// with, and Runs those that are offered for preemption.
	Lanes, Kinds, Needs, Runs int
	// Comparisons are those of ordered lists and heaps.
	Comparisons int
}

// touches is shared by all schedulers of a test, none of which run side by side.
var touches Touches

// Touched returns what was counted since the last call.
func Touched() Touches {
	t := touches
	touches = Touches{}
	return t
}

func touchLane()    { touches.Lanes++ }
func touchKind()    { touches.Kinds++ }
func touchNeed()    { touches.Needs++ }
func touchRun()     { touches.Runs++ }
func touchCompare() { touches.Comparisons++ }
