package raftlog_test

import (
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quotasched/quotasched/dispatcher/log/logtest"
	"github.com/quotasched/quotasched/dispatcher/log/raftlog"
)

// TestDamageIsFoundOrOvercome flips bits and cuts tails of each file of a node in turn. The node
// does not start, with an error that names a file, or it has all that it acknowledged.
func TestDamageIsFoundOrOvercome(t *testing.T) {
	t.Parallel()
	c := newCluster(t, func(o *raftlog.Options) { o.KeepEntries, o.SegmentBytes = 5, 4<<10 }, "a")
	n := c.nodes["a"]
	c.must(nil, numbered("early", 30)...)
	require.NoError(t, n.log.Snapshot(t.Context()))
	c.must(nil, numbered("between", 30)...)
	require.NoError(t, n.log.Snapshot(t.Context()))
	c.must(nil, numbered("late", 10)...)
	want := n.ledger.Entries()
	c.close("a")

	rng := rand.New(rand.NewPCG(2, 3))
	var paths []string
	require.NoError(t, filepath.Walk(n.options.Dir, func(path string, info os.FileInfo, err error) error {
		if err == nil && !info.IsDir() && info.Size() > 0 {
			paths = append(paths, path)
		}
		return err
	}))
	found, overcome := map[string]int{}, map[string]int{}
	for _, path := range paths {
		whole, err := os.ReadFile(path)
		require.NoError(t, err)
		used := len(strings.TrimRight(string(whole), "\x00"))
		for i := range 3 {
			b := slices.Clone(whole)
			if i == 2 {
				b = b[:rng.IntN(used)]
			} else {
				b[rng.IntN(used)] ^= 1 << rng.IntN(8)
			}
			dir := filepath.Join(t.TempDir(), "a")
			require.NoError(t, os.CopyFS(dir, os.DirFS(n.options.Dir)))
			rel, err := filepath.Rel(n.options.Dir, path)
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(filepath.Join(dir, rel), b, 0o600))
			kind := filepath.Base(filepath.Dir(path)) + "/" + filepath.Ext(path)
			if startsWhole(t, n.options, dir, want) {
				overcome[kind]++
			} else {
				found[kind]++
			}
		}
	}
	t.Log("found:", found, "overcome:", overcome)
	require.NotEmpty(t, found)
	require.NotEmpty(t, overcome)
}

// startsWhole reports whether a node starts from a directory; then it must have all entries.
func startsWhole(t *testing.T, o raftlog.Options, dir string, want []string) bool {
	ledger := &logtest.Ledger{}
	o.Dir, o.Transport = dir, nil
	o.Heartbeat, o.Election, o.Lease = 20*time.Millisecond, 20*time.Millisecond, 10*time.Millisecond
	o.Bootstrap = []raftlog.Address{{ID: "a", Address: address("a")}}
	l, err := raftlog.Open(o, ledger)
	if err != nil {
		var damage *raftlog.DamageError
		require.True(t, errors.As(err, &damage) || errors.Is(err, raftlog.ErrDirectory) ||
			strings.Contains(err.Error(), dir), "%v", err)
		return false
	}
	defer func() { require.NoError(t, l.Close()) }()
	within(t, "all entries are there, or an alarm, of "+dir, func() bool {
		return len(ledger.Entries()) >= len(want) || len(l.Status().Alarms) > 0
	})
	if len(l.Status().Alarms) > 0 {
		return false
	}
	require.Equal(t, want, ledger.Entries())
	return true
}

// A crash may leave half of an older snapshot that was being removed. It keeps no node from
// starting; half of the newest one does.
func TestASnapshotWhoseRemovalWasInterruptedIsRemoved(t *testing.T) {
	t.Parallel()
	c := newCluster(t, func(o *raftlog.Options) { o.KeepEntries = 5 }, "a")
	n := c.nodes["a"]
	c.must(nil, numbered("early", 30)...)
	require.NoError(t, n.log.Snapshot(t.Context()))
	c.must(nil, numbered("late", 30)...)
	require.NoError(t, n.log.Snapshot(t.Context()))
	want := n.ledger.Entries()
	c.close("a")
	all, err := filepath.Glob(filepath.Join(n.options.Dir, "snapshots", "*"))
	require.NoError(t, err)
	require.Len(t, all, 2)
	slices.Sort(all) // of one term, with indices of two digits
	for i, path := range all {
		dir := filepath.Join(t.TempDir(), "a")
		require.NoError(t, os.CopyFS(dir, os.DirFS(n.options.Dir)))
		half := filepath.Join(dir, "snapshots", filepath.Base(path))
		require.NoError(t, os.Remove(filepath.Join(half, "meta.json")))
		require.Equal(t, i == 0, startsWhole(t, n.options, dir, want))
		if i == 0 {
			require.NoDirExists(t, half)
		}
	}
}
