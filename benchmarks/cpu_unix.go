//go:build unix

package benchmarks

import (
	"syscall"
	"time"
)

// cpuTime returns how long processors have worked for this process, on all its threads, so garbage
// collection is in it.
func cpuTime() time.Duration {
	var used syscall.Rusage
	must(syscall.Getrusage(syscall.RUSAGE_SELF, &used))
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
