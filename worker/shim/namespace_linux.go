package shim

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Namespaces of a shim. It is the first process of its PID namespace: when it ends, for whatever
// reason, the kernel kills all of the task's processes, also those that nobody would find; and
// without looking for them the shim can kill them all. Its mount namespace is there for a /proc
// that shows the task's processes by the ids that they have there.
const namespaceFlags = unix.CLONE_NEWPID | unix.CLONE_NEWNS

// probeTimeout is how long a shim may take to say that. One that is not a shim may never do so.
const probeTimeout = 10 * time.Second

// probeVariable tells a shim to say whether it can enter its namespaces, and do nothing else.
const probeVariable = "QSCHED_SHIM_PROBE"

// CheckNamespace returns nil if shims that the command starts can have namespaces of their own, or
// why they cannot. That needs CAP_SYS_ADMIN, which root has outside of most containers.
func CheckNamespace(command []string) error {
	ctx, cancel := context.WithTimeout(context.Background(), probeTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, command[0],
		append(command[1:len(command):len(command)], os.DevNull)...)
	cmd.Env = append(os.Environ(), probeVariable+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Cloneflags: namespaceFlags}
	text, err := cmd.CombinedOutput()
	if text = bytes.TrimSpace(text); err != nil && len(text) > 0 {
		return errors.New(string(text))
	}
	return err
}

// probe answers CheckNamespace.
func probe() int {
	if err := enterNamespace(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// enterNamespace makes a /proc for the namespaces that this process was started in. What is mounted
// on the machine later is there as well; what is mounted within stays within.
func enterNamespace() error {
	if os.Getpid() != 1 {
		return errors.New("the shim is not the first process of a namespace")
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_SLAVE, ""); err != nil {
		return os.NewSyscallError("mount /", err)
	}
	err := unix.Mount("proc", "/proc", "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, "")
	return os.NewSyscallError("mount /proc", err)
}

// killNamespace kills all processes of the namespace but its first.
func killNamespace() error { return ignoreGone(unix.Kill(-1, unix.SIGKILL)) }
