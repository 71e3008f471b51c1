package main

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// asProgram is the environment variable that makes the test's program be qsim.
const asProgram = "QSIM_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	os.Exit(m.Run())
}

// Ctrl-C ends a run with what there is.
func TestCtrlC(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.json")
	interrupted(t, "run 1 of 27", "run", "--set", "seeds=9", "--progress", "on", "--json", path)
	if !parseResults(t, read(t, path)).Partial {
		t.Error("the results are not partial")
	}
}

// Ctrl-C ends a recording with a whole journal of the operations so far, which can be replayed.
func TestCtrlCWhileRecording(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.qsj.zst")
	stderr := interrupted(t, "run 1 of 1", "record", "--only", "fifo", "--progress", "on", "-o", path)
	require.Regexp(t, `\d operations written to .*a.qsj.zst\n`, stderr)
	require.Contains(t, stderr, "interrupted: the journal ends before the run does")
	expect(t, 0, []string{`no difference|the same`}, nil, "replay", path, "--progress", "off")
}

// interrupted runs the command line as a program, sends it a Ctrl-C once it has printed a text on
// standard error, and returns all that it printed there. The exit code must be 130.
func interrupted(t *testing.T, once string, args ...string) string {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(program, args...)
	c.Env = append(os.Environ(), asProgram+"=1")
	stderr, err := c.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	text, signalled := strings.Builder{}, false
	for r := bufio.NewReader(stderr); ; {
		b, err := r.ReadByte()
		if err != nil {
			break
		}
		text.WriteByte(b)
		if !signalled && strings.Contains(text.String(), once) {
			signalled = true
			if err := c.Process.Signal(os.Interrupt); err != nil {
				t.Fatal(err)
			}
		}
	}
	err = c.Wait()
	if e, ok := errors.AsType[*exec.ExitError](err); !ok || e.ExitCode() != 130 {
		t.Errorf("ended with %v, stderr %q", err, text.String())
	}
	return text.String()
}
