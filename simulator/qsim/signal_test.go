package main

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// asProgram is the environment variable that makes the test's program be qsim.
const asProgram = "QSIM_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	os.Exit(m.Run())
}

// Ctrl-C ends a program with what there is, and exit code 130.
func TestCtrlC(t *testing.T) {
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "a.json")
	c := exec.Command(program, "run", "--set", "seeds=9", "--progress", "on", "--json", path)
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
		if !signalled && strings.Contains(text.String(), "run 1 of 27") {
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
	if !parseResults(t, read(t, path)).Partial {
		t.Error("the results are not partial")
	}
}
