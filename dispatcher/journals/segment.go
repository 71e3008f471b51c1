package journals

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

const suffix = ".qsj.zst"

// A segment is a file with a part of a pool's journal.
type segment struct {
	path string
	// from is the entry with which it begins, and until that with which it ends; until is 0 if it is
	// not whole.
	from, until uint64
	bytes       int64
	changed     time.Time
}

// nameOf is the file of a segment; until is 0 for one that is not whole.
func nameOf(from, until uint64) string {
	if until == 0 {
		return fmt.Sprintf("%020d%s", from, suffix)
	}
	return fmt.Sprintf("%020d-%020d%s", from, until, suffix)
}

// segmentOf returns the segment that a file's name is of.
func segmentOf(name string) (s segment, ok bool) {
	name, ok = strings.CutSuffix(name, suffix)
	if !ok {
		return s, false
	}
	first, last, whole := strings.Cut(name, "-")
	var err, err2 error
	s.from, err = strconv.ParseUint(first, 10, 64)
	if whole {
		s.until, err2 = strconv.ParseUint(last, 10, 64)
	}
	return s, err == nil && err2 == nil && nameOf(s.from, s.until) == name+suffix
}

// segmentsIn returns the segments of a pool's folder, the oldest first. Other files are none of
// them.
func segmentsIn(dir string) ([]segment, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var all []segment
	for _, e := range entries {
		s, ok := segmentOf(e.Name())
		if !ok {
			continue
		}
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) { // it was removed meanwhile
			continue
		}
		if err != nil {
			return nil, err
		}
		s.path, s.bytes, s.changed = filepath.Join(dir, e.Name()), info.Size(), info.ModTime()
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b segment) int {
		return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.until, b.until))
	})
	return all, nil
}

// chainOf returns the newest chain of segments, which go on as one journal.
func chainOf(all []segment) []segment {
	first := len(all) - 1
	for first > 0 && all[first-1].until == all[first].from {
		first--
	}
	return all[max(0, first):]
}
