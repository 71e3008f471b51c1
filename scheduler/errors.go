package scheduler

import "errors"

// The kinds of bad operation. Errors of this package wrap one of them and name the ids concerned;
// test for them with errors.Is. An operation that returns an error has changed nothing.
var (
	// ErrInvalid is an argument that no state could accept: an empty id, a time outside the
	// years 1970 to 9999, text that is not UTF-8, a nil pointer.
	ErrInvalid = errors.New("invalid argument")
	// ErrInvalidConfig is a setting out of its range.
	ErrInvalidConfig = errors.New("invalid config")
	// ErrInvalidSnapshot is a snapshot that no scheduler could have written.
	ErrInvalidSnapshot = errors.New("invalid snapshot")
	// ErrUnknownAccount is an account that does not exist.
	ErrUnknownAccount = errors.New("unknown account")
	// ErrUnknownRequest is a request that neither waits nor runs.
	ErrUnknownRequest = errors.New("unknown request")
	// ErrNotAssigned is a request that is not on the worker named.
	ErrNotAssigned = errors.New("request is not on this worker")
)
