package raftlog

import "fmt"

// A DamageError says that a file is not as it was written. A node with such a file does not start,
// or stops; if the others of its cluster are well, it can be removed, and come back with an empty
// directory and a new id.
type DamageError struct {
	File   string
	Reason string
}

func (e *DamageError) Error() string { return fmt.Sprintf("%s is damaged: %s", e.File, e.Reason) }
