package worker

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/quotasched/quotasched/worker/shim"
)

// outputBytesDefault bounds each of the two files of a task's output.
const outputBytesDefault = 8 << 20

// Exec is the driver that runs commands, each below a shim of its own. See package shim.
type Exec struct {
	// Shim is the program that calls shim.Main, with its arguments before the directory; none means
	// this program with "agent-shim".
	Shim []string
	// OutputBytes bounds each of the two files that a task's output may fill; 0 means 8 MiB.
	OutputBytes int64
	// Cgroup is a folder of a cgroup v2 in which a cgroup is made for each task; empty means none:
	// then tasks with limits are refused.
	Cgroup string
	// Namespace gives each task a PID namespace of its own: it sees its own processes alone, and the
	// kernel kills all of them when the shim ends, whatever it ends by. Where that cannot be, as
	// shim.CheckNamespace says, no task starts.
	Namespace bool
	// agent names the state directory; adopt sets it.
	agent string
}

// Start implements Driver.
func (d *Exec) Start(ctx context.Context, t Task) (Process, error) {
	if t.Run.GetTask().GetExec() == nil {
		return nil, errors.New("the task has no command")
	}
	command, err := d.command()
	if err != nil {
		return nil, err
	}
	setup := shim.Setup{
		Agent: d.agent, Deadline: t.Deadline, Margin: t.Margin, OutputBytes: d.OutputBytes,
		Namespace: d.Namespace,
	}
	if setup.OutputBytes <= 0 {
		setup.OutputBytes = outputBytesDefault
	}
	if d.Cgroup != "" {
		setup.Cgroup = filepath.Join(d.Cgroup, filepath.Base(t.Dir))
	}
	s, err := shim.Start(command, t.Dir, setup)
	if err != nil {
		return nil, err
	}
	select {
	case <-s.Began():
	case <-ctx.Done():
		s.Stop(0, true) // it ends, and says so
	}
	return process{s}, nil
}

// command is the program that calls shim.Main.
func (d *Exec) command() ([]string, error) {
	if len(d.Shim) > 0 {
		return d.Shim, nil
	}
	program, err := os.Executable()
	return []string{program, "agent-shim"}, err
}

// Find implements Driver.
func (d *Exec) Find(ctx context.Context, t Task) (Process, error) {
	mark := shim.Mark{Agent: d.agent, Lease: t.Run.GetLeaseId()}
	s, err := shim.Find(t.Dir, mark)
	if err != nil {
		return nil, err
	}
	select {
	case <-s.Began():
	case <-ctx.Done(): // it does not answer, and ends at its deadline
	}
	return process{s}, nil
}

// adopt makes the driver that of a state directory. It ends processes of leases that are no more.
func (d *Exec) adopt(agent string, known func(lease string) bool) (int, error) {
	d.agent = agent
	return shim.Sweep(agent, known)
}

// process is a task below a shim.
type process struct{ *shim.Shim }

// Saved implements Process.
func (process) Saved() (time.Duration, bool) { return 0, false }

var _ Process = process{}
