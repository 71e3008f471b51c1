package report

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/quotasched/quotasched/simulator"
	"github.com/quotasched/quotasched/simulator/experiment"
)

// TaskFile is a CSV file (RFC 4180) with one row for each task of an experiment, that is being
// made. The first line names the columns. Runs may be recorded at the same time: each writes into
// a temporary file of its own, beside the file, and these are put together at the end, so the rows
// are in the order of the results, whatever the order in which runs ended. Until then the file is
// not there. No more than a buffer of each run is held in memory.
type TaskFile struct {
	file  *File
	mutex sync.Mutex // of parts
	parts []*TaskPart
}

// taskRun says which run a row is of.
type taskRun struct {
	variant string
	seed    uint64
}

// TaskPart has the rows of one run.
type TaskPart struct {
	run    taskRun
	path   string // of the file, for errors
	temp   *os.File
	buffer *bufio.Writer
	row    []byte
	closed bool
}

// CreateTasks begins a file, as [Create] does. Either Write or Discard must follow.
func CreateTasks(path string, stdout io.Writer) (*TaskFile, error) {
	file, err := Create(path, stdout)
	if err != nil {
		return nil, err
	}
	return &TaskFile{file: file}, nil
}

// Part begins the rows of a run. It may be called by several goroutines at once.
func (t *TaskFile) Part(variant string, seed uint64) (*TaskPart, error) {
	dir, name := "", "tasks"
	if t.file.temp != nil {
		dir, name = filepath.Dir(t.file.path), filepath.Base(t.file.path)
	}
	temp, err := os.CreateTemp(dir, "."+name+".part.*")
	if err != nil {
		return nil, fmt.Errorf("%s: %w", t.file.path, cause(err))
	}
	p := &TaskPart{run: taskRun{variant, seed}, path: t.file.path, temp: temp,
		buffer: bufio.NewWriterSize(temp, 1<<16)}
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.parts = append(t.parts, p)
	return p, nil
}

// Record adds a task's row: it fits simulator.Setup.Record. An error, such as a full disk, begins
// with the path.
func (p *TaskPart) Record(r *simulator.TaskRecord) error {
	p.row = appendTask(p.row[:0], p.run, r)
	if _, err := p.buffer.Write(p.row); err != nil {
		return fmt.Errorf("%s: %w", p.path, cause(err))
	}
	return nil
}

// Close ends the rows of the run. Calls after the first one do nothing.
func (p *TaskPart) Close() error {
	if p.closed {
		return nil
	}
	p.closed = true
	if err := errors.Join(p.buffer.Flush(), p.temp.Close()); err != nil {
		return fmt.Errorf("%s: %w", p.path, cause(err))
	}
	return nil
}

// Write puts the parts together, in the order of the runs in the results, and gives the file its
// name. No part may be recorded any more. Parts of runs that the results do not have come last.
func (t *TaskFile) Write(results *experiment.Results) error {
	places := map[taskRun]int{}
	for i := range results.Variants {
		v := &results.Variants[i]
		for _, run := range v.Runs {
			places[taskRun{v.Name, run.Seed}] = len(places)
		}
	}
	place := func(p *TaskPart) int {
		if i, known := places[p.run]; known {
			return i
		}
		return len(places)
	}
	slices.SortStableFunc(t.parts, func(a, b *TaskPart) int {
		return cmp.Or(cmp.Compare(place(a), place(b)),
			cmp.Compare(a.run.variant, b.run.variant), cmp.Compare(a.run.seed, b.run.seed))
	})
	err := t.file.Write(func(w io.Writer) error {
		if _, err := io.WriteString(w, strings.Join(taskColumns, ",")+"\r\n"); err != nil {
			return err
		}
		for _, p := range t.parts {
			if err := p.copyTo(w); err != nil {
				return err
			}
		}
		return nil
	})
	return errors.Join(err, t.discardParts())
}

// copyTo writes the part's rows.
func (p *TaskPart) copyTo(w io.Writer) error {
	if err := p.Close(); err != nil {
		return err
	}
	rows, err := os.Open(p.temp.Name())
	if err != nil {
		return err
	}
	_, err = io.Copy(w, rows)
	return errors.Join(err, rows.Close())
}

// Discard takes the temporary files away. No part may be recorded any more.
func (t *TaskFile) Discard() error { return errors.Join(t.file.Discard(), t.discardParts()) }

// discardParts takes the parts' files away.
func (t *TaskFile) discardParts() error {
	var errs []error
	for _, p := range t.parts {
		if !p.closed {
			errs = append(errs, p.temp.Close())
		}
		errs = append(errs, os.Remove(p.temp.Name()))
	}
	t.parts = nil
	return errors.Join(errs...)
}
