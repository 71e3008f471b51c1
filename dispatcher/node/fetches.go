package node

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"sync"

	"google.golang.org/protobuf/proto"

	"github.com/quotasched/quotasched/dispatcher/state"
	"github.com/quotasched/quotasched/protos/dispatch"
)

const (
	// fetchesMax is how many logs a leader reads at once, and fetchesPerWorker how many of one
	// worker.
	fetchesMax       = 256
	fetchesPerWorker = 8
)

// ErrNoFetch says that nobody reads that log, or not any more.
var ErrNoFetch = errors.New("nobody waits for this log")

// fetches are the logs that somebody reads from workers now. Nothing of a log is kept: each part
// goes from the worker's call to the reader's stream. The zero value has none.
type fetches struct {
	mu   sync.Mutex
	byID map[string]*fetch
}

// A fetch is one log that one reader wants.
type fetch struct {
	key   state.WorkerKey
	order *dispatch.Fetch
	taken bool // the worker has begun to send; until then its orders have the fetch
	parts chan *dispatch.SendLogRequest
	left  chan struct{} // closed when the reader has left
}

// begin registers a reader. end must be called.
func (fs *fetches) begin(key state.WorkerKey, order *dispatch.Fetch) (*fetch, error) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	same := 0
	for _, f := range fs.byID {
		if f.key == key {
			same++
		}
	}
	switch {
	case len(fs.byID) >= fetchesMax:
		return nil, fmt.Errorf("%w: %d logs are being read, as many as may be", ErrOverloaded,
			fetchesMax)
	case same >= fetchesPerWorker:
		return nil, fmt.Errorf("%w: %d logs of worker %s are being read, as many as may be",
			ErrOverloaded, same, key.Worker)
	}
	f := &fetch{
		key: key, order: proto.CloneOf(order), parts: make(chan *dispatch.SendLogRequest),
		left: make(chan struct{}),
	}
	f.order.Id = rand.Text()
	if fs.byID == nil {
		fs.byID = map[string]*fetch{}
	}
	fs.byID[f.order.GetId()] = f
	return f, nil
}

// end is for a reader that leaves.
func (fs *fetches) end(f *fetch) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	delete(fs.byID, f.order.GetId())
	close(f.left)
}

// of returns what a worker is to be asked for, in order: the fetches that it has not taken.
func (fs *fetches) of(key state.WorkerKey) (all []*dispatch.Fetch) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	for _, f := range fs.byID {
		if f.key == key && !f.taken {
			all = append(all, f.order)
		}
	}
	slices.SortFunc(all, func(a, b *dispatch.Fetch) int { return cmp.Compare(a.GetId(), b.GetId()) })
	return all
}

// take returns the fetch to which a part belongs, which a worker of that pool has begun to send.
func (fs *fetches) take(pool, id string) (*fetch, error) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	f := fs.byID[id]
	if f == nil || f.key.Pool != pool {
		return nil, ErrNoFetch
	}
	f.taken = true
	return f, nil
}

// unsent returns the fetches of now that are not among those of before.
func unsent(before, now []*dispatch.Fetch) (fresh []*dispatch.Fetch) {
	for _, f := range now {
		if !slices.ContainsFunc(before, func(b *dispatch.Fetch) bool {
			return b.GetId() == f.GetId()
		}) {
			fresh = append(fresh, f)
		}
	}
	return fresh
}
