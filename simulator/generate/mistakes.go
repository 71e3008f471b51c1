package generate

import (
	"errors"
	"fmt"
	"time"

	"github.com/quotasched/quotasched/internal/field"
	"github.com/quotasched/quotasched/internal/words"
)

// mistakes gathers what is wrong with a spec, so that all of it is told at once.
type mistakes []error

// add notes an error, unless it is nil.
func (m *mistakes) add(err error) {
	if err != nil {
		*m = append(*m, err)
	}
}

// addf notes a mistake of the whole.
func (m *mistakes) addf(format string, args ...any) { m.add(fmt.Errorf(format, args...)) }

// addIn notes a mistake in a field.
func (m *mistakes) addIn(name, format string, args ...any) {
	m.add(field.Errorf(name, format, args...))
}

// join returns all of them as one error, or nil.
func (m mistakes) join() error { return errors.Join(m...) }

// inList names the element of a list in an error.
func inList(name string, i int, err error) error {
	if err == nil {
		return nil
	}
	return field.In(name, field.In(field.Index(i), err))
}

// duration notes a mistake if a duration is not from low to high.
func (m *mistakes) duration(name string, d, low, high time.Duration) {
	if d < low || d > high {
		m.addIn(name, "%v is not from %v to %v", d, low, high)
	}
}

// number notes a mistake if a number is not from low to high.
func (m *mistakes) number(name string, x, low, high float64) {
	if !(x >= low && x <= high) {
		m.addIn(name, "%s is not from %s to %s", words.Plain(x), words.Plain(low), words.Plain(high))
	}
}
