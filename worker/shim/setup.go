package shim

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/quotasched/quotasched/protos/dispatch"
	"github.com/quotasched/quotasched/worker/record"
)

// Files in the directory of a lease.
const (
	runFile    = "run"
	setupFile  = "setup"
	lockFile   = "lock"
	socketFile = "socket"
	endFile    = "end"
	workFolder = "work"
)

// endBytesMax is how much room is kept for the record of an end.
const endBytesMax = 4096

// Setup is what the agent adds to an order.
type Setup struct {
	Agent       string        // names the agent's state directory
	Deadline    time.Duration // by CLOCK_BOOTTIME; 0 means that silence does not end the task
	Margin      time.Duration
	OutputBytes int64  // bound of each of the two files of output
	Cgroup      string // folder of a cgroup v2 to make the task's in; empty means none
	Namespace   bool   // the shim and its task have a PID namespace of their own
}

func writeJSON(path string, v any) error {
	content, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return record.WriteFast(path, content)
}

func readJSON(path string, v any) error {
	content, err := record.Read(path)
	if err != nil {
		return err
	}
	return json.Unmarshal(content, v)
}

// WriteRun records an order in a lease's directory. No task outlives a loss of power.
func WriteRun(dir string, run *dispatch.Run) error {
	content, err := proto.Marshal(run)
	if err != nil {
		return err
	}
	return record.WriteFast(filepath.Join(dir, runFile), content)
}

// ReadRun returns the order that WriteRun recorded.
func ReadRun(dir string) (*dispatch.Run, error) {
	run := &dispatch.Run{}
	return run, readProto(filepath.Join(dir, runFile), run)
}

// WriteEnd records how a lease ended: its phase and its result.
func WriteEnd(dir string, end *dispatch.LeaseReport) error {
	content, err := proto.Marshal(end)
	if err != nil {
		return err
	}
	return record.Write(filepath.Join(dir, endFile), content)
}

// ReadEnd returns what WriteEnd recorded.
func ReadEnd(dir string) (*dispatch.LeaseReport, error) {
	end := &dispatch.LeaseReport{}
	err := readProto(filepath.Join(dir, endFile), end)
	if err == nil && end.GetPhase() < dispatch.Phase_PHASE_FINISHED {
		err = fmt.Errorf("%w: %s is of phase %v", record.ErrDamaged, dir, end.GetPhase())
	}
	return end, err
}

func readProto(path string, m proto.Message) error {
	content, err := record.Read(path)
	if err != nil {
		return err
	}
	if err := proto.Unmarshal(content, m); err != nil {
		return errors.Join(record.ErrDamaged, err)
	}
	return nil
}
