package scheduler

import "fmt"

// A snapshotPlace is where in a snapshot something stands. It is cheap to make and to go on from,
// as there are many more places than mistakes.
type snapshotPlace struct {
	list  string // "" at the top
	index int
	field string // behind the element of the list, if there is one
}

// and goes on to a field, whose name begins with a dot below the top.
func (p snapshotPlace) and(field string) snapshotPlace {
	p.field += field // which costs nothing where the first part is empty
	return p
}

func (p snapshotPlace) String() string {
	if p.list == "" {
		return p.field
	}
	return fmt.Sprintf("%s[%d]%s", p.list, p.index, p.field)
}

// bad returns an error about a place.
func bad(where snapshotPlace, format string, args ...any) error {
	return fmt.Errorf("%w: %v: %s", ErrInvalidSnapshot, where, fmt.Sprintf(format, args...))
}
