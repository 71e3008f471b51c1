//go:build !linux

package worker

import (
	"context"
	"errors"
	"os"
	"time"
)

var errLinuxOnly = errors.New("worker: Linux only")

// Exec is the driver that runs commands. Linux only.
type Exec struct {
	Shim        []string
	OutputBytes int64
	Cgroup      string
	Namespace   bool
}

// Start implements Driver.
func (*Exec) Start(context.Context, Task) (Process, error) { return nil, errLinuxOnly }

// Find implements Driver.
func (*Exec) Find(context.Context, Task) (Process, error) { return nil, errLinuxOnly }

func (*Exec) adopt(string, func(string) bool) (int, error) { return 0, errLinuxOnly }

// began is when this process began.
var began = time.Now()

// bootClock is the time since this process began, which is enough for tasks that end with it.
func bootClock() (boot, awake time.Duration) {
	d := time.Since(began)
	return d, d
}

func lockFile(string) (*os.File, error) { return nil, errLinuxOnly }
func nameOf(string) (string, error)     { return "", errLinuxOnly }
func kernelBoot() (string, error)       { return "", errLinuxOnly }
func diskFree(string) (uint64, error)   { return 0, errLinuxOnly }
