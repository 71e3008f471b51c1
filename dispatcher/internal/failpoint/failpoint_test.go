package failpoint_test

import (
	"fmt"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quotasched/quotasched/dispatcher/internal/failpoint"
)

func TestMain(m *testing.M) {
	if os.Getenv(failpoint.Environment) == "" {
		os.Exit(m.Run())
	}
	p, err := failpoint.FromEnvironment()
	if err != nil {
		fmt.Print(err)
		os.Exit(1)
	}
	for i := range 5 {
		fmt.Print(i)
		p.At(failpoint.BeforeSnapshot)
		p.At(failpoint.AfterSnapshot)
	}
}

func TestAProcessEndsWhereItIsTold(t *testing.T) {
	for plan, want := range map[string]string{
		"after-snapshot:3": "012 signal: killed",
		"before-rename:1":  "01234 exit status 0",
		"nowhere:1":        `QSCHED_TEST_FAILPOINT="nowhere:1": it is not NAME:N exit status 1`,
	} {
		c := exec.Command(os.Args[0])
		c.Env = append(os.Environ(), failpoint.Environment+"="+plan)
		out, err := c.Output()
		require.NotNil(t, c.ProcessState, "%v", err)
		require.Equal(t, want, fmt.Sprint(string(out), " ", c.ProcessState))
	}
}

func TestWithoutAPlanNothingEnds(t *testing.T) {
	p, err := failpoint.FromEnvironment()
	require.NoError(t, err)
	for _, name := range failpoint.Names {
		p.At(name)
	}
}
