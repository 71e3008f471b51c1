package scheduler

import "slices"

// A recent counts what comes, and remembers the newest of it. A copy of it stays as it is.
type recent[T any] struct {
	total  uint64
	newest []T
}

// These bound how much is remembered: recentMin, and one more for each recentShare of those that
// may come.
const (
	recentMin   = 32
	recentShare = 4
)

// add counts one more; of those that may come, there are so many.
func (r *recent[T]) add(x T, of int) {
	if r.total++; len(r.newest) >= recentMin+of/recentShare {
		r.newest = slices.Clone(r.newest[(len(r.newest)+1)/2:])
	}
	r.newest = append(r.newest, x)
}

// since returns what has come since so many were counted, if it is remembered.
func (r *recent[T]) since(total uint64) ([]T, bool) {
	n := r.total - total
	if n > uint64(len(r.newest)) {
		return nil, false
	}
	return r.newest[len(r.newest)-int(n):], true
}
