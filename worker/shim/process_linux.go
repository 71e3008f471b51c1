package shim

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// process is one of the machine's processes. Its id and start time name it: ids are used again.
type process struct {
	pid, parent int
	start       uint64 // in clock ticks since the boot
}

// processOf reads what /proc says of a process.
func processOf(pid int) (process, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return process{}, err
	}
	// The name is in parentheses, and may have any character.
	_, rest, _ := bytes.Cut(text[bytes.LastIndexByte(text, ')')+1:], []byte(" "))
	fields := strings.Fields(string(rest))
	const parent, start = 1, 19
	if len(fields) <= start {
		return process{}, fmt.Errorf("shim: /proc/%d/stat has %d fields", pid, len(fields))
	}
	p := process{pid: pid}
	p.parent, err = strconv.Atoi(fields[parent])
	if err == nil {
		p.start, err = strconv.ParseUint(fields[start], 10, 64)
	}
	return p, err
}

// processes returns all processes that there are, by id.
func processes() (map[int]process, error) {
	folder, err := os.Open("/proc")
	if err != nil {
		return nil, err
	}
	defer folder.Close()
	names, err := folder.Readdirnames(-1)
	all := map[int]process{}
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil {
			continue
		}
		if p, err := processOf(pid); err == nil { // it may be gone by now
			all[pid] = p
		}
	}
	return all, err
}

// signal sends a signal to a process, and to no other one that has its id by now.
func (p process) signal(s unix.Signal) error {
	fd, err := unix.PidfdOpen(p.pid, 0)
	if err != nil {
		return ignoreGone(err)
	}
	defer unix.Close(fd)
	now, err := processOf(p.pid)
	if err != nil || now.start != p.start {
		return nil // it is gone
	}
	// What fd names had p's start time while fd was open, or has ended: it is p.
	return ignoreGone(unix.PidfdSendSignal(fd, s, nil, 0))
}

func ignoreGone(err error) error {
	if errors.Is(err, unix.ESRCH) {
		return nil
	}
	return err
}

// passesMax is how often killAll looks for processes that were forked meanwhile.
const passesMax = 10

// killBelow sends SIGKILL to all descendants of a process, but not to itself.
func killBelow(root int) error {
	return killAll(func(all map[int]process) (out []process) {
		for _, p := range all {
			for above := p; above.pid != root; {
				var ok bool
				if above, ok = all[above.parent]; !ok {
					break
				}
				if above.pid == root {
					out = append(out, p)
				}
			}
		}
		return out
	})
}

// killAll kills the processes that a function chooses, until it chooses no new one. The oldest die
// first: a shim before its task, which would else have ended by itself for all that it sees, and a
// task's first process before those that it waits for.
func killAll(choose func(map[int]process) []process) error {
	var errs []error
	killed := map[process]bool{}
	for range passesMax {
		all, err := processes()
		if err != nil {
			return err
		}
		found := false
		for _, p := range slices.SortedFunc(slices.Values(choose(all)), older) {
			key := process{pid: p.pid, start: p.start}
			if !killed[key] {
				killed[key], found = true, true
				errs = append(errs, p.signal(unix.SIGKILL))
			}
		}
		if !found {
			break
		}
	}
	return errors.Join(errs...)
}

// older orders processes by their start, and by id within a tick of the clock.
func older(a, b process) int {
	return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(a.pid, b.pid))
}

// The environment's variables by which an agent finds its processes.
const (
	agentVariable = "QSCHED_AGENT"
	leaseVariable = "QSCHED_LEASE"
)

// Mark names the processes of an agent's task.
type Mark struct {
	Agent string // the agent's state directory
	Lease string
}

func (m Mark) environment() []string {
	return []string{agentVariable + "=" + m.Agent, leaseVariable + "=" + m.Lease}
}

// markOf returns the mark of a process; false if it has none, or is none that we may look at.
func markOf(pid int) (m Mark, ok bool) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
	if err != nil || !bytes.Contains(text, []byte(agentVariable+"=")) {
		return m, false
	}
	for v := range bytes.SplitSeq(text, []byte{0}) {
		if s, found := bytes.CutPrefix(v, []byte(agentVariable+"=")); found {
			m.Agent = string(s)
		}
		if s, found := bytes.CutPrefix(v, []byte(leaseVariable+"=")); found {
			m.Lease = string(s)
		}
	}
	return m, m.Agent != ""
}

// sweepWait is how long Sweep waits for what it has killed to be gone.
const sweepWait = 10 * time.Second

// Sweep kills the marked processes of an agent whose leases are not to live, and waits until they
// are gone. It returns how many it has killed.
func Sweep(agent string, mayLive func(lease string) bool) (int, error) {
	marked := func(all map[int]process) (out []process) {
		for _, p := range all {
			if m, ok := markOf(p.pid); ok && p.pid != os.Getpid() && m.Agent == agent &&
				!mayLive(m.Lease) {
				out = append(out, p)
			}
		}
		return out
	}
	killed := map[process]bool{}
	err := killAll(func(all map[int]process) []process {
		chosen := marked(all)
		for _, p := range chosen {
			killed[process{pid: p.pid, start: p.start}] = true
		}
		return chosen
	})
	for p := range killed {
		err = errors.Join(err, p.waitGone(sweepWait))
	}
	return len(killed), err
}

// waitGone waits until a process has ended.
func (p process) waitGone(wait time.Duration) error {
	fd, err := unix.PidfdOpen(p.pid, 0)
	if err != nil {
		return ignoreGone(err)
	}
	defer unix.Close(fd)
	if now, err := processOf(p.pid); err != nil || now.start != p.start {
		return nil
	}
	end := time.Now().Add(wait)
	for {
		fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		n, err := unix.Poll(fds, max(0, int(time.Until(end).Milliseconds())))
		switch {
		case n > 0:
			return nil
		case errors.Is(err, unix.EINTR):
		case err != nil:
			return os.NewSyscallError("poll", err)
		default:
			return fmt.Errorf("shim: process %d does not die", p.pid)
		}
	}
}
