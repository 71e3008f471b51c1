package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"

	"github.com/quotasched/quotasched/dispatcher/client"
	"github.com/quotasched/quotasched/dispatcher/demo"
)

// runMain is a variable that makes the test binary the command itself.
const runMain = "QSCHED_TEST_MAIN"

// TestScripts runs the command as people and scripts do: as a process, by a shell. Directives:
//
//	server [FLAG=VALUE …]      starts a server in the script's folder, or again with what is there
//	stop                       sends it SIGTERM; prints its exit code
//	hangup                     sends it SIGHUP
//	cluster n=N                starts N nodes, n1 to nN, in place of a server
//	node id=ID                 starts a node that waits until it is added at $ID, or one that was killed,
//	                           of which the last one is "killed"
//	kill id=ID                 kills a node; "leader" is the one that leads
//	workers n=N slots=N        starts simulated machines, m-0 to m-(N-1), a thousand times as fast as life
//	sh                         runs a script in the folder; prints what it prints, and its exit code if
//	                           that is not 0
//	qsim                       makes the command qsim, for the scripts that follow
//	until                      the same, again and again until the exit code is 0
//
// What differs from run to run is replaced: ids by ID1, ID2, …, times by TIME.
func TestScripts(t *testing.T) {
	datadriven.Walk(t, "testdata/scripts", func(t *testing.T, path string) {
		t.Parallel()
		s := newScript(t)
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			switch d.Cmd {
			case "server":
				var args []string
				for _, a := range d.CmdArgs {
					args = append(args, "--"+a.Key, a.Vals[0])
				}
				return s.start(args)
			case "stop":
				return s.stop()
			case "hangup":
				require.NoError(t, s.server.Process.Signal(syscall.SIGHUP))
				return ""
			case "cluster":
				var n int
				d.ScanArgs(t, "n", &n)
				return s.cluster(n)
			case "node":
				var id string
				d.ScanArgs(t, "id", &id)
				return s.node(id)
			case "kill":
				var id string
				d.ScanArgs(t, "id", &id)
				return s.kill(id)
			case "workers":
				var n, slots int
				d.ScanArgs(t, "n", &n)
				d.ScanArgs(t, "slots", &slots)
				return s.workers(n, slots)
			case "qsim":
				return s.qsim()
			case "sh":
				text, _ := s.sh(d.Input)
				return text
			case "until":
				return s.until(d.Input)
			}
			d.Fatalf(t, "there is no directive %q", d.Cmd)
			return ""
		})
	})
}

// script is a folder in which commands run, with a server.
type script struct {
	t        *testing.T
	dir      string
	url      string
	server   *exec.Cmd
	ids      map[string]string
	machines sync.WaitGroup
	life     context.Context
	nodes    map[string]*node
	killed   string // the node that was killed last
}

func newScript(t *testing.T) *script {
	s := &script{t: t, dir: t.TempDir(), ids: map[string]string{}, nodes: map[string]*node{}}
	own, err := os.Executable()
	require.NoError(t, err)
	wrapper := fmt.Sprintf("#!/bin/sh\n%s=1 exec '%s' \"$@\"\n", runMain, own)
	require.NoError(t, os.Mkdir(filepath.Join(s.dir, "bin"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(s.dir, "bin", "qsched"), []byte(wrapper), 0o700))
	var end func()
	s.life, end = context.WithCancel(context.Background())
	t.Cleanup(func() {
		end()
		s.machines.Wait()
		if s.server != nil {
			_ = s.server.Process.Kill()
			_ = s.server.Wait()
		}
		for _, n := range s.nodes {
			n.end()
		}
	})
	return s
}

// command returns a command that runs in the script's folder.
func (s *script) command(name string, args ...string) *exec.Cmd {
	c := exec.CommandContext(s.t.Context(), name, args...)
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	c.Cancel = func() error { return syscall.Kill(-c.Process.Pid, syscall.SIGKILL) }
	c.WaitDelay = time.Second
	c.Dir = s.dir
	c.Env = []string{"PATH=" + filepath.Join(s.dir, "bin") + ":" + os.Getenv("PATH"), "HOME=" + s.dir,
		"QSCHED_SERVER=" + s.url, "TMPDIR=" + s.dir, "LC_ALL=C"}
	for id, n := range s.nodes {
		c.Env = append(c.Env, id+"="+n.peer)
	}
	if strings.HasPrefix(s.url, "https:") {
		c.Env = append(c.Env, "QSCHED_CA=ca.pem")
	}
	return c
}

// start starts the server, the second time at the same address.
func (s *script) start(args []string) string {
	if err := s.tryStart(args); err != nil {
		text, _ := os.ReadFile(filepath.Join(s.dir, "server.log"))
		s.t.Fatalf("the server did not say that it is ready: %v\n%s", err, text)
	}
	return ""
}

// tryStart starts the server, or returns an error if it ends before it is ready.
func (s *script) tryStart(args []string) error {
	listen := "127.0.0.1:0"
	if s.url != "" {
		_, listen, _ = strings.Cut(s.url, "://")
	}
	s.server = s.command(filepath.Join(s.dir, "bin", "qsched"),
		append([]string{"server", "--data-dir", "data", "--listen", listen, "--log-level", "info"}, args...)...)
	log, err := os.OpenFile(filepath.Join(s.dir, "server.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	require.NoError(s.t, err)
	defer log.Close()
	s.server.Stderr = log
	out, err := s.server.StdoutPipe()
	require.NoError(s.t, err)
	require.NoError(s.t, s.server.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return err
	}
	s.url = strings.TrimSpace(strings.TrimPrefix(line, "ready: "))
	return nil
}

func (s *script) stop() string {
	require.NoError(s.t, s.server.Process.Signal(syscall.SIGTERM))
	_ = s.server.Wait()
	code := s.server.ProcessState.ExitCode()
	s.server = nil
	return fmt.Sprintf("exit code %d\n", code)
}

func (s *script) workers(n, slots int) string {
	c, err := client.New(client.Config{Servers: strings.Split(s.url, ",")})
	require.NoError(s.t, err)
	s.t.Cleanup(c.Close)
	for i := range n {
		d := demo.Device{Dispatcher: c.Workers, Pool: "lab", Slots: slots, Speed: 1000,
			Name: fmt.Sprintf("m-%d", i), Labels: []string{"model:" + []string{"oak", "fir"}[i%2], "os:7"}}
		s.machines.Go(func() {
			if err := d.Run(s.life); err != nil {
				s.t.Errorf("%s: %v", d.Name, err)
			}
		})
	}
	return ""
}

// qsim builds the command qsim, which the test binary cannot be.
func (s *script) qsim() string {
	to := filepath.Join(s.dir, "bin", "qsim")
	out, err := exec.CommandContext(s.t.Context(), "go", "build", "-o", to,
		"github.com/quotasched/quotasched/simulator/qsim").CombinedOutput()
	require.NoError(s.t, err, string(out))
	return ""
}

// sh runs a script and returns what it printed, and its exit code.
func (s *script) sh(text string) (string, int) {
	c := s.command("sh", "-c", text)
	late := time.AfterFunc(time.Minute, func() { _ = c.Cancel() })
	defer late.Stop()
	out, err := c.CombinedOutput()
	code := 0
	if err != nil {
		e, exited := err.(*exec.ExitError)
		require.True(s.t, exited, "%v", err)
		code = e.ExitCode()
		out = fmt.Appendf(out, "exit code %d\n", code)
	}
	return s.settled(string(out)), code
}

// until repeats a script until its exit code is 0.
func (s *script) until(text string) string {
	for end := time.Now().Add(time.Minute); ; {
		out, code := s.sh(text)
		if code == 0 {
			return out
		}
		if time.Now().After(end) {
			all, _ := s.sh("qsched pool inspect lab; qsched task list lab --limit 5; cat server.log")
			s.t.Fatalf("it never came true: %s\n%s\n%s", text, out, all)
		}
		time.Sleep(100 * time.Millisecond) // between the tries of a process that is waited for
	}
}

var (
	someID   = regexp.MustCompile(`\b[0-9][0-9A-HJKMNP-TV-Z]{25}\b`)
	someTime = regexp.MustCompile(`\b20\d\d-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?Z`)
)

// settled replaces what differs from run to run.
func (s *script) settled(text string) string {
	text = someID.ReplaceAllStringFunc(text, func(id string) string {
		if s.ids[id] == "" {
			s.ids[id] = fmt.Sprintf("ID%d", len(s.ids)+1)
		}
		return s.ids[id]
	})
	text = strings.ReplaceAll(text, s.dir, "DIR")
	if s.url != "" {
		text = strings.ReplaceAll(text, s.url, "URL")
	}
	for id, n := range s.nodes {
		text = strings.ReplaceAll(strings.ReplaceAll(text, n.public, "PUBLIC-"+id), n.peer, "PEER-"+id)
	}
	return someTime.ReplaceAllString(text, "TIME")
}
