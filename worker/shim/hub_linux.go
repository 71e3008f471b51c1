package shim

import (
	"bufio"
	"fmt"
	"net"
	"sync"
	"time"
)

// Verbs of what an agent says.
const (
	verbRenew = "renew"
	verbStop  = "stop"
)

const (
	// lineMax is how long a line of an agent may be, in bytes.
	lineMax = 256
	// writeWait is how long a shim waits for an agent that does not read.
	writeWait = time.Second
)

// saying is a line of an agent.
type saying struct {
	verb             string
	deadline, margin time.Duration
	grace            time.Duration
	why              reason
}

// parse reads a line of an agent.
func parse(line string) (s saying, ok bool) {
	var word string
	if n, _ := fmt.Sscanf(line, "renew %d %d", &s.deadline, &s.margin); n == 2 {
		s.verb = verbRenew
		return s, s.deadline > 0 && s.margin >= 0
	}
	if n, _ := fmt.Sscanf(line, "stop %d %s", &s.grace, &word); n != 2 || s.grace < 0 {
		return s, false
	}
	s.verb = verbStop
	switch word {
	case "ordered":
		s.why = reasonOrdered
	case "own":
		s.why = reasonOwn
	}
	return s, s.why != reasonNone
}

// hub is what a shim and its agent hear of each other. The newest connection counts; the one before
// is of an agent that is no more.
type hub struct {
	listener net.Listener
	said     chan saying
	closed   chan struct{}
	wg       sync.WaitGroup

	mu       sync.Mutex
	conn     net.Conn
	since    time.Duration // when the task began to run; 0 if it has not
	deadline time.Duration // when it must have ended
	lines    []string      // what else each new agent is told first
}

func newHub(l net.Listener) *hub {
	h := &hub{listener: l, said: make(chan saying), closed: make(chan struct{})}
	h.wg.Go(h.accept)
	return h
}

func (h *hub) accept() {
	for {
		conn, err := h.listener.Accept()
		if err != nil {
			return // closed
		}
		h.mu.Lock()
		if h.conn != nil {
			_ = h.conn.Close()
		}
		h.conn = conn
		if h.since > 0 {
			h.writeRunning()
		}
		for _, line := range h.lines {
			h.write(line)
		}
		h.mu.Unlock()
		h.wg.Go(func() { h.read(conn) })
	}
}

func (h *hub) read(conn net.Conn) {
	lines := bufio.NewScanner(conn)
	lines.Buffer(make([]byte, lineMax), lineMax)
	for lines.Scan() {
		s, ok := parse(lines.Text())
		if !ok {
			continue
		}
		select {
		case h.said <- s:
		case <-h.closed:
			return
		}
	}
}

// write tells the agent something, if there is one. h.mu is held.
func (h *hub) write(line string) {
	if h.conn == nil {
		return
	}
	_ = h.conn.SetWriteDeadline(time.Now().Add(writeWait))
	if _, err := h.conn.Write([]byte(line + "\n")); err != nil {
		_ = h.conn.Close() // the agent finds the end in its file
		h.conn = nil
	}
}

func (h *hub) writeRunning() { h.write(fmt.Sprintf("running %d %d", h.since, h.deadline)) }

// running tells the agent that the task runs.
func (h *hub) running(since, deadline time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.since, h.deadline = since, deadline
	h.writeRunning()
}

// renewed is for agents to come.
func (h *hub) renewed(deadline time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.deadline = deadline
}

func (h *hub) say(line string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.lines = append(h.lines, line)
	h.write(line)
}

func (h *hub) stuck()           { h.say("stuck") }
func (h *hub) ended(end []byte) { h.say(fmt.Sprintf("end %x", end)) }

// close ends all connections, and waits for what reads them.
func (h *hub) close() {
	close(h.closed)
	_ = h.listener.Close()
	h.mu.Lock()
	if h.conn != nil {
		_ = h.conn.Close()
	}
	h.mu.Unlock()
	h.wg.Wait()
}
