package shim

import (
	"bufio"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
	"google.golang.org/protobuf/proto"

	"github.com/quotasched/quotasched/protos/dispatch"
	"github.com/quotasched/quotasched/worker/boottime"
	"github.com/quotasched/quotasched/worker/record"
)

const (
	// exitWait is how long a shim may take to end after it has closed its connection, before the
	// agent looks for a task that it has left behind.
	exitWait = 5 * time.Second
	// connectMax is how long an agent tries to connect to a shim at most, and silentMax how long one
	// that was found may say nothing. Then it counts as overdue. With a short lease TTL it is less:
	// the margin, which is a part of the TTL.
	connectMax, silentMax = 5 * time.Second, 10 * time.Second
	// overdueMax is how long after the deadline a shim may still be there, at most: overduePart of
	// the margin. Then it does not do its work, and the agent ends it and its task.
	overdueMax, overduePart = time.Second, 4
)

// Shim is a task's shim, as its agent sees it.
type Shim struct {
	dir  string
	mark Mark
	conn net.Conn
	lock *os.File
	// process is the shim's, if this agent has started it.
	process *os.Process
	reaped  chan struct{} // closed when the agent's own child has been waited for
	done    chan struct{}
	began   chan struct{} // closed when the task runs, or the shim has ended
	wg      sync.WaitGroup

	mu       sync.Mutex
	deadline time.Duration // 0 if silence does not end the task
	overdue  time.Duration // how long after it the shim may still be there
	renewed  bool
	since    time.Duration
	stuck    bool
	told     *dispatch.LeaseReport // the end, as the shim said it
	end      *dispatch.LeaseReport // set when done is closed
}

// Start starts a shim. The directory has the order already (WriteRun). command is the program that
// calls Main, with its arguments before the directory. An error means that nothing runs.
func Start(command []string, dir string, setup Setup) (*Shim, error) {
	run, err := ReadRun(dir)
	if err != nil {
		return nil, err
	}
	err = errors.Join(record.Reserve(filepath.Join(dir, endFile), endBytesMax),
		writeJSON(filepath.Join(dir, setupFile), setup))
	if err != nil {
		return nil, err
	}
	s := newShim(dir, Mark{Agent: setup.Agent, Lease: run.GetLeaseId()}, setup.Deadline, setup.Margin)
	ours, theirs, err := takeLock(dir)
	if err != nil {
		return nil, err
	}
	s.lock = ours
	defer theirs.Close() // the shim has its own
	if err := s.spawn(command, theirs, setup.Namespace); err != nil {
		return nil, errors.Join(err, ours.Close())
	}
	s.wg.Go(s.follow)
	return s, nil
}

func newShim(dir string, mark Mark, deadline, margin time.Duration) *Shim {
	return &Shim{
		dir: dir, mark: mark, deadline: deadline, overdue: overdueOf(margin),
		reaped: make(chan struct{}), done: make(chan struct{}), began: make(chan struct{}),
	}
}

// overdueOf returns how long after a deadline with a margin a shim may still be there.
func overdueOf(margin time.Duration) time.Duration { return min(overdueMax, margin/overduePart) }

// takeLock takes the lock of a directory for a shim. theirs has the lock; ours is another opening
// of the same file, to see when the shim is gone.
func takeLock(dir string) (ours, theirs *os.File, err error) {
	path := filepath.Join(dir, lockFile)
	if theirs, err = os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600); err != nil {
		return nil, nil, err
	}
	if err = unix.Flock(int(theirs.Fd()), unix.LOCK_EX|unix.LOCK_NB); err == nil {
		ours, err = os.OpenFile(path, os.O_RDWR, 0o600)
	}
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("%s: %w", path, err), theirs.Close())
	}
	return ours, theirs, nil
}

// spawn starts the process, connected already.
func (s *Shim) spawn(command []string, lock *os.File, namespace bool) error {
	folder, err := os.Open(s.dir)
	if err != nil {
		return err
	}
	defer folder.Close()
	// A socket's path may have 108 bytes; a directory's may be longer.
	path := fmt.Sprintf("/proc/self/fd/%d/%s", folder.Fd(), socketFile)
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return err
	}
	defer listener.Close()
	listener.SetUnlinkOnClose(false)
	socket, err := listener.File()
	if err != nil {
		return err
	}
	defer socket.Close()
	if s.conn, err = net.Dial("unix", path); err != nil {
		return err
	}
	log, err := os.OpenFile(filepath.Join(s.dir, "shim.log"), os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return errors.Join(err, s.conn.Close())
	}
	defer log.Close()
	cmd := exec.Command(command[0], append(command[1:len(command):len(command)], s.dir)...)
	// The agent's environment is for the shim alone: a task has its own.
	cmd.Env = append(append(os.Environ(), s.mark.environment()...), "GOMAXPROCS=2")
	cmd.Stderr = log
	cmd.ExtraFiles = []*os.File{lock, socket}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // it outlives the agent
	if namespace {
		cmd.SysProcAttr.Cloneflags = namespaceFlags
	}
	if err := cmd.Start(); err != nil {
		return errors.Join(fmt.Errorf("starting the shim: %w", err), s.conn.Close())
	}
	s.process = cmd.Process
	s.wg.Go(func() {
		defer close(s.reaped)
		_ = cmd.Wait() // its end is in the record
	})
	return nil
}

// Find finds the shim that an earlier agent started in a directory. It is one that has ended if
// there is none any more; what it may have left behind is killed.
func Find(dir string, mark Mark) (*Shim, error) {
	setup := Setup{}
	if err := readJSON(filepath.Join(dir, setupFile), &setup); err != nil || setup.Margin <= 0 {
		setup.Margin = silentMax
	}
	s := newShim(dir, mark, boottime.Now()+min(silentMax, setup.Margin), setup.Margin)
	close(s.reaped) // it is nobody's child
	var err error
	s.lock, err = os.OpenFile(filepath.Join(dir, lockFile), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	folder, err := os.Open(dir)
	if err != nil {
		return nil, errors.Join(err, s.lock.Close())
	}
	defer folder.Close()
	path := fmt.Sprintf("/proc/self/fd/%d/%s", folder.Fd(), socketFile)
	for end := time.Now().Add(min(connectMax, setup.Margin)); s.alive(); {
		if s.conn, err = net.Dial("unix", path); err == nil || time.Now().After(end) {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	s.wg.Go(s.follow)
	return s, nil
}

// alive reports whether the shim's process is there.
func (s *Shim) alive() bool {
	return unix.Flock(int(s.lock.Fd()), unix.LOCK_SH|unix.LOCK_NB) != nil
}

// follow hears what the shim says until it has ended, and sees to it that nothing is left of the
// task.
func (s *Shim) follow() {
	wait := exitWait
	if s.conn != nil {
		ended, watched := make(chan struct{}), make(chan bool, 1)
		go func() { watched <- s.watchDeadline(ended) }()
		lines := bufio.NewScanner(s.conn)
		for lines.Scan() {
			s.hear(lines.Text())
		}
		close(ended)
		if overdue := <-watched; overdue {
			wait = 0
			if s.process != nil { // with a namespace, nothing has to be looked for
				_ = s.process.Kill()
			}
		}
		_ = s.conn.Close()
	}
	for end := time.Now().Add(wait); s.alive() && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	end, err := ReadEnd(s.dir)
	if err != nil || s.alive() {
		// The shim was killed, or does not do its work.
		_, _ = Sweep(s.mark.Agent, func(lease string) bool { return lease != s.mark.Lease })
		end, err = ReadEnd(s.dir)
	}
	<-s.reaped
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case err == nil:
		s.end = end
	case s.told != nil:
		s.end = s.told
	default:
		s.end = &dispatch.LeaseReport{Phase: dispatch.Phase_PHASE_LOST}
	}
	_ = s.lock.Close()
	s.begin()
	close(s.done)
}

// begin closes began, once. s.mu is held.
func (s *Shim) begin() {
	select {
	case <-s.began:
	default:
		close(s.began)
	}
}

func (s *Shim) hear(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	verb, rest, _ := strings.Cut(line, " ")
	switch verb {
	case "running":
		var deadline time.Duration
		_, _ = fmt.Sscan(rest, &s.since, &deadline)
		if !s.renewed || deadline == 0 {
			s.deadline = deadline
		}
		s.begin()
	case "stuck":
		s.stuck = true
	case "end":
		end := &dispatch.LeaseReport{}
		content, err := hex.DecodeString(rest)
		if err == nil && proto.Unmarshal(content, end) == nil &&
			end.GetPhase() >= dispatch.Phase_PHASE_FINISHED {
			s.told = end
		}
	}
}

// watchDeadline closes the connection of a shim that is there when its task must have ended, so
// that follow ends it. It reports whether it did.
func (s *Shim) watchDeadline(ended <-chan struct{}) bool {
	for {
		s.mu.Lock()
		left := s.deadline + s.overdue - boottime.Now()
		forever := s.deadline == 0
		stuck := s.stuck
		s.mu.Unlock()
		if !forever && !stuck && left <= 0 {
			_ = s.conn.SetReadDeadline(time.Now())
			return true
		}
		if forever || stuck {
			left = time.Minute
		}
		select {
		case <-ended:
			return false
		case <-time.After(min(left, time.Second)):
		}
	}
}

// Began is closed when the task runs, or the shim has ended without that.
func (s *Shim) Began() <-chan struct{} { return s.began }

// Done is closed when the shim and all processes of the task have ended.
func (s *Shim) Done() <-chan struct{} { return s.done }

// Wait waits until the shim has ended, and returns how the task ended: its phase and its result.
func (s *Shim) Wait(ctx context.Context) (*dispatch.LeaseReport, error) {
	select {
	case <-s.done:
		s.wg.Wait()
		return s.end, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// Since returns when the task began to run, by CLOCK_BOOTTIME; 0 if it has not.
func (s *Shim) Since() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.since
}

// Stuck reports whether the task does not die.
func (s *Shim) Stuck() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stuck
}

// Renew moves the deadline.
func (s *Shim) Renew(deadline, margin time.Duration) {
	s.mu.Lock()
	if s.deadline == 0 {
		s.mu.Unlock()
		return
	}
	s.deadline, s.overdue, s.renewed = max(s.deadline, deadline), overdueOf(margin), true
	s.mu.Unlock()
	s.say(fmt.Sprintf("renew %d %d", deadline, margin))
}

// Stop has the task stopped. own says that the dispatcher did not order it.
func (s *Shim) Stop(grace time.Duration, own bool) {
	why := "ordered"
	if own {
		why = "own"
	}
	s.say(fmt.Sprintf("stop %d %s", grace, why))
}

// say tells the shim something. One that does not hear it ends its task at the deadline.
func (s *Shim) say(line string) {
	if s.conn == nil {
		return
	}
	_ = s.conn.SetWriteDeadline(time.Now().Add(writeWait))
	_, _ = s.conn.Write([]byte(line + "\n"))
}
