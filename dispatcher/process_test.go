package dispatcher

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// processEnvironment has the data directory of the server that a process of this test shall be.
const processEnvironment = "QSCHED_TEST_SERVE"

func TestMain(m *testing.M) {
	dir := os.Getenv(processEnvironment)
	if dir == "" {
		os.Exit(m.Run())
	}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin) // it ends as its reader does
		os.Exit(1)
	}()
	err := Run(context.Background(), Config{DataDir: dir, Listen: "127.0.0.1:0",
		Logger:  slog.New(slog.NewTextHandler(os.Stderr, nil)),
		OnReady: func(url string) { fmt.Println(url) }})
	slog.Error("the server ended", "error", err)
	os.Exit(1)
}

// A process is a server in a process of its own, which can be killed.
type process struct {
	url     string
	command *exec.Cmd
}

// startProcess starts one, which is killed at the test's end.
func startProcess(t *testing.T, dir string) *process {
	t.Helper()
	p := &process{command: exec.Command(os.Args[0])}
	p.command.Env = append(os.Environ(), processEnvironment+"="+dir)
	p.command.Stderr = t.Output()
	// A test that is killed leaves no process behind: it ends with its input.
	in, err := p.command.StdinPipe()
	require.NoError(t, err)
	t.Cleanup(func() { in.Close() })
	out, err := p.command.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, p.command.Start())
	t.Cleanup(func() { _ = p.command.Process.Kill() }) // it may have ended
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err, "it is not ready")
	p.url = strings.TrimSpace(line)
	return p
}

// kill ends it as kill -9 does.
func (p *process) kill(t *testing.T) {
	require.NoError(t, p.command.Process.Kill())
	require.ErrorContains(t, p.command.Wait(), "killed")
}
