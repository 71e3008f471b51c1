// Package freeport finds addresses for tests and benchmarks whose servers end and come back.
package freeport

import (
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
)

// The ports are below those that Linux gives to whoever asks for any: such a port may be another
// process's by the time that a server comes back to it.
const first, last = 10_000, 32_767

var (
	mu    sync.Mutex
	given = map[int]bool{}
)

// Address returns an address of this machine that nobody listens on, and that it has not returned
// before.
func Address() (string, error) {
	mu.Lock()
	defer mu.Unlock()
	const tries = 1000
	var err error
	for range tries {
		port := first + rand.IntN(last-first+1)
		if given[port] {
			continue
		}
		var l net.Listener
		address := fmt.Sprintf("127.0.0.1:%d", port)
		if l, err = net.Listen("tcp", address); err != nil {
			continue
		}
		given[port] = true
		return address, l.Close()
	}
	return "", fmt.Errorf("no free port from %d to %d: %w", first, last, err)
}

// A Test is what ForTest needs of a testing.TB.
type Test interface {
	Helper()
	Fatal(args ...any)
}

// ForTest is Address for a test, which fails if there is none.
func ForTest(t Test) string {
	t.Helper()
	address, err := Address()
	if err != nil {
		t.Fatal(err)
	}
	return address
}
