package eventlog

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/quotasched/quotasched/dispatcher/internal/durable"
	"github.com/quotasched/quotasched/protos/dispatch"
)

// Options say how a log is kept.
type Options struct {
	// SegmentBytes is how large a file gets, about; 0 means 8 MB.
	SegmentBytes int64
	// KeepBytes and KeepFor are what is kept; 0 means 1 GB and 30 days.
	KeepBytes int64
	KeepFor   time.Duration
	// UnwrittenMax is how many bytes may wait in memory while writing fails; 0 means 64 MB.
	UnwrittenMax int
	// Logger is required.
	Logger *slog.Logger
}

// writeAt is how many bytes are gathered before they are written.
const writeAt = 64 << 10

// A Log is a node's events. All methods may be called from any goroutine.
type Log struct {
	dir     string
	options Options

	mu       sync.Mutex
	segments []*segment // oldest first; the newest is never full
	file     *os.File   // the newest segment's
	// unwritten is what is not in the file yet; the contents of the newest segment count it.
	unwritten []byte
	// broken is why events were dropped. They come again after a restart.
	broken error
	gaps   []Gap
	// covered is the newest entry that is known to have all its events here, or in a gap.
	covered uint64
	noted   uint64        // the newest that a record says so of
	reached uint64        // the newest that gaps.json says so of
	changed chan struct{} // closed when there is more to read
	closed  bool
	// obstructed stands for what goes wrong when files are written; tests set it.
	obstructed error
}

// Open opens the log of a directory, which is made if it is missing.
func Open(dir string, o Options) (*Log, error) {
	o.SegmentBytes = cmp.Or(o.SegmentBytes, 8<<20)
	o.KeepBytes = cmp.Or(o.KeepBytes, 1<<30)
	o.KeepFor = cmp.Or(o.KeepFor, 30*24*time.Hour)
	o.UnwrittenMax = cmp.Or(o.UnwrittenMax, 64<<20)
	if o.Logger == nil {
		return nil, errors.New("no logger is given")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	l := &Log{dir: dir, options: o, changed: make(chan struct{})}
	if err := l.load(); err != nil {
		return nil, err
	}
	return l, nil
}

func (l *Log) load() error {
	kept, err := readGaps(l.dir)
	if err != nil {
		return err
	}
	l.gaps, l.covered, l.reached = kept.Gaps, kept.Covered, kept.Covered
	paths, err := filepath.Glob(filepath.Join(l.dir, "*.events"))
	if err != nil {
		return err
	}
	slices.Sort(paths)
	for i, path := range paths {
		var after Position
		if _, err := fmt.Sscanf(filepath.Base(path), "%016x-%08x.events", &after.Index,
			&after.N); err != nil || filepath.Base(path) != segmentName(after)+".events" {
			return &DamageError{path, 0, "its name is not that of a segment"}
		}
		s := newSegment(l.dir, after)
		if newest := i == len(paths)-1; newest || !s.readIndex() {
			cut, err := s.scan(newest)
			if err != nil {
				return err
			}
			if cut > 0 {
				l.options.Logger.Warn("a torn tail of the event log was cut", "file", path, "bytes", cut)
			}
		}
		if i > 0 && s.after.before(l.segments[i-1].Last) {
			return &DamageError{path, 0, "it begins before the end of the one before"}
		}
		l.segments = append(l.segments, s)
		l.covered = max(l.covered, s.Covered)
	}
	l.noted = l.covered
	if n := len(l.segments); n > 0 && l.newest().Last.Index > l.covered {
		l.covered = l.newest().Last.Index - 1 // events are written in order
	}
	if len(l.segments) > 0 {
		if err := l.forgetGaps(); err != nil {
			return err
		}
	}
	// Events after a gap are in segments of their own, so that it can be filled.
	if n := len(l.gaps); n > 0 && (len(l.segments) == 0 ||
		l.newest().after.before(endOf(l.gaps[n-1].To))) {
		return l.begin(endOf(l.gaps[n-1].To))
	}
	if len(l.segments) == 0 {
		return l.begin(endOf(l.covered))
	}
	l.file, err = os.OpenFile(l.newest().path, os.O_RDWR, 0o600)
	return err
}

func (l *Log) newest() *segment { return l.segments[len(l.segments)-1] }

// begin begins a segment.
func (l *Log) begin(after Position) error {
	if after == endOf(0) {
		after = Position{}
	}
	s := newSegment(l.dir, after)
	f, err := os.OpenFile(s.path, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	if _, err := f.Write(s.head()); err != nil {
		return errors.Join(err, f.Close(), os.Remove(s.path))
	}
	if err := durable.SyncDir(l.dir); err != nil {
		return errors.Join(err, f.Close())
	}
	s.Bytes = int64(headBytes)
	l.segments, l.file = append(l.segments, s), f
	return nil
}

// Append takes the events of an entry, also if there are none, with the bytes of each as it was
// marshalled deterministically, which are not kept. Those that are here already are dropped. An
// error means that they are out of order, or too large; a disk that is full is Sync's to report.
func (l *Log) Append(index uint64, events []*dispatch.Event, bytes [][]byte) error {
	if len(events) != len(bytes) {
		return fmt.Errorf("%d events come with the bytes of %d", len(events), len(bytes))
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return ErrClosed
	} else if l.broken != nil {
		return nil // Sync says so
	}
	records := make([]record, 0, len(events))
	last := l.newest().Last
	for i, e := range events {
		r := recordOf(e, bytes[i])
		switch {
		case r.position.Index != index:
			return fmt.Errorf("%w: event %v of entry %d", ErrOrder, r.position, index)
		case index <= l.covered || !last.before(r.position):
			continue
		}
		last = r.position
		records = append(records, r)
	}
	for _, r := range records {
		if err := l.add(r); err != nil {
			return err
		}
	}
	l.covered = max(l.covered, index)
	if len(records) > 0 {
		close(l.changed)
		l.changed = make(chan struct{})
	}
	if len(l.unwritten) >= writeAt || l.newest().Bytes >= l.options.SegmentBytes {
		l.writeOrKeep()
	}
	return nil
}

// add puts a record into memory.
func (l *Log) add(r record) error {
	before := len(l.unwritten)
	b, err := r.appendTo(l.unwritten)
	if err != nil {
		return err
	}
	l.unwritten = b
	l.newest().take(r, len(b)-before)
	return nil
}

// writeOrKeep writes; if it cannot, what is not written stays, as long as it is not too much.
func (l *Log) writeOrKeep() {
	err := l.write()
	if err == nil {
		err = l.roll()
	}
	if err == nil {
		return
	}
	if len(l.unwritten) > l.options.UnwrittenMax {
		l.options.Logger.Error("events are dropped, as they cannot be written", "bytes",
			len(l.unwritten), "error", err)
		l.broken = fmt.Errorf("events were dropped, and come again after a restart: %w", err)
		l.unwritten = nil
		if _, err := l.newest().scan(true); err != nil {
			l.options.Logger.Error("the event log cannot be read", "error", err)
		}
	}
}

// write writes what is not written.
func (l *Log) write() error {
	if len(l.unwritten) == 0 {
		return nil
	}
	at := l.newest().Bytes - int64(len(l.unwritten))
	if l.obstructed != nil {
		return l.obstructed
	}
	if _, err := l.file.WriteAt(l.unwritten, at); err != nil {
		return err
	}
	l.unwritten = l.unwritten[:0]
	return nil
}

// roll begins a new segment if the newest one is full.
func (l *Log) roll() error {
	s := l.newest()
	if s.Bytes < l.options.SegmentBytes {
		return nil
	}
	return l.seal()
}

// seal ends the newest segment, which is all written, and begins another one.
func (l *Log) seal() error {
	s, old := l.newest(), l.file
	if err := old.Sync(); err != nil {
		return err
	}
	if err := l.begin(s.Last); err != nil {
		return err
	}
	if err := s.writeIndex(); err != nil { // it can be done without
		l.options.Logger.Warn("the index of a segment was not written", "file", s.path, "error", err)
	}
	return errors.Join(old.Close(), l.retain())
}

// retain removes the segments that are too many or too old.
func (l *Log) retain() error {
	var total int64
	for _, s := range l.segments {
		total += s.Bytes
	}
	newest := l.segments[len(l.segments)-2].Time
	for len(l.segments) > 1 {
		s := l.segments[0]
		if total <= l.options.KeepBytes && newest-s.Time <= int64(l.options.KeepFor) {
			break
		}
		if err := s.remove(); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		total -= s.Bytes
		l.segments = l.segments[1:]
	}
	return l.forgetGaps()
}

// Sync makes all that was appended durable.
func (l *Log) Sync() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return ErrClosed
	}
	return l.sync()
}

func (l *Log) sync() error {
	if l.broken != nil {
		return l.broken
	}
	if l.noted < l.covered {
		if err := l.add(record{kind: kindCovered, position: Position{l.covered, 0}}); err != nil {
			return err
		}
		l.noted = l.covered
	}
	if err := l.write(); err != nil {
		return err
	}
	if err := l.file.Sync(); err != nil {
		return err
	}
	return l.roll()
}

// Close makes all durable and ends the log. Those who follow get ErrClosed.
func (l *Log) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil
	}
	err := l.sync()
	l.closed = true
	close(l.changed)
	return errors.Join(err, l.file.Close())
}
