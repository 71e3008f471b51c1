package main

import (
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/quotasched/quotasched/simulator/trace"
)

// stdinName is the log that is read from standard input.
const stdinName = "-"

// standardInput is a log that comes through a pipe. It is kept in a temporary file, as a log is
// looked at before it is read.
var standardInput = &spool{in: os.Stdin}

// spool keeps what was read once, to be read again.
type spool struct {
	in   io.Reader
	once sync.Once
	kept *os.File
	size int64
	err  error
}

// open returns all that there was to read, from the beginning.
func (s *spool) open() (io.ReadCloser, error) {
	s.once.Do(func() { s.err = s.keep() })
	if s.err != nil {
		return nil, s.err
	}
	return io.NopCloser(io.NewSectionReader(s.kept, 0, s.size)), nil
}

// keep reads everything into a file without a name, which goes away with the program.
func (s *spool) keep() error {
	file, err := os.CreateTemp("", "qsim-log-")
	if err != nil {
		return fmt.Errorf("a file for standard input: %w", cause(err))
	}
	_ = os.Remove(file.Name()) // where open files cannot be removed, the system will
	s.kept = file
	s.size, err = io.Copy(file, s.in)
	return err
}

// fromStdin lets a source whose file is - be read from standard input.
func fromStdin(source *trace.Source) {
	if source.File == stdinName {
		source.Input = standardInput.open
	}
}
