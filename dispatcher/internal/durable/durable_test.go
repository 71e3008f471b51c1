package durable_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quotasched/quotasched/dispatcher/internal/durable"
)

func TestReplaceLeavesTheNewFileAlone(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	for _, content := range []string{"one", "another", ""} {
		require.NoError(t, durable.Replace(path, []byte(content)))
		got, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, content, string(got))
	}
	all, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, all, 1)
}

// A file that cannot be replaced stays as it was, and nothing is left beside it.
func TestAFailedReplaceChangesNothing(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "folder")
	require.NoError(t, os.MkdirAll(filepath.Join(path, "full"), 0o700))
	require.Error(t, durable.Replace(path, []byte("content")))
	require.DirExists(t, filepath.Join(path, "full"))
	all, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, all, 1)
	require.ErrorIs(t, durable.Replace(filepath.Join(dir, "no", "file"), nil), os.ErrNotExist)
}
