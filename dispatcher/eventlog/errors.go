package eventlog

import (
	"errors"
	"fmt"
)

// Errors of a log.
var (
	// ErrMissing says that the events that come next are not here, and may be filled in.
	ErrMissing = errors.New("events are missing on this node")
	// ErrClosed says that the log is closed.
	ErrClosed = errors.New("the event log is closed")
	// ErrOrder says that events do not come in order.
	ErrOrder = errors.New("events out of order")
)

// A TooOldError says that events after a position are not kept any more.
type TooOldError struct {
	After Position
	// Oldest is the oldest position after which all events are kept.
	Oldest Position
}

func (e *TooOldError) Error() string {
	return fmt.Sprintf("events after %v are not kept any more; those after %v are", e.After, e.Oldest)
}

// A DamageError says that a file is not as it was written.
type DamageError struct {
	File   string
	Offset int64
	Reason string
}

func (e *DamageError) Error() string {
	return fmt.Sprintf("%s is damaged at byte %d: %s", e.File, e.Offset, e.Reason)
}
