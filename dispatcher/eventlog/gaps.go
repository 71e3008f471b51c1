package eventlog

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/quotasched/quotasched/dispatcher/internal/durable"
	"github.com/quotasched/quotasched/protos/dispatch"
)

// A Gap is entries whose events are missing here: those after From, up to To.
type Gap struct {
	From uint64 `json:"from"`
	To   uint64 `json:"to"`
}

const gapsName = "gaps.json"

// kept is what gaps.json has.
type kept struct {
	// Covered is the newest entry that Reach was told of.
	Covered uint64 `json:"covered"`
	Gaps    []Gap  `json:"gaps"`
}

func readGaps(dir string) (k kept, err error) {
	path := filepath.Join(dir, gapsName)
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return k, nil
	} else if err != nil {
		return k, err
	}
	if err := json.Unmarshal(b, &k); err != nil {
		return k, &DamageError{path, 0, err.Error()}
	}
	return k, nil
}

// keep makes gaps durable.
func (l *Log) keep(k kept) error {
	b, err := json.Marshal(k)
	if err == nil {
		err = durable.Replace(filepath.Join(l.dir, gapsName), append(b, '\n'))
	}
	if err == nil {
		l.gaps, l.reached = k.Gaps, k.Covered
	}
	return err
}

// Reach says that the state has all entries up to one, of which the newest came within a snapshot.
// Events that this log has not got are missing from then on.
func (l *Log) Reach(index uint64) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.closed:
		return ErrClosed
	case index <= l.covered:
		return nil
	}
	if err := l.sync(); err != nil {
		return err
	}
	gaps := append(slices.Clone(l.gaps), Gap{l.covered, index})
	old, empty := l.file, l.newest().Last == l.newest().after
	if n := len(gaps); n > 1 && empty && l.newest().after == endOf(gaps[n-2].To) {
		gaps[n-2].To = index
		gaps = gaps[:n-1]
	}
	if err := l.keep(kept{index, gaps}); err != nil {
		return err
	}
	l.covered = index
	if empty { // another one may have to have its name
		if err := l.newest().remove(); err != nil {
			return err
		}
		l.segments = l.segments[:len(l.segments)-1]
	}
	if err := l.begin(endOf(index)); err != nil {
		return err
	}
	return old.Close()
}

// Missing returns the oldest entries whose events are missing.
func (l *Log) Missing() (Gap, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.gaps) == 0 {
		return Gap{}, false
	}
	return l.gaps[0], true
}

// Fill takes events of the oldest gap: all those of its entries up to one.
func (l *Log) Fill(until uint64, events []*dispatch.Event) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return ErrClosed
	}
	if len(l.gaps) == 0 || until <= l.gaps[0].From || until > l.gaps[0].To {
		return fmt.Errorf("%w: there is no gap up to entry %d", ErrOrder, until)
	}
	after := l.beforeGap()
	s := newSegment(l.dir, after)
	b := s.head()
	s.Bytes = int64(len(b))
	for _, e := range events {
		bytes, err := proto.MarshalOptions{Deterministic: true}.Marshal(e)
		if err != nil {
			return err
		}
		r := recordOf(e, bytes)
		switch {
		case r.position.Index > until:
			return fmt.Errorf("%w: event %v, after entry %d", ErrOrder, r.position, until)
		case !after.before(r.position): // it is here
			continue
		case !s.Last.before(r.position):
			return fmt.Errorf("%w: event %v after %v", ErrOrder, r.position, s.Last)
		}
		before := len(b)
		if b, err = r.appendTo(b); err != nil {
			return err
		}
		s.take(r, len(b)-before)
	}
	if s.Last != after {
		if err := l.insert(s, b); err != nil {
			return err
		}
	}
	return l.closeGap(until)
}

// beforeGap returns the position of the newest event before the end of the oldest gap.
func (l *Log) beforeGap() Position {
	gap := l.gaps[0]
	last := endOf(gap.From)
	if gap.From == 0 {
		last = Position{}
	}
	for i, s := range l.segments {
		if s.after.before(endOf(gap.To)) && (i == 0 || last.before(s.Last)) {
			last = s.Last
		}
	}
	return last
}

// insert puts a whole segment in its place.
func (l *Log) insert(s *segment, b []byte) error {
	i, taken := slices.BinarySearchFunc(l.segments, s.after, func(t *segment, p Position) int {
		return t.after.Compare(p)
	})
	if taken {
		return fmt.Errorf("%w: there is a segment after %v", ErrOrder, s.after)
	}
	if err := durable.Replace(s.path, b); err != nil {
		return err
	}
	l.segments = slices.Insert(l.segments, i, s)
	return nil
}

// closeGap ends the oldest gap up to an entry.
func (l *Log) closeGap(until uint64) error {
	gaps := slices.Clone(l.gaps)
	if gaps[0].From = until; until == gaps[0].To {
		gaps = gaps[1:]
	}
	if err := l.keep(kept{l.reached, gaps}); err != nil {
		return err
	}
	close(l.changed)
	l.changed = make(chan struct{})
	return nil
}

// forgetGaps drops the gaps before the oldest segment: what is missing there is too old now.
func (l *Log) forgetGaps() error {
	n := 0
	for n < len(l.gaps) && endOf(l.gaps[n].To).before(l.segments[0].after) {
		n++
	}
	if n == 0 {
		return nil
	}
	return l.keep(kept{l.reached, l.gaps[n:]})
}

// GiveUp says that no node has the events of the oldest gap up to an entry any more. They and all
// before them are too old from then on.
func (l *Log) GiveUp(until uint64) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return ErrClosed
	}
	if len(l.gaps) == 0 || until <= l.gaps[0].From || until > l.gaps[0].To {
		return fmt.Errorf("%w: there is no gap up to entry %d", ErrOrder, until)
	}
	for len(l.segments) > 1 && l.segments[0].after.before(endOf(l.gaps[0].To)) {
		if err := l.segments[0].remove(); err != nil {
			return err
		}
		l.segments = l.segments[1:]
	}
	return l.closeGap(until)
}
