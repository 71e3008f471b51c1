package shim

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quotasched/quotasched/protos/dispatch"
)

// A tree of plain files stands for a cgroup v2.
func TestLimitsAreWrittenWhereTheKernelReadsThem(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "task")
	require.NoError(t, os.Mkdir(folder, 0o700))
	for _, name := range []string{"cpu.max", "memory.max", "pids.max"} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), nil, 0o600))
	}
	limits := &dispatch.Limits{CpuMilli: 1500, MemoryBytes: 1 << 20, Processes: 10}
	f, err := makeCgroup(folder, limits)
	require.NoError(t, err)
	require.NoError(t, f.Close())
	for name, want := range map[string]string{"cpu.max": "150000 100000", "memory.max": "1048576",
		"pids.max": "10"} {
		text, err := os.ReadFile(filepath.Join(folder, name))
		require.NoError(t, err)
		require.Equal(t, want, string(text))
	}

	bare := filepath.Join(t.TempDir(), "task") // no controller is enabled
	_, err = makeCgroup(bare, &dispatch.Limits{Processes: 1})
	require.ErrorContains(t, err, "limiting the task")
	require.ErrorContains(t, err, "pids.max")
	require.NoDirExists(t, bare)
	f, err = makeCgroup(bare, nil)
	require.NoError(t, err)
	require.NoError(t, f.Close())
	require.DirExists(t, bare)
	removeCgroup(bare)
	require.NoDirExists(t, bare)

	f, err = makeCgroup("", nil)
	require.NoError(t, err)
	require.Nil(t, f)
	_, err = makeCgroup("", limits)
	require.ErrorContains(t, err, "no cgroup")
}
