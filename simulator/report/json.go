package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/quotasched/quotasched/simulator"
)

// JSONFile is a file of figures that is being made. It appears under its name only when it is
// whole: until then it is a temporary file beside it.
type JSONFile struct {
	path string
	temp *os.File
}

// CreateJSON begins a file, so that one that cannot be written is found out before a long run and
// not after it. Either Write or Discard must follow.
func CreateJSON(path string) (*JSONFile, error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: is there, and not a file", path)
	}
	temp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, cause(err))
	}
	return &JSONFile{path: path, temp: temp}, nil
}

// Write writes the figures and gives the file its name, in place of an older one.
func (j *JSONFile) Write(f *simulator.Figures) error {
	encoder := json.NewEncoder(j.temp)
	encoder.SetIndent("", "  ")
	err := encoder.Encode(f)
	if err == nil {
		err = j.temp.Chmod(0o644)
	}
	if err == nil {
		err = j.temp.Sync()
	}
	err = errors.Join(err, j.temp.Close())
	if err == nil {
		err = os.Rename(j.temp.Name(), j.path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("%s: %w", j.path, cause(err)), os.Remove(j.temp.Name()))
	}
	return nil
}

// Discard takes the temporary file away.
func (j *JSONFile) Discard() error {
	return errors.Join(j.temp.Close(), os.Remove(j.temp.Name()))
}

// cause takes the operation and the path off an error of package os.
func cause(err error) error {
	if p, ok := errors.AsType[*os.PathError](err); ok {
		return p.Err
	}
	return err
}
