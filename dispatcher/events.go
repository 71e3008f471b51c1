package dispatcher

import (
	"context"
	"sync"
	"time"

	"github.com/quotasched/quotasched/dispatcher/api"
	"github.com/quotasched/quotasched/protos/dispatch"
)

// eventFiles are a node's events, as the machine writes them and the service reads them.
type eventFiles struct {
	mu      sync.Mutex
	events  []*dispatch.Event
	changed chan struct{}
}

func openEvents(Config) (*eventFiles, error) {
	return &eventFiles{changed: make(chan struct{})}, nil
}

// Append implements node.EventLog.
func (f *eventFiles) Append(events []*dispatch.Event) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, e := range events {
		if n := len(f.events); n == 0 || before(f.events[n-1].GetPosition(), e.GetPosition()) {
			f.events = append(f.events, e)
		}
	}
	close(f.changed)
	f.changed = make(chan struct{})
	return nil
}

func before(a, b *dispatch.Position) bool {
	return a.GetIndex() < b.GetIndex() || a.GetIndex() == b.GetIndex() && a.GetN() < b.GetN()
}

// Sync implements node.EventLog.
func (f *eventFiles) Sync() error { return nil }

func (f *eventFiles) bytes() int64 { return 0 }

func (f *eventFiles) close() error { return nil }

// Follow implements api.Events.
func (f *eventFiles) Follow(ctx context.Context, w api.Following,
	send func([]*dispatch.Event) error) error {
	next := 0
	for {
		f.mu.Lock()
		var batch []*dispatch.Event
		for ; next < len(f.events) && len(batch) < 500; next++ {
			e := f.events[next]
			if e.GetPool() == w.Pool && (w.After == nil || before(w.After, e.GetPosition())) {
				batch = append(batch, e)
			}
		}
		more, changed := next < len(f.events), f.changed
		f.mu.Unlock()
		if len(batch) > 0 {
			if err := send(batch); err != nil {
				return err
			}
		}
		if more {
			continue
		}
		if !w.Follow {
			return nil
		}
		select {
		case <-changed:
		case <-time.After(w.Quiet):
			if err := send(nil); err != nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
