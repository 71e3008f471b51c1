package boottime

import (
	"os"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A Waker has the kernel send this process SIGCONT when a time has come, and again and again until
// another one is set: a process that somebody has stopped goes on then.
type Waker struct{ id int32 }

// wakeAgain is how long after the time the next SIGCONT follows, and each one after it.
const wakeAgain = 50 * time.Millisecond

// sigevent is what timer_create is told: struct sigevent of the kernel, on 64-bit machines.
type sigevent struct {
	_      uint64
	signal int32
	notify int32
	_      [48]byte
}

// itimerspec is struct itimerspec.
type itimerspec struct{ interval, value unix.Timespec }

// NewWaker returns a waker that is not set. It lives as long as the process.
func NewWaker() (*Waker, error) {
	w := &Waker{}
	event := sigevent{signal: int32(unix.SIGCONT)} // to the process, as notify is SIGEV_SIGNAL, 0
	_, _, errno := unix.Syscall(unix.SYS_TIMER_CREATE, unix.CLOCK_BOOTTIME,
		uintptr(unsafe.Pointer(&event)), uintptr(unsafe.Pointer(&w.id)))
	if errno != 0 {
		return nil, os.NewSyscallError("timer_create", errno)
	}
	return w, nil
}

// Set sets the time, in place of one that was set before.
func (w *Waker) Set(at time.Duration) error {
	spec := itimerspec{
		interval: unix.NsecToTimespec(int64(wakeAgain)),
		value:    unix.NsecToTimespec(int64(max(1, at))), // 0 would mean never
	}
	const absolute = 1 // TIMER_ABSTIME
	_, _, errno := unix.Syscall6(unix.SYS_TIMER_SETTIME, uintptr(w.id), absolute,
		uintptr(unsafe.Pointer(&spec)), 0, 0, 0)
	if errno != 0 {
		return os.NewSyscallError("timer_settime", errno)
	}
	return nil
}
