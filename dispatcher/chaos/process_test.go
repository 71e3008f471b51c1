//go:build linux

package chaos

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quotasched/quotasched/dispatcher"
	"github.com/quotasched/quotasched/dispatcher/internal/failpoint"
	"github.com/quotasched/quotasched/dispatcher/log/raftlog"
)

// nodeEnvironment has what a process of a node is to do, as JSON.
const nodeEnvironment = "QSCHED_CHAOS_NODE"

func TestMain(m *testing.M) {
	if text := os.Getenv(nodeEnvironment); text != "" {
		if err := runNode(text); err != nil {
			slog.Error("the node ended", "error", err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// A setup is what the process of a node gets.
type setup struct {
	ID, Dir, Listen, Peer, Advertise string
	Members                          []raftlog.Address
	KeepEntries                      uint64
}

const (
	// segmentBytes make the log begin a segment often, so that a full disk is noticed.
	segmentBytes = 256 << 10
	// snapshotEntries make a node take a snapshot every few seconds.
	snapshotEntries = 150
)

func runNode(text string) error {
	var s setup
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	return dispatcher.Run(ctx, dispatcher.Config{DataDir: s.Dir, NodeID: s.ID, Listen: s.Listen,
		PeerListen: s.Peer, PeerAdvertise: s.Advertise, Bootstrap: s.Members,
		SegmentBytes: segmentBytes, SnapshotEntries: snapshotEntries, KeepEntries: s.KeepEntries,
		Logger: slog.New(slog.NewTextHandler(os.Stderr, nil)).With("node", s.ID)})
}

// A node is a process that can be started again.
type node struct {
	setup   setup
	logPath string
	clock   string // the file with what its clock is off
	command *exec.Cmd
	exited  chan struct{} // closed when the process has ended
	killed  atomic.Bool   // by us
	halted  bool
	// failpoint is where it ends, by itself; empty for nowhere.
	failpoint failpoint.Name
	full      func() // ends a full disk; nil if it is not full
}

func (n *node) url() string { return "http://" + n.setup.Listen }

func (n *node) start() error { return n.startWith("", 0) }

// startWith starts a process that ends by itself the nth time that it comes to a moment.
func (n *node) startWith(fail failpoint.Name, nth int) error {
	text, err := json.Marshal(n.setup)
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	out, err := os.OpenFile(n.logPath, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer out.Close()
	c := exec.Command(self)
	c.Env = append(os.Environ(), nodeEnvironment+"="+string(text),
		"QSCHED_TEST_CLOCK_OFFSET_FILE="+n.clock)
	if n.failpoint = fail; fail != "" {
		c.Env = append(c.Env, fmt.Sprintf("%s=%s:%d", failpoint.Environment, fail, nth))
	}
	c.Stdout, c.Stderr = out, out
	// A test that is killed leaves no process behind.
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := c.Start(); err != nil {
		return err
	}
	n.command, n.exited, n.halted = c, make(chan struct{}), false
	n.killed.Store(false)
	exited := n.exited
	go func() {
		_ = c.Wait() // ended says how
		close(exited)
	}()
	return nil
}

// ended returns how the process ended, if it has, without being killed by us.
func (n *node) ended() error {
	select {
	case <-n.exited:
		if !n.killed.Load() {
			return fmt.Errorf("node %s: %v", n.setup.ID, n.command.ProcessState)
		}
	default:
	}
	return nil
}

func (n *node) kill() {
	n.killed.Store(true)
	_ = n.command.Process.Kill() // it may have ended
	<-n.exited
}

func (n *node) signal(s syscall.Signal) error {
	n.halted = s == syscall.SIGSTOP
	return n.command.Process.Signal(s)
}

// awaitEnd waits until a process that got SIGTERM has ended well.
func (n *node) awaitEnd(t *testing.T) {
	select {
	case <-n.exited:
		require.True(t, n.command.ProcessState.Success(), "node %s: %v; see %s", n.setup.ID,
			n.command.ProcessState, n.logPath)
	case <-time.After(30 * time.Second):
		t.Fatalf("node %s does not end; see %s", n.setup.ID, n.logPath)
	}
}

func (n *node) setClock(offset time.Duration) error {
	return os.WriteFile(n.clock, []byte(offset.String()), 0o600)
}

// cameTo reports whether the process has ended where startWith said.
func (n *node) cameTo() bool {
	select {
	case <-n.exited:
	default:
		return false
	}
	status, ok := n.command.ProcessState.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == syscall.SIGKILL && !n.killed.Load()
}

// fill fills the disk, if the node has one of its own.
func (n *node) fill() error {
	path := filepath.Join(n.setup.Dir, "filler")
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	n.full = func() { os.Remove(path) }
	for block := make([]byte, 1<<20); ; {
		if _, err := f.Write(block); errors.Is(err, syscall.ENOSPC) {
			if len(block) == 1 {
				return nil
			}
			block = block[:len(block)/2]
		} else if err != nil {
			return err
		}
	}
}
