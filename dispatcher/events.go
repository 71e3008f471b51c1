package dispatcher

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/quotasched/quotasched/dispatcher/api"
	"github.com/quotasched/quotasched/dispatcher/eventlog"
	"github.com/quotasched/quotasched/dispatcher/node"
	"github.com/quotasched/quotasched/protos/dispatch"
)

// eventFiles are a node's events, as the machine writes them and the service reads them.
type eventFiles struct {
	*eventlog.Log
	dir string
	// complete returns when all events of entries that are applied are in the log; nil for at once.
	complete func()

	mu      sync.Mutex
	changed chan struct{} // closed when there is more to read
}

var (
	_ node.EventLog = (*eventFiles)(nil)
	_ api.Events    = (*eventFiles)(nil)
)

func openEvents(c Config) (*eventFiles, error) {
	f := &eventFiles{dir: filepath.Join(c.DataDir, "events"), changed: make(chan struct{})}
	var err error
	f.Log, err = eventlog.Open(f.dir, eventlog.Options{KeepBytes: c.EventBytes, KeepFor: c.EventAge,
		Logger: c.Logger})
	if err != nil {
		return nil, fmt.Errorf("the event log: %w", err)
	}
	return f, nil
}

// Append implements node.EventLog.
func (f *eventFiles) Append(index uint64, events []*dispatch.Event, bytes [][]byte) error {
	if err := f.Log.Append(index, events, bytes); err != nil {
		return err
	}
	if len(events) > 0 {
		f.tell()
	}
	return nil
}

// Reach implements node.EventLog.
func (f *eventFiles) Reach(index, restored uint64) error {
	if err := f.Log.Reach(index); err != nil {
		return err
	}
	gap, missing := f.Missing()
	if !missing || gap.From >= restored {
		return nil
	}
	return f.GiveUp(min(restored, gap.To))
}

// Whole implements node.EventLog.
func (f *eventFiles) Whole() error {
	if gap, missing := f.Missing(); missing {
		return fmt.Errorf("%w: those of the entries after %d, up to %d", eventlog.ErrMissing, gap.From,
			gap.To)
	}
	return nil
}

// tell tells those who follow that there is more.
func (f *eventFiles) tell() {
	f.mu.Lock()
	defer f.mu.Unlock()
	close(f.changed)
	f.changed = make(chan struct{})
}

func (f *eventFiles) more() <-chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.changed
}

// Follow implements api.Events. Nothing is held for a reader who is slow: it reads files.
func (f *eventFiles) Follow(ctx context.Context, w api.Following,
	send func([]*dispatch.Event) error) error {
	q := eventlog.Query{Pool: w.Pool, After: eventlog.PositionOf(w.After)}
	if w.After == nil {
		q.After = f.Start()
	}
	if f.complete != nil {
		f.complete()
	}
	quiet := time.NewTimer(w.Quiet)
	defer quiet.Stop()
	for {
		changed := f.more()
		page, err := f.Read(q)
		if err != nil && !errors.Is(err, eventlog.ErrMissing) {
			return err
		}
		q.After = page.Next
		if len(page.Events) > 0 {
			if err := send(page.Events); err != nil {
				return err
			}
			quiet.Reset(w.Quiet)
		}
		if page.More && err == nil {
			continue
		}
		if !w.Follow && err == nil {
			return nil
		}
		select {
		case <-changed:
		case <-quiet.C:
			if err := send(nil); err != nil {
				return err
			}
			quiet.Reset(w.Quiet)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// bytes is how long the files are.
func (f *eventFiles) bytes() (total int64) {
	paths, err := filepath.Glob(filepath.Join(f.dir, "*"))
	if err != nil {
		return 0
	}
	for _, path := range paths {
		if info, err := os.Stat(path); err == nil { // else it was removed
			total += info.Size()
		}
	}
	return total
}

// send sends the events of whole entries after a position, up to an entry, in messages.
func (f *eventFiles) send(after *dispatch.Position, until uint64,
	send func(events []*dispatch.Event, covered uint64) error) error {
	if covered := f.Covered(); covered < until {
		return fmt.Errorf("%w: entry %d is the newest here, before %d", eventlog.ErrMissing, covered,
			until)
	}
	q := eventlog.Query{All: true, After: eventlog.PositionOf(after), Until: until}
	var held []*dispatch.Event // of an entry that may have more
	for {
		page, err := f.Read(q)
		if err != nil {
			return err
		}
		q.After = page.Next
		events := append(held, page.Events...)
		if !page.More {
			return send(events, until)
		}
		if len(events) == 0 {
			continue
		}
		last := events[len(events)-1].GetPosition().GetIndex()
		n := len(events)
		for n > 0 && events[n-1].GetPosition().GetIndex() == last {
			n--
		}
		if err := send(events[:n], last-1); err != nil {
			return err
		}
		held = append([]*dispatch.Event(nil), events[n:]...)
	}
}

// fetchEvery is how often a node looks whether events are missing.
const fetchEvery = 500 * time.Millisecond

// A source sends events of another node, as eventFiles.send does.
type source func(ctx context.Context, after *dispatch.Position, until uint64,
	take func([]*dispatch.Event, uint64) error) error

// fill gets missing events from the other nodes, until the context ends. If all of them say that
// they have none as old, or there is no other node, those events are gone.
func (f *eventFiles) fill(ctx context.Context, sources func() (map[string]source, bool),
	logger *slog.Logger) {
	ticker := time.NewTicker(fetchEvery)
	defer ticker.Stop()
	for {
		gap, missing := f.Missing()
		if from, known := sources(); missing && known {
			if err := f.fillGap(ctx, from); err != nil && ctx.Err() == nil {
				logger.Warn("missing events were not filled in", "after", gap.From, "until", gap.To,
					"error", err)
			}
			f.tell()
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

// fillGap gets the events of the oldest gap from the first source that has them.
func (f *eventFiles) fillGap(ctx context.Context, sources map[string]source) error {
	gap, missing := f.Missing()
	gone := gap.To // what nobody has
	var failures []error
	for id, fetch := range sources { // any one does
		if gap, missing = f.Missing(); !missing {
			return nil
		}
		after := &dispatch.Position{Index: gap.From, N: math.MaxUint32}
		err := fetch(ctx, after, gap.To, func(events []*dispatch.Event, covered uint64) error {
			if covered <= gap.From {
				return nil
			}
			return f.Fill(covered, events)
		})
		var old *eventlog.TooOldError
		switch {
		case err == nil:
			return nil
		case errors.As(err, &old):
			gone = min(gone, old.Oldest.Index)
		default:
			failures = append(failures, fmt.Errorf("node %s: %w", id, err))
		}
	}
	if len(failures) > 0 || !missing {
		return errors.Join(failures...)
	}
	return f.GiveUp(gone)
}
