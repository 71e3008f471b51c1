package main

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"
)

const fleetOutput = `# a server
# a pool of two accounts: web pays for the first level, nightly for the fourth
# two machines
# eight commands
8 have succeeded
# what the first one wrote; a log that is followed ends with its task
web 1
one
two
exit code 3
# a long one of nightly's has the oak; web preempts it, and it runs again afterwards
preempted once, run twice
# one that nobody can run: why? it is cancelled
it can NEVER run, as things are.
it CANCELLED
# a machine that is not fit takes no task, and says why
it refuses: the battery is flat
# a machine drains: it ends when its work is done and recorded
exit code 0
`

// TestTheFleetOfTheExample runs real commands on real agents: examples/fleet/run.sh.
func TestTheFleetOfTheExample(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("agents are for Linux only")
	}
	s := newScript(t)
	path, err := filepath.Abs("../../examples/fleet/run.sh")
	require.NoError(t, err)
	c := s.command("sh", path)
	var log []byte
	out, err := os.Create(filepath.Join(s.dir, "fleet.log"))
	require.NoError(t, err)
	c.Stderr = out
	text, err := c.Output()
	require.NoError(t, out.Close())
	log, _ = os.ReadFile(out.Name())
	require.NoError(t, err, "%s%s", text, log)
	require.Equal(t, fleetOutput, string(text), "%s", log)
}

func TestBadAgents(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{nil, "--pool is missing"},
		{[]string{"--pool", "p"}, "--state-dir is missing"},
		{[]string{"--pool", "p", "--state-dir", t.TempDir(), "--slots", "2000"},
			"slots: 2000 is not from 1 to 1024"},
		{[]string{"--pool", "p", "--state-dir", t.TempDir(), "--output-bytes", "1"},
			"--output-bytes 1 is less than 2"},
		{[]string{"--pool", "p", "--state-dir", t.TempDir(), "--log-level", "loud"}, "--log-level"},
	} {
		o := qsched(t, append([]string{"agent"}, c.args...)...)
		require.Equal(t, exitNotDone, o.code)
		require.Contains(t, o.err, c.want)
	}
}

// TestTheFlagsOfAgentsAreDocumented finds flags that worker/README.md does not have.
func TestTheFlagsOfAgentsAreDocumented(t *testing.T) {
	text, err := os.ReadFile("../../worker/README.md")
	require.NoError(t, err)
	newAgentCommand(&app{}).Flags().VisitAll(func(f *pflag.Flag) {
		require.Contains(t, string(text), "`--"+f.Name+"`")
	})
}
