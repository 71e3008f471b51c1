package shim

import (
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/quotasched/quotasched/protos/dispatch"
)

// stopSignal returns the signal that asks a task to stop.
func stopSignal(task *dispatch.TaskSpec) (syscall.Signal, error) {
	name := task.GetStopSignal()
	if name == "" {
		return unix.SIGTERM, nil
	}
	s := unix.SignalNum(name)
	if s == 0 {
		return 0, fmt.Errorf("there is no signal %q", name)
	}
	return s, nil
}
