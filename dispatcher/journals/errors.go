package journals

import "errors"

// Errors of Open.
var (
	// ErrNone says that there is no journal of a pool here: it was cut, and has not begun anew, or all
	// of it is too old.
	ErrNone = errors.New("there is no journal of the pool on this node")
	// ErrClosed says that the journals are closed.
	ErrClosed = errors.New("the journals are closed")
)
