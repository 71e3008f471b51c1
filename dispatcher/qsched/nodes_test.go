package main

import (
	"bufio"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"connectrpc.com/connect"
	"github.com/stretchr/testify/require"

	"github.com/quotasched/quotasched/dispatcher/client"
	"github.com/quotasched/quotasched/internal/freeport"
	"github.com/quotasched/quotasched/protos/dispatch"
)

// node is a node of a script's cluster.
type node struct {
	args         []string
	public, peer string    // addresses
	process      *exec.Cmd // nil if it was killed
	ready        chan error
}

// cluster starts nodes side by side, and waits until all are ready.
func (s *script) cluster(n int) string {
	var members, urls []string
	for i := range n {
		id := fmt.Sprintf("n%d", i+1)
		s.nodes[id] = s.newNode(id)
		members = append(members, id+"="+s.nodes[id].peer)
		urls = append(urls, "http://"+s.nodes[id].public)
	}
	s.url = strings.Join(urls, ",")
	for _, one := range s.nodes {
		one.args = append(one.args, "--bootstrap", strings.Join(members, ","))
		s.run(one)
	}
	for id, one := range s.nodes {
		s.awaitReady(id, one)
	}
	return ""
}

func (s *script) newNode(id string) *node {
	one := &node{public: freeport.ForTest(s.t), peer: freeport.ForTest(s.t)}
	one.args = []string{"server", "--data-dir", id, "--node-id", id, "--listen", one.public, "--peer-listen", one.peer,
		"--log-level", "error"}
	return one
}

// run starts a node.
func (s *script) run(one *node) {
	one.process, one.ready = s.command(filepath.Join(s.dir, "bin", "qsched"), one.args...), make(chan error, 1)
	out, err := one.process.StdoutPipe()
	require.NoError(s.t, err)
	require.NoError(s.t, one.process.Start())
	ready := one.ready
	go func() {
		_, err := bufio.NewReader(out).ReadString('\n')
		ready <- err
	}()
}

func (s *script) awaitReady(id string, one *node) {
	select {
	case err := <-one.ready:
		require.NoError(s.t, err, "node %s ended", id)
	case <-time.After(time.Minute):
		s.t.Fatalf("node %s is not ready", id)
	}
}

// node starts a node that is new, which waits until it is added, or one that was killed.
func (s *script) node(id string) string {
	if id == "killed" {
		id = s.killed
	}
	if one := s.nodes[id]; one != nil {
		s.run(one)
		s.awaitReady(id, one)
		return ""
	}
	s.nodes[id] = s.newNode(id)
	s.run(s.nodes[id])
	return ""
}

// kill kills a node.
func (s *script) kill(id string) string {
	if id == "leader" {
		id = s.leader()
	}
	s.nodes[id].end()
	s.killed = id
	return ""
}

func (n *node) end() {
	if n.process != nil {
		_ = n.process.Process.Kill()
		_ = n.process.Wait()
		n.process = nil
	}
}

// leader is the node that leads.
func (s *script) leader() string {
	c, err := client.New(client.Config{Servers: strings.Split(s.url, ",")})
	require.NoError(s.t, err)
	defer c.Close()
	r, err := c.Cluster.GetStatus(s.t.Context(), connect.NewRequest(&dispatch.GetStatusRequest{}))
	require.NoError(s.t, err)
	for _, m := range r.Msg.Members {
		if m.Leader {
			return m.Id
		}
	}
	s.t.Fatal("nobody leads")
	return ""
}
