package report

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Stdout is the path that means standard output.
const Stdout = "-"

// File is an output that is being made. It appears under its name only when it is whole: until then
// it is a temporary file beside it.
type File struct {
	path   string
	temp   *os.File  // nil for standard output
	stdout io.Writer // nil for a file
}

// Create begins a file, so that one that cannot be written is found out before a long run and not
// after it. Its content goes to stdout if the path is [Stdout]. Either Write or Discard must
// follow. Errors begin with the path.
func Create(path string, stdout io.Writer) (*File, error) {
	if path == Stdout {
		return &File{path: "standard output", stdout: stdout}, nil
	}
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: is there, and not a file", path)
	}
	temp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, cause(err))
	}
	return &File{path: path, temp: temp}, nil
}

// Write writes the file's content and gives the file its name, in place of an older one. If it
// fails, there is no new file, and an older one is as it was. A file is written at most once.
func (f *File) Write(content func(io.Writer) error) error {
	if f.temp == nil {
		if err := buffered(f.stdout, content); err != nil {
			return fmt.Errorf("%s: %w", f.path, cause(err))
		}
		return nil
	}
	err := buffered(f.temp, content)
	if err == nil {
		err = f.temp.Chmod(0o644)
	}
	if err == nil {
		err = f.temp.Sync()
	}
	err = errors.Join(err, f.temp.Close())
	if err == nil {
		err = os.Rename(f.temp.Name(), f.path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("%s: %w", f.path, cause(err)), os.Remove(f.temp.Name()))
	}
	return nil
}

// buffered gives content a buffer before a writer.
func buffered(w io.Writer, content func(io.Writer) error) error {
	buffer := bufio.NewWriterSize(w, 1<<16)
	if err := content(buffer); err != nil {
		return err
	}
	return buffer.Flush()
}

// Discard takes the temporary file away.
func (f *File) Discard() error {
	if f.temp == nil {
		return nil
	}
	return errors.Join(f.temp.Close(), os.Remove(f.temp.Name()))
}

// cause takes the operation and the path off an error of package os.
func cause(err error) error {
	if p, ok := errors.AsType[*os.PathError](err); ok {
		return p.Err
	}
	return err
}
