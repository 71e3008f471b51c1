package shim

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/quotasched/quotasched/protos/dispatch"
)

// cpuPeriod is the period of cpu.max, in microseconds.
const cpuPeriod = 100_000

// makeCgroup makes a task's cgroup and sets its limits. An empty folder means that there is none:
// then a task with limits cannot run here.
func makeCgroup(folder string, l *dispatch.Limits) (*os.File, error) {
	limited := l.GetCpuMilli() > 0 || l.GetMemoryBytes() > 0 || l.GetProcesses() > 0
	if folder == "" {
		if limited {
			return nil, errors.New("the task has limits, and this worker has no cgroup for them")
		}
		return nil, nil
	}
	if err := os.Mkdir(folder, 0o700); err != nil && !os.IsExist(err) {
		return nil, err
	}
	for _, v := range []struct {
		file  string
		limit int64
		value string
	}{
		{"cpu.max", l.GetCpuMilli(), fmt.Sprint(l.GetCpuMilli()*cpuPeriod/1000, " ", cpuPeriod)},
		{"memory.max", l.GetMemoryBytes(), strconv.FormatInt(l.GetMemoryBytes(), 10)},
		{"pids.max", l.GetProcesses(), strconv.FormatInt(l.GetProcesses(), 10)},
	} {
		if v.limit <= 0 {
			continue
		}
		// The file is there if the controller is; it must not be made.
		f, err := os.OpenFile(filepath.Join(folder, v.file), os.O_WRONLY, 0)
		if err == nil {
			_, err = f.WriteString(v.value)
			err = errors.Join(err, f.Close())
		}
		if err != nil {
			return nil, errors.Join(fmt.Errorf("limiting the task: %w", err), os.Remove(folder))
		}
	}
	return os.Open(folder)
}

// killCgroup kills all processes of a cgroup.
func killCgroup(folder string) error {
	return os.WriteFile(filepath.Join(folder, "cgroup.kill"), []byte("1"), 0)
}

// removeCgroup removes a task's cgroup, which has no process any more.
func removeCgroup(folder string) {
	if folder != "" {
		_ = os.Remove(folder) // an agent that starts later tries again
	}
}
