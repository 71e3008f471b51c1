package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime/pprof"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/quotasched/quotasched/dispatcher"
	"github.com/quotasched/quotasched/dispatcher/client"
	"github.com/quotasched/quotasched/dispatcher/log/raftlog"
	"github.com/quotasched/quotasched/dispatcher/node"
	"github.com/quotasched/quotasched/internal/freeport"
)

// serverEnvironment has what a process of a node is to do, as JSON.
const serverEnvironment = "QSCHED_BENCHMARK_NODE"

// profileEnvironment names a file to which a node writes what takes its processors' time, as pprof
// reads it, with the node's id at the end.
const profileEnvironment = "QSCHED_BENCHMARK_PROFILE"

// serveIfTold makes this process a node if its environment says so.
func serveIfTold() (told bool, err error) {
	text := os.Getenv(serverEnvironment)
	if text == "" {
		return false, nil
	}
	var n nodeConfig
	if err := json.Unmarshal([]byte(text), &n); err != nil {
		return true, err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	if path := os.Getenv(profileEnvironment); path != "" {
		f, err := os.Create(path + "." + n.ID)
		if err != nil {
			return true, err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return true, err
		}
		defer pprof.StopCPUProfile()
	}
	var self *node.Node
	return true, dispatcher.Run(ctx, dispatcher.Config{NodeID: n.ID, DataDir: n.Dir,
		Listen: "127.0.0.1:0", PeerListen: n.PeerListen, Bootstrap: n.Members,
		Logger: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
		OnNode: func(n *node.Node) { self = n },
		OnReady: func(url string) {
			fmt.Println(url)
			go func() {
				if err := proposeWhenTold(ctx, self, os.Stdin, os.Stdout); err != nil {
					fmt.Fprintln(os.Stderr, "dispatcher:", err)
					os.Exit(1)
				}
			}()
		}})
}

// A nodeConfig is what a node's process is told.
type nodeConfig struct {
	ID, Dir, PeerListen string
	Members             []raftlog.Address
}

// servers are the processes of a cluster.
type servers struct {
	dir       string
	processes []*process
	urls      []string
}

// A process is that of a node.
type process struct {
	*exec.Cmd
	in  io.Writer     // it is told what to do
	out *bufio.Reader // it says its URL, and what it did
}

// startServers starts a cluster of so many nodes, and waits until it serves.
func startServers(ctx context.Context, nodes int) (s *servers, err error) {
	s = &servers{}
	if s.dir, err = os.MkdirTemp("", "qsched-benchmark-"); err != nil {
		return nil, err
	}
	list := make([]nodeConfig, nodes)
	var members []raftlog.Address
	for i := range list {
		n := &list[i]
		n.ID = fmt.Sprint("n", i+1)
		n.Dir = filepath.Join(s.dir, n.ID)
		if nodes == 1 {
			continue
		}
		if n.PeerListen, err = freeport.Address(); err != nil {
			return nil, errors.Join(err, s.close())
		}
		members = append(members, raftlog.Address{ID: n.ID, Address: n.PeerListen})
	}
	ready := make(chan error, nodes)
	s.urls = make([]string, nodes)
	for i := range list {
		list[i].Members = members
		if err := s.start(&list[i], &s.urls[i], ready); err != nil {
			return nil, errors.Join(err, s.close())
		}
	}
	for range list {
		select {
		case err = <-ready:
		case <-ctx.Done():
			err = ctx.Err()
		}
		if err != nil {
			return nil, errors.Join(err, s.close())
		}
	}
	return s, nil
}

// start starts a node, and notes its URL when it is ready.
func (s *servers) start(n *nodeConfig, url *string, ready chan<- error) error {
	text, err := json.Marshal(n)
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	p := exec.Command(self)
	p.Env = append(os.Environ(), serverEnvironment+"="+string(text))
	p.Stderr = os.Stderr
	out, err := p.StdoutPipe()
	if err != nil {
		return err
	}
	in, err := p.StdinPipe()
	if err != nil {
		return err
	}
	if err := p.Start(); err != nil {
		return err
	}
	lines := bufio.NewReader(out)
	s.processes = append(s.processes, &process{Cmd: p, in: in, out: lines})
	go func() {
		line, err := lines.ReadString('\n')
		*url = strings.TrimSpace(line)
		ready <- err
	}()
	return nil
}

// close ends the processes and removes their files.
func (s *servers) close() error {
	for _, p := range s.processes {
		if os.Getenv(profileEnvironment) != "" {
			_ = p.Process.Signal(syscall.SIGTERM) // so that it writes its profile
		} else {
			_ = p.Process.Kill() // it may have ended
		}
		_ = p.Wait()
	}
	return os.RemoveAll(s.dir)
}

// client returns one that finds the leader.
func (s *servers) client() (*client.Client, error) {
	return client.New(client.Config{Servers: s.urls})
}

// processorTime is what all processes have used of the processors.
func (s *servers) processorTime() (total time.Duration, err error) {
	for _, p := range s.processes {
		used, err := processorTime(p.Process.Pid)
		if err != nil {
			return 0, err
		}
		total += used
	}
	return total, nil
}

// processorTime is what a process has used of the processors, as Linux says.
func processorTime(pid int) (time.Duration, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(b), ") ") // the name may have spaces
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0, fmt.Errorf("/proc/%d/stat: %q", pid, b)
	}
	user, err1 := strconv.ParseInt(fields[11], 10, 64)
	system, err2 := strconv.ParseInt(fields[12], 10, 64)
	const tick = time.Second / 100
	return time.Duration(user+system) * tick, errors.Join(err1, err2)
}

// residentBytes is how much memory a process has, as Linux says.
func residentBytes(pid int) (float64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(b))
	if len(fields) < 2 {
		return 0, fmt.Errorf("/proc/%d/statm: %q", pid, b)
	}
	pages, err := strconv.ParseFloat(fields[1], 64)
	return pages * float64(os.Getpagesize()), err
}
