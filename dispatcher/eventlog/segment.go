package eventlog

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"strings"
)

const (
	magic     = "QSEVENT1"
	headBytes = len(magic) + 8 + 4
	// markEvery is how far apart the places are that are remembered of a segment.
	markEvery = 64 << 10
)

// A segment is one file of events: those after one position, up to another.
type segment struct {
	path  string
	after Position
	contents
}

// contents are what is known of a segment without reading it; the index file has them as JSON.
type contents struct {
	Bytes int64    `json:"bytes"` // of whole records and the head
	Last  Position `json:"last"`  // of the newest event; after, if there is none
	// Covered is the newest entry up to which all events are in this segment or before; 0 if the
	// segment does not say.
	Covered uint64         `json:"covered"`
	Time    int64          `json:"time"` // of the newest event
	Pools   map[string]int `json:"pools"`
	Places  []place        `json:"places"`
}

// A place is where a record begins.
type place struct {
	Before Position `json:"before"` // the newest event before it
	Offset int64    `json:"offset"`
}

func segmentName(after Position) string { return fmt.Sprintf("%016x-%08x", after.Index, after.N) }

func newSegment(dir string, after Position) *segment {
	s := &segment{path: filepath.Join(dir, segmentName(after)+".events"), after: after}
	s.contents = contents{Last: after, Pools: map[string]int{}}
	return s
}

// head is what the file begins with.
func (s *segment) head() []byte {
	b := binary.LittleEndian.AppendUint64([]byte(magic), s.after.Index)
	return binary.LittleEndian.AppendUint32(b, s.after.N)
}

// take notes a record of n bytes that comes next.
func (s *segment) take(r record, n int) {
	if k := len(s.Places); k == 0 || s.Bytes-s.Places[k-1].Offset >= markEvery {
		s.Places = append(s.Places, place{s.Last, s.Bytes})
	}
	s.Bytes += int64(n)
	switch r.kind {
	case kindEvent:
		s.Last, s.Time = r.position, max(s.Time, r.time)
		s.Pools[r.pool]++
	case kindCovered:
		s.Covered = max(s.Covered, r.position.Index)
	}
}

// offset returns where to begin to read for events after a position.
func (s *segment) offset(after Position) int64 {
	at := int64(headBytes)
	for _, p := range s.Places {
		if after.before(p.Before) {
			break
		}
		at = p.Offset
	}
	return at
}

// scan reads a whole segment to learn its contents. Of the newest segment a torn tail is cut, and
// how much it was is returned.
func (s *segment) scan(newest bool) (cut int64, err error) {
	b, err := os.ReadFile(s.path)
	if err != nil {
		return 0, err
	}
	s.contents = contents{Bytes: int64(headBytes), Last: s.after, Pools: map[string]int{}}
	if !bytes.HasPrefix(b, s.head()) {
		if newest && len(b) <= headBytes && bytes.HasPrefix(s.head(), bytes.TrimRight(b, "\x00")) {
			return 0, os.WriteFile(s.path, s.head(), 0o600) // torn when it was made
		}
		return 0, &DamageError{s.path, 0, "its head is wrong"}
	}
	for rest := b[headBytes:]; len(rest) > 0; {
		r, n, err := decode(rest)
		if err == nil && r.kind == kindEvent && !s.Last.before(r.position) {
			err = ErrOrder
		}
		if err != nil {
			if !newest || errors.Is(err, ErrOrder) || wholeOneIn(rest[1:]) {
				return 0, &DamageError{s.path, s.Bytes, err.Error()}
			}
			return int64(len(rest)), os.Truncate(s.path, s.Bytes)
		}
		s.take(r, n)
		rest = rest[n:]
	}
	return 0, nil
}

// wholeOneIn reports whether there is a whole record anywhere in some bytes.
func wholeOneIn(b []byte) bool {
	for {
		i := bytes.Index(b, []byte(mark))
		if i < 0 {
			return false
		}
		if _, _, err := decode(b[i:]); err == nil {
			return true
		}
		b = b[i+1:]
	}
}

func (s *segment) indexPath() string { return strings.TrimSuffix(s.path, ".events") + ".index" }

// writeIndex writes the index file. Without it the segment is read when the log is opened.
func (s *segment) writeIndex() error {
	b, err := json.Marshal(s.contents)
	if err != nil {
		return err
	}
	b = fmt.Appendf(b, "\n%08x\n", crc32.Checksum(b, castagnoli))
	return os.WriteFile(s.indexPath(), b, 0o600)
}

// readIndex reads it, and reports whether it fits.
func (s *segment) readIndex() bool {
	b, err := os.ReadFile(s.indexPath())
	if err != nil || len(b) < 10 {
		return false
	}
	text, sum := b[:len(b)-10], string(b[len(b)-10:])
	info, err := os.Stat(s.path)
	var c contents
	if err != nil || sum != fmt.Sprintf("\n%08x\n", crc32.Checksum(text, castagnoli)) ||
		json.Unmarshal(text, &c) != nil || c.Pools == nil || info.Size() != c.Bytes {
		return false
	}
	s.contents = c
	return true
}

// remove deletes the files.
func (s *segment) remove() error {
	if err := os.Remove(s.indexPath()); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return os.Remove(s.path)
}

// read calls f with the records from an offset up to another, until it returns false.
func (s *segment) read(from, to int64, f func(record) bool) error {
	file, err := os.Open(s.path)
	if err != nil {
		return err
	}
	defer file.Close()
	buffer := make([]byte, 0, 2*markEvery)
	for at := from; ; {
		r, n, err := decode(buffer)
		switch {
		case err == nil:
			if !f(r) {
				return nil
			}
			at += int64(n)
			buffer = buffer[n:]
			continue
		case at == to && len(buffer) == 0:
			return nil
		case !errors.Is(err, errShort) || at+int64(len(buffer)) >= to:
			return &DamageError{s.path, at, err.Error()}
		}
		if buffer, err = more(file, buffer, at+int64(len(buffer)), to); err != nil {
			return fmt.Errorf("%s: %w", s.path, err)
		}
	}
}

// more reads on behind what a buffer has, at least twice as much.
func more(file io.ReaderAt, buffer []byte, at, to int64) ([]byte, error) {
	n := min(int64(max(len(buffer), markEvery)), to-at)
	next := make([]byte, len(buffer)+int(n))
	copy(next, buffer)
	_, err := file.ReadAt(next[len(buffer):], at)
	return next, err
}
