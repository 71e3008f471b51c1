package journals

import (
	"os"
	"path/filepath"
	"slices"
)

// retire removes the segments that are too old or too many, and counts what is left. What cannot be
// looked at or removed is looked at the next time.
func (f *files) retire() {
	f.retired = f.options.Now()
	open := map[string]bool{}
	for _, s := range f.open { // the order is free: a map again
		open[s.path] = true
	}
	all, total := f.all()
	slices.SortStableFunc(all, func(a, b segment) int { return a.changed.Compare(b.changed) })
	for _, s := range all {
		tooOld := f.retired.Sub(s.changed) > f.options.KeepFor
		if open[s.path] || !tooOld && total <= f.options.KeepBytes {
			continue
		}
		if err := os.Remove(s.path); err != nil {
			f.options.Logger.Warn("an old journal was not removed", "file", s.path, "error", err)
			continue
		}
		total -= s.bytes
		_ = os.Remove(filepath.Dir(s.path)) // if it was the last one of its pool
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.written, f.kept = 0, total
}

// all returns the segments of all pools, and how long they are together.
func (f *files) all() (all []segment, total int64) {
	pools, err := os.ReadDir(f.options.Dir)
	if err != nil {
		f.options.Logger.Warn("the journals cannot be looked at", "error", err)
	}
	for _, p := range pools {
		found, err := segmentsIn(filepath.Join(f.options.Dir, p.Name()))
		if err != nil {
			f.options.Logger.Warn("journals cannot be looked at", "pool", p.Name(), "error", err)
		}
		for _, s := range found {
			total += s.bytes
		}
		all = append(all, found...)
	}
	return all, total
}
