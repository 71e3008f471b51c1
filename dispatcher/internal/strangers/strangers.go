// Package strangers bounds how many connections may be open on which nobody has said anything yet.
package strangers

import (
	"container/list"
	"net"
	"sync"
)

// A Bound holds at most so many connections. One more closes the oldest, so that those who say
// nothing keep nobody else out.
type Bound struct {
	max int

	mu  sync.Mutex
	all *list.List // of net.Conn, the oldest first
}

// NewBound returns a Bound of max connections, which must be positive.
func NewBound(max int) *Bound { return &Bound{max: max, all: list.New()} }

// Add takes in a connection. The function that it returns lets it go: it has said something, or has
// ended.
func (b *Bound) Add(c net.Conn) (done func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.all.Len() >= b.max {
		oldest := b.all.Front()
		b.all.Remove(oldest)
		oldest.Value.(net.Conn).Close() // nothing of it is needed
	}
	e := b.all.PushBack(c)
	return func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.all.Remove(e)
	}
}
