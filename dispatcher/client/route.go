package client

import (
	"errors"
	"fmt"
	"net/url"
	"sync"
)

// serverKey is the key of a call's server in its context.
type serverKey struct{}

// LeaderHeader is the metadata in which a server that does not lead says who does: a URL.
const LeaderHeader = "qsched-leader"

// route chooses the server of the next call: the leader that was last heard of, or else the servers
// of the configuration in turn.
type route struct {
	servers []*url.URL

	mu     sync.Mutex
	turn   int
	leader *url.URL // nil if none was heard of
}

func newRoute(servers []string) (*route, error) {
	if len(servers) == 0 {
		return nil, errors.New("no server is named")
	}
	r := &route{}
	for _, text := range servers {
		u, err := parseServer(text)
		if err != nil {
			return nil, err
		}
		if len(r.servers) > 0 && u.Scheme != r.servers[0].Scheme {
			return nil, fmt.Errorf("%s and %s are not both http or both https", r.servers[0], u)
		}
		r.servers = append(r.servers, u)
	}
	return r, nil
}

// parseServer reads a server's URL.
func parseServer(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return nil, fmt.Errorf("%q is not a server's URL, such as http://127.0.0.1:7878", text)
	}
	if u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("%q has more than a scheme, a host and a path", u.Redacted())
	}
	return u, nil
}

// server returns where the next call goes.
func (r *route) server() *url.URL {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.leader != nil {
		return r.leader
	}
	return r.servers[r.turn]
}

// failed notes that a server did not answer, or does not know who leads.
func (r *route) failed(server *url.URL) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.leader == server:
		r.leader = nil
	case r.leader == nil && r.servers[r.turn] == server:
		r.turn = (r.turn + 1) % len(r.servers)
	}
}

// follow notes who leads, as a server said, and reports whether that is another server than it. A
// server is never followed from https to http.
func (r *route) follow(from *url.URL, leader string) bool {
	u, err := parseServer(leader)
	if err != nil || u.Scheme != r.servers[0].Scheme || u.String() == from.String() {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.leader = u
	return true
}
