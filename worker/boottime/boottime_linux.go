// Package boottime is the clock that goes on while the machine sleeps. Linux only.
package boottime

import (
	"errors"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// Now returns how long ago the machine booted, by CLOCK_BOOTTIME.
func Now() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &t); err != nil {
		panic("boottime: CLOCK_BOOTTIME is there since Linux 2.6.39: " + err.Error())
	}
	return time.Duration(t.Nano())
}

// Awake returns how long the machine was awake since it booted, by CLOCK_MONOTONIC.
func Awake() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &t); err != nil {
		panic("boottime: CLOCK_MONOTONIC is always there: " + err.Error())
	}
	return time.Duration(t.Nano())
}

// Timer says when a time has come, at once if the machine slept then.
type Timer struct {
	fd   int
	file *os.File
	c    chan struct{}
	done chan struct{}
}

// NewTimer returns a timer that is not set. Close ends it.
func NewTimer() (*Timer, error) {
	fd, err := unix.TimerfdCreate(unix.CLOCK_BOOTTIME, unix.TFD_CLOEXEC|unix.TFD_NONBLOCK)
	if err != nil {
		return nil, os.NewSyscallError("timerfd_create", err)
	}
	t := &Timer{
		fd: fd, file: os.NewFile(uintptr(fd), "timer"),
		c: make(chan struct{}, 1), done: make(chan struct{}),
	}
	go t.wait()
	return t, nil
}

// C gets a value when the time has come.
func (t *Timer) C() <-chan struct{} { return t.c }

// Set sets the time, in place of one that was set before.
func (t *Timer) Set(at time.Duration) error {
	var spec unix.ItimerSpec
	spec.Value = unix.NsecToTimespec(int64(max(1, at))) // 0 would mean never
	return os.NewSyscallError("timerfd_settime",
		unix.TimerfdSettime(t.fd, unix.TFD_TIMER_ABSTIME, &spec, nil))
}

// Close ends the timer.
func (t *Timer) Close() error {
	err := t.file.Close()
	<-t.done
	return err
}

func (t *Timer) wait() {
	defer close(t.done)
	buf := make([]byte, 8)
	for {
		if _, err := t.file.Read(buf); err != nil {
			if errors.Is(err, unix.ECANCELED) {
				continue
			}
			return // closed
		}
		select {
		case t.c <- struct{}{}:
		default:
		}
	}
}
