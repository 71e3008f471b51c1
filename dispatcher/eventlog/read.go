package eventlog

import (
	"context"
	"errors"
	"io/fs"
	"iter"

	"github.com/quotasched/quotasched/protos/dispatch"
)

const (
	// pageBytes is how much of the files a call of Read goes through at most, and eventsMax how many
	// events it returns, about.
	pageBytes = 4 << 20
	eventsMax = 1000
)

// A Query says which events are read.
type Query struct {
	// Pool is theirs; empty for events of the cluster. All means those of all pools.
	Pool string
	All  bool
	// After is the position before them.
	After Position
	// Until is the newest entry that is asked for; 0 means no bound.
	Until uint64
	// Limit is how many there are at most; 0 means 1,000.
	Limit int
}

// A Page is what Read returns.
type Page struct {
	Events []*dispatch.Event
	// Next is where to go on. It is behind the last event if others of no interest follow.
	Next Position
	// More is true if there is more to be read now, or what comes next is missing.
	More bool
}

// Start returns the oldest position after which all events are kept, or are missing.
func (l *Log) Start() Position {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.start()
}

func (l *Log) start() Position {
	first := l.segments[0].after
	if len(l.gaps) == 0 || l.gaps[0].From >= first.Index {
		return first
	}
	if l.gaps[0].From == 0 {
		return Position{}
	}
	return endOf(l.gaps[0].From)
}

// Covered returns the newest entry up to which all events are here, or known to be missing.
func (l *Log) Covered() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.covered
}

// Read returns events in order. It costs as much as it reads: a pool's events are looked for in the
// segments that have any of them, in at most 4 MB of files a call.
func (l *Log) Read(q Query) (Page, error) {
	if q.Limit <= 0 || q.Limit > eventsMax {
		q.Limit = eventsMax
	}
	page := Page{Next: q.After}
	parts, end, err := l.parts(q)
	if err != nil {
		return page, err
	}
	var bytes int64
	for i, part := range parts {
		if err := page.take(part, q); err != nil {
			return page, l.readError(err, q)
		}
		bytes += part.to - part.from
		if page.More = page.More || bytes >= pageBytes && i < len(parts)-1; page.More {
			return page, nil
		}
	}
	if q.Until == 0 && page.Next.before(end.position) {
		page.Next = end.position
	}
	if page.More = end.missing; page.More && len(page.Events) == 0 {
		return page, ErrMissing
	}
	return page, nil
}

// A part is what is to be read of a segment.
type part struct {
	path     string
	from, to int64
}

// An end is the newest event that can be read, of any pool, and whether missing ones follow.
type end struct {
	position Position
	missing  bool
}

// take reads a part.
func (p *Page) take(part part, q Query) (err error) {
	s := segment{path: part.path}
	readErr := s.read(part.from, part.to, func(r record) bool {
		if r.kind != kindEvent || !p.Next.before(r.position) {
			return true
		}
		if q.Until > 0 && r.position.Index > q.Until {
			return false
		}
		if len(p.Events) >= q.Limit {
			p.More = true
			return false
		}
		p.Next = r.position
		if !q.All && r.pool != q.Pool {
			return true
		}
		var e *dispatch.Event
		if e, err = r.event(); err != nil {
			err = &DamageError{part.path, part.from, err.Error()}
			return false
		}
		p.Events = append(p.Events, e)
		return true
	})
	return errors.Join(readErr, err)
}

// parts returns what is to be read for a query, and where that ends. The segments that have nothing
// of the pool are left out.
func (l *Log) parts(q Query) (parts []part, e end, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil, e, ErrClosed
	}
	if start := l.start(); q.After.before(start) {
		return nil, e, &TooOldError{q.After, start}
	}
	if err := l.write(); err != nil { // what is written can be read
		l.options.Logger.Warn("events cannot be written, nor read", "error", err)
		return nil, end{missing: true}, nil
	}
	for _, s := range l.segments {
		if len(l.gaps) > 0 && !s.after.before(endOf(l.gaps[0].To)) {
			break // behind what is missing
		}
		e.position = s.Last
		if s.Last.Compare(q.After) > 0 && (q.All || s.Pools[q.Pool] > 0) {
			parts = append(parts, part{path: s.path, from: s.offset(q.After), to: s.Bytes})
		}
	}
	e.missing = l.broken != nil || len(l.gaps) > 0 && (q.Until == 0 || q.Until > l.gaps[0].From)
	return parts, e, nil
}

// readError says what it means that a segment could not be read: it may have been removed.
func (l *Log) readError(err error, q Query) error {
	if errors.Is(err, fs.ErrNotExist) {
		if start := l.Start(); q.After.before(start) {
			return &TooOldError{q.After, start}
		}
	}
	return err
}

// Follow returns a pool's events after a position, those to come among them, until the context
// ends, the log is closed or an event cannot be read; the last pair has the error, which is nil if
// the context ended. Nothing is held for who is slow, who may find that what comes next is too old.
func (l *Log) Follow(ctx context.Context, q Query) iter.Seq2[*dispatch.Event, error] {
	return func(yield func(*dispatch.Event, error) bool) {
		for ctx.Err() == nil {
			changed := l.changes()
			page, err := l.Read(q)
			for _, e := range page.Events {
				if !yield(e, nil) {
					return
				}
			}
			q.After = page.Next
			switch {
			case errors.Is(err, ErrMissing):
			case err != nil:
				yield(nil, err)
				return
			case page.More:
				continue
			}
			select {
			case <-changed:
			case <-ctx.Done():
			}
		}
	}
}

func (l *Log) changes() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.changed
}
