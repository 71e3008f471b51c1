//go:build !unix

package benchmarks

import "time"

// cpuTime returns, where the system does not say for how long processors have worked for this
// process, the time since it began.
func cpuTime() time.Duration { return time.Since(epochOfClock) }
