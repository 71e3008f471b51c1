package demo

import (
	"fmt"
	"strconv"
	"time"

	"github.com/quotasched/quotasched/protos/dispatch"
)

// unknownRun is how long a task runs that does not say it.
const unknownRun = time.Minute

// Simulate returns the payload of a task that runs for so long and ends with an exit code, for
// simulated machines: the command "simulate RUN EXIT".
func Simulate(run time.Duration, exit int) *dispatch.Exec {
	return &dispatch.Exec{Command: []string{"simulate", run.String(), strconv.Itoa(exit)}}
}

// simulated is what a simulated machine makes of a task.
type simulated struct {
	run  time.Duration
	exit int32
}

// simulation reads a task's payload. An error is one of the task, which can never run.
func simulation(spec *dispatch.TaskSpec) (simulated, error) {
	command := spec.GetExec().GetCommand()
	if len(command) == 0 || command[0] != "simulate" {
		return simulated{run: unknownRun}, nil
	}
	if len(command) != 3 {
		return simulated{}, fmt.Errorf("want simulate RUN EXIT, such as simulate 10m 0")
	}
	run, err := time.ParseDuration(command[1])
	if err != nil || run < 0 {
		return simulated{}, fmt.Errorf("%q is not a duration such as 10m", command[1])
	}
	exit, err := strconv.ParseUint(command[2], 10, 8)
	if err != nil {
		return simulated{}, fmt.Errorf("%q is not an exit code from 0 to 255", command[2])
	}
	return simulated{run: run, exit: int32(exit)}, nil
}
