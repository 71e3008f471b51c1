// Package field names the place of a mistake in a structured input, such as the field
// policies[1].accounts.cq.max_charge of an experiment, so that whoever knows the file can say on
// which line it stands.
package field

import (
	"errors"
	"fmt"
	"strings"
)

// Error is a mistake in one field.
type Error struct {
	// Path leads to the field from the top: keys as they are, and elements of lists as "[3]".
	Path []string
	// Err says what is wrong.
	Err error
}

// Error returns "policies[1].accounts.cq.max_charge: what is wrong".
func (e *Error) Error() string { return Path(e.Path) + ": " + e.Err.Error() }

// Unwrap returns what is wrong.
func (e *Error) Unwrap() error { return e.Err }

// Errorf returns an error in a field.
func Errorf(name, format string, args ...any) error {
	return In(name, fmt.Errorf(format, args...))
}

// In puts a name, or the Index of an element, in front of the paths of an error; it returns nil for
// nil. An error that errors.Join made of several stays several.
func In(name string, err error) error {
	if err == nil {
		return nil
	}
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		var out []error
		for _, e := range many.Unwrap() {
			out = append(out, In(name, e))
		}
		return errors.Join(out...)
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return &Error{Path: append([]string{name}, e.Path...), Err: e.Err}
	}
	return &Error{Path: []string{name}, Err: err}
}

// Index is the name of the element i of a list.
func Index(i int) string { return fmt.Sprintf("[%d]", i) }

// Path writes a path as people do: policies[1].accounts.cq. A key that is not a plain word is
// quoted.
func Path(path []string) string {
	var b strings.Builder
	for i, name := range path {
		isIndex := strings.HasPrefix(name, "[")
		if i > 0 && !isIndex {
			b.WriteByte('.')
		}
		if !isIndex && strings.ContainsFunc(name, func(r rune) bool {
			return strings.ContainsRune(".[]\" :", r) || r < ' '
		}) {
			fmt.Fprintf(&b, "%q", name)
			continue
		}
		b.WriteString(name)
	}
	return b.String()
}
