// Package failpoint ends a process at a named moment, as kill -9 would, so that tests see what is
// left of files that were being written.
package failpoint

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
)

// A Name is a moment.
type Name string

// The moments.
const (
	BeforeLogWrite Name = "before-log-write"
	AfterLogWrite  Name = "after-log-write"
	// BeforeSnapshot is before the state is frozen, and AfterSnapshot when all of it is given to the
	// file, which is not durable yet.
	BeforeSnapshot Name = "before-snapshot"
	AfterSnapshot  Name = "after-snapshot"
	// BeforeRename is when a snapshot is in its place but for the last rename, AfterRename after
	// that, before its checksum is written.
	BeforeRename Name = "before-rename"
	AfterRename  Name = "after-rename"
	// BeforeTruncation is before old or superseded entries are removed from the log.
	BeforeTruncation Name = "before-truncation"
	AfterTruncation  Name = "after-truncation"
	// Sending is when the first part of a snapshot was sent to another node.
	Sending Name = "sending"
	// BeforeRestore is when a snapshot of another node is stored, and not read yet.
	BeforeRestore Name = "before-restore"
	AfterRestore  Name = "after-restore"
)

// Names are all of them.
var Names = []Name{BeforeLogWrite, AfterLogWrite, BeforeSnapshot, AfterSnapshot, BeforeRename,
	AfterRename, BeforeTruncation, AfterTruncation, Sending, BeforeRestore, AfterRestore}

// Environment is the variable that arms a process: NAME:N ends it the Nth time that it comes to
// NAME.
const Environment = "QSCHED_TEST_FAILPOINT"

// A Plan is where a process ends. Nil is nowhere.
type Plan struct {
	name Name
	left atomic.Int64
}

// FromEnvironment returns the plan of this process, which is nil unless a test has made one.
func FromEnvironment() (*Plan, error) {
	text := os.Getenv(Environment)
	if text == "" {
		return nil, nil
	}
	name, times, _ := strings.Cut(text, ":")
	n, err := strconv.ParseInt(times, 10, 64)
	if err != nil || n < 1 || !slices.Contains(Names, Name(name)) {
		return nil, fmt.Errorf("%s=%q: it is not NAME:N", Environment, text)
	}
	p := &Plan{name: Name(name)}
	p.left.Store(n)
	return p, nil
}

// At ends the process if the plan says so.
func (p *Plan) At(name Name) {
	if p == nil || p.name != name || p.left.Add(-1) != 0 {
		return
	}
	if err := syscall.Kill(os.Getpid(), syscall.SIGKILL); err != nil {
		panic(err)
	}
	select {} // until the signal arrives
}
