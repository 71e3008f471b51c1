package shim

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/quotasched/quotasched/protos/dispatch"
	"github.com/quotasched/quotasched/worker/boottime"
	"github.com/quotasched/quotasched/worker/lease"
)

// Files that the agent passes to a shim.
const (
	lockFD   = 3
	socketFD = 4
)

// keeper is a shim that runs.
type keeper struct {
	dir   string
	setup Setup
	run   *dispatch.Run
	leash leash
	pid   int           // of the first process
	since time.Duration // when it started
	hub   *hub
	timer *boottime.Timer
	waker *boottime.Waker // if somebody stops this process, it goes on when something is due

	out      *output
	outEnded chan struct{}
	status   syscall.WaitStatus
	exited   bool          // the first process has ended, with this status
	ranFor   time.Duration // how long it ran
	stuck    bool
}

// Main is the shim's process. It returns its exit code. dir is the directory of the lease.
func Main(dir string) int {
	if os.Getenv(probeVariable) != "" {
		return probe()
	}
	// The kernel kills the child when the thread that started it ends.
	runtime.LockOSThread()
	// What is sent to a whole group, from a terminal for example, is not for the shim. The signals
	// are caught and not ignored, as a child would inherit that.
	signal.Notify(make(chan os.Signal, 1), unix.SIGTERM, unix.SIGINT, unix.SIGHUP, unix.SIGQUIT,
		unix.SIGCONT)
	unix.CloseOnExec(lockFD)
	unix.CloseOnExec(socketFD)
	k := &keeper{dir: dir}
	if err := k.keep(); err != nil {
		fmt.Fprintln(os.Stderr, "shim:", err)
		return 1
	}
	return 0
}

// keep runs the task to its end, and records the end.
func (k *keeper) keep() error {
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return os.NewSyscallError("prctl", err)
	}
	socket := os.NewFile(socketFD, "socket")
	listener, err := net.FileListener(socket)
	if err != nil {
		return fmt.Errorf("the socket of the agent: %w", err)
	}
	_ = socket.Close() // the listener has its own
	k.hub = newHub(listener)
	defer k.hub.close()
	if k.timer, err = boottime.NewTimer(); err != nil {
		return err
	}
	defer k.timer.Close()
	if k.waker, err = boottime.NewWaker(); err != nil {
		return err
	}
	exits := make(chan os.Signal, 1) // one is enough: each time all that have ended are looked at
	signal.Notify(exits, unix.SIGCHLD)

	end := k.start()
	if end == nil {
		k.hub.running(k.since, k.leash.deadline)
		if err := k.watch(exits); err != nil {
			return err
		}
		end = k.end()
	}
	removeCgroup(k.setup.Cgroup)
	_ = os.RemoveAll(filepath.Join(k.dir, workFolder)) // else the agent does
	return k.tell(end)
}

// start starts the task. It returns its end if it does not start.
func (k *keeper) start() *dispatch.LeaseReport {
	run, err := ReadRun(k.dir)
	k.run = run
	if err == nil {
		err = readJSON(filepath.Join(k.dir, setupFile), &k.setup)
	}
	if err == nil && k.setup.Namespace {
		err = enterNamespace()
	}
	if err == nil {
		err = k.fork()
	}
	if err == nil {
		return nil
	}
	var permanent permanentError
	return &dispatch.LeaseReport{
		LeaseId: run.GetLeaseId(), Slot: run.GetSlot(), Phase: dispatch.Phase_PHASE_REJECTED,
		Result: &dispatch.Result{Message: err.Error(), Permanent: errors.As(err, &permanent)},
	}
}

func (k *keeper) fork() error {
	task := k.run.GetTask()
	k.leash = leash{deadline: k.setup.Deadline, margin: k.setup.Margin, grace: lease.Grace(task)}
	if d := k.setup.Deadline; d > 0 && boottime.Now() >= d-k.setup.Margin {
		return errors.New("nothing was heard from the dispatcher for too long")
	}
	if _, err := stopSignal(task); err != nil {
		return permanentError{err}
	}
	mark := Mark{Agent: k.setup.Agent, Lease: k.run.GetLeaseId()}
	c, err := newCommand(k.dir, task.GetExec(), mark)
	if err != nil {
		return err
	}
	cgroup, err := makeCgroup(k.setup.Cgroup, task.GetExec().GetLimits())
	if err != nil {
		return err
	}
	if cgroup != nil {
		defer cgroup.Close()
	}
	read, write, err := os.Pipe()
	if err != nil {
		return err
	}
	defer write.Close()
	k.since = boottime.Now()
	if k.pid, err = c.start(write, cgroup); err != nil {
		return errors.Join(err, read.Close())
	}
	k.out = &output{dir: k.dir, bound: k.setup.OutputBytes}
	k.outEnded = make(chan struct{})
	go func() {
		defer close(k.outEnded)
		k.out.copyFrom(read)
		_ = read.Close() // nothing was written to it
	}()
	if d := task.GetTimeout(); d != nil {
		k.leash.timeoutAt = k.since + max(0, d.AsDuration())
	}
	return nil
}

// watch does what the leash and the agent say, until no process of the task is left.
func (k *keeper) watch(exits <-chan os.Signal) error {
	for {
		none, err := k.reap()
		if none || err != nil {
			return err
		}
		now := boottime.Now()
		if k.exited {
			k.leash.kill(now) // what it has left behind
		}
		for a := k.leash.due(now); a != actNone; a = k.leash.due(now) {
			k.act(a)
		}
		if k.leash.stuck(now) && !k.stuck {
			k.stuck = true
			k.hub.stuck()
		}
		if next := k.leash.next(); next > 0 {
			if err := errors.Join(k.timer.Set(next), k.waker.Set(next)); err != nil {
				return err
			}
		}
		select {
		case <-exits:
		case <-k.timer.C():
		case s := <-k.hub.said:
			k.hear(s)
		}
	}
}

// hear does what the agent says.
func (k *keeper) hear(s saying) {
	switch s.verb {
	case verbRenew:
		k.leash.renew(s.deadline, s.margin)
		k.hub.renewed(k.leash.deadline)
	case verbStop:
		if k.leash.stop(boottime.Now(), s.grace, s.why) {
			k.act(actSignal)
		}
	}
}

// reap takes in which processes have ended. It reports whether none is left.
func (k *keeper) reap() (none bool, err error) {
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, syscall.WNOHANG, nil)
		switch {
		case errors.Is(err, syscall.EINTR):
		case errors.Is(err, syscall.ECHILD):
			return true, nil
		case err != nil:
			return false, os.NewSyscallError("wait4", err)
		case pid == 0:
			return false, nil
		case pid == k.pid && !k.exited:
			k.exited, k.status = true, status
			k.ranFor = boottime.Now() - k.since
		}
	}
}

// act gives the task a signal.
func (k *keeper) act(a act) {
	var err error
	switch {
	case a == actKill:
		if k.setup.Namespace {
			err = killNamespace()
		} else {
			err = killBelow(os.Getpid())
		}
		if k.setup.Cgroup != "" {
			err = errors.Join(err, killCgroup(k.setup.Cgroup))
		}
	case !k.exited: // so no other process and no other group has its id
		s, _ := stopSignal(k.run.GetTask()) // checked when it started
		err = ignoreGone(unix.Kill(-k.pid, s))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "shim:", err)
	}
}

// end says how the task ended.
func (k *keeper) end() *dispatch.LeaseReport {
	end := &dispatch.LeaseReport{LeaseId: k.run.GetLeaseId(), Slot: k.run.GetSlot()}
	if k.leash.why == reasonOwn || k.leash.why == reasonSilence {
		end.Phase = dispatch.Phase_PHASE_LOST
		return end
	}
	end.Phase = dispatch.Phase_PHASE_FINISHED
	end.Result = &dispatch.Result{
		TimedOut: k.leash.why == reasonTimeout, Ran: durationpb.New(k.ranFor),
	}
	if k.status.Signaled() {
		end.Result.Outcome = &dispatch.Result_Signal{Signal: unix.SignalName(k.status.Signal())}
	} else {
		end.Result.Outcome = &dispatch.Result_ExitCode{ExitCode: int32(k.status.ExitStatus())}
	}
	<-k.outEnded // nobody is left who could write
	if n := k.out.dropped.Load(); n > 0 {
		end.Result.Message = fmt.Sprintf("%d bytes of output were dropped", n)
	}
	return end
}
