package raftlog_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quotasched/quotasched/dispatcher/log/logtest"
	"github.com/quotasched/quotasched/dispatcher/log/raftlog"
)

// TestASnapshotThatDoesNotFitLeavesNothing takes a snapshot for which the disk has no room: what
// was written of it goes, and the node goes on.
func TestASnapshotThatDoesNotFitLeavesNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprint("size=", 6<<20)); err != nil {
		t.Skipf("this user may not mount a disk: %v", err)
	}
	// Raft leaves a file open, until it is collected.
	t.Cleanup(func() { require.NoError(t, syscall.Unmount(dir, syscall.MNT_DETACH)) })
	o := raftlog.Options{Dir: filepath.Join(dir, "a"), NodeID: "a"}
	quick(&o)
	o.SegmentBytes = 256 << 10
	c := &cluster{t: t, nodes: map[string]*node{"a": {id: "a", options: o}}}
	n := c.nodes["a"]
	n.ledger = &logtest.Ledger{}
	var err error
	n.log, err = raftlog.Open(n.options, n.ledger)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, n.log.Close()) })
	for range 32 {
		c.must(nil, strings.Repeat("x", 100<<10))
	}
	require.ErrorContains(t, n.log.Snapshot(t.Context()), "no space")
	left, err := os.ReadDir(filepath.Join(o.Dir, "snapshots"))
	require.NoError(t, err)
	require.Empty(t, left)
	var disk syscall.Statfs_t
	require.NoError(t, syscall.Statfs(dir, &disk))
	require.Greater(t, int64(disk.Bavail)*int64(disk.Bsize), int64(2<<20), "nor is its room taken")
	c.must(nil, "one more")
}
