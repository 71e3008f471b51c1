package swf

import (
	"errors"
	"io"
)

// Log is a whole log in memory.
type Log struct {
	// Header has the facts of the log.
	Header Header
	// Jobs are the jobs in the order of the log.
	Jobs []Job
	// Malformed is the number of lines that were skipped.
	Malformed int
	// Examples are the first few of them.
	Examples []*LineError
}

// maxExamples is how many malformed lines a Log describes.
const maxExamples = 5

// ReadFile reads a whole log. With strict it stops at the first malformed line, and the error is
// its *LineError; else it counts such lines and leaves them out. A file that cannot be read, or
// that is cut short, is an error either way.
func ReadFile(path string, strict bool) (*Log, error) {
	r, err := Open(path)
	if err != nil {
		return nil, err
	}
	log, err := Read(r, strict)
	return log, errors.Join(err, r.Close())
}

// Read reads all jobs that r still has, as ReadFile does.
func Read(r *Reader, strict bool) (*Log, error) {
	log := &Log{}
	for {
		job, err := r.Next()
		if err == nil {
			log.Jobs = append(log.Jobs, job)
			continue
		}
		if err == io.EOF {
			log.Header = *r.Header()
			return log, nil
		}
		bad, malformed := errors.AsType[*LineError](err)
		if !malformed || strict {
			return nil, err
		}
		log.Malformed++
		if len(log.Examples) < maxExamples {
			log.Examples = append(log.Examples, bad)
		}
	}
}
