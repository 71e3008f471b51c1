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
}

// Start implements Driver.
func (*Exec) Start(context.Context, Task) (Process, error) { return nil, errLinuxOnly }

// Find implements Driver.
func (*Exec) Find(context.Context, Task) (Process, error) { return nil, errLinuxOnly }

func (*Exec) adopt(string, func(string) bool) (int, error) { return 0, errLinuxOnly }

func bootClock() (boot, awake time.Duration) { return 0, 0 }
func lockFile(string) (*os.File, error)      { return nil, errLinuxOnly }
func nameOf(string) (string, error)          { return "", errLinuxOnly }
func kernelBoot() (string, error)            { return "", errLinuxOnly }
func diskFree(string) (uint64, error)        { return 0, errLinuxOnly }
