package scheduler

import (
	"fmt"
	"strings"
)

// A snapshotPlace is where in a snapshot something stands. It is cheap to make and to go on from,
// as there are many more places than mistakes.
type snapshotPlace struct {
	list   string // "" at the top
	index  int
	fields [6]string // behind the element of the list, from the outside in; "" for none
}

// topField returns the place of a field that is not a list.
func topField(name string) snapshotPlace {
	return snapshotPlace{fields: [6]string{name}}
}

// and goes on to a field, whose name begins with a dot. No place is deeper than there are fields.
func (p snapshotPlace) and(field string) snapshotPlace {
	depth := 0
	for p.fields[depth] != "" {
		depth++
	}
	p.fields[depth] = field
	return p
}

func (p snapshotPlace) String() string {
	field := strings.Join(p.fields[:], "")
	if p.list == "" {
		return field
	}
	return fmt.Sprintf("%s[%d]%s", p.list, p.index, field)
}

// bad returns an error about a place.
func bad(where snapshotPlace, format string, args ...any) error {
	return fmt.Errorf("%w: %v: %s", ErrInvalidSnapshot, where, fmt.Sprintf(format, args...))
}
