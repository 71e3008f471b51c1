package record_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quotasched/quotasched/worker/record"
)

func TestARecordIsReadAsItWasWritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r")
	_, err := record.Read(path)
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.NoError(t, record.Reserve(path, 100))
	_, err = record.Read(path)
	require.ErrorIs(t, err, fs.ErrNotExist, "room is not a record")
	for _, content := range []string{"first", "", "a longer one than the first"} {
		require.NoError(t, record.Write(path, []byte(content)))
		got, err := record.Read(path)
		require.NoError(t, err)
		require.Equal(t, content, string(got))
		require.NoError(t, record.WriteFast(path, []byte("fast "+content)))
		got, err = record.Read(path)
		require.NoError(t, err)
		require.Equal(t, "fast "+content, string(got))
	}
	require.ErrorContains(t, record.Write(path, make([]byte, 2<<20)), "more than 1048576")
}

// A record that is cut at any byte, or has any bit turned, is found damaged.
func TestADamagedRecordIsFound(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r")
	require.NoError(t, record.Write(path, []byte("some content")))
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	for n := range whole {
		require.NoError(t, os.WriteFile(path, whole[:n], 0o600))
		_, err := record.Read(path)
		require.ErrorIs(t, err, record.ErrDamaged, "cut at %d", n)

		bad := append([]byte(nil), whole...)
		bad[n] ^= 1 << (n % 8)
		require.NoError(t, os.WriteFile(path, bad, 0o600))
		_, err = record.Read(path)
		require.ErrorIs(t, err, record.ErrDamaged, "byte %d", n)
	}
}
