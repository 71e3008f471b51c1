package shim

import (
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// Wrong kills: a process is named by its id and its start time.
func TestAReusedIDIsNotKilled(t *testing.T) {
	cmd := exec.Command("cat")
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	p, err := processOf(cmd.Process.Pid)
	require.NoError(t, err)
	earlier := p
	earlier.start--
	require.NoError(t, earlier.signal(unix.SIGKILL))
	require.NoError(t, earlier.waitGone(0))
	require.NoError(t, in.Close())
	require.NoError(t, cmd.Wait(), "the process that has the id now was killed")
	require.NoError(t, p.signal(unix.SIGKILL), "it is gone")
}

func TestAProcessIsReadWhateverItsNameIs(t *testing.T) {
	all, err := processes()
	require.NoError(t, err)
	self, ok := all[unix.Getpid()]
	require.True(t, ok)
	require.Equal(t, unix.Getppid(), self.parent)
	require.NotZero(t, self.start)
}
