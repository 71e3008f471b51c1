package reference_test

import (
	"fmt"
	"strings"
)

// journal is what a test has done, for the message of a failure. Nothing is put into words before.
type journal []any

func (j *journal) note(entry any) { *j = append(*j, entry) }

func (j *journal) String() string {
	var b strings.Builder
	for _, entry := range *j {
		fmt.Fprintln(&b, entry)
	}
	return b.String()
}
