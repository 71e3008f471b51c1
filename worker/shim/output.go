package shim

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
)

// output is what a task writes, in files that are named after where they begin in all of it:
// output.0, output.8388608, and so on. Only the two newest are kept, so that they never have more
// than twice the bound. When the disk takes no more, bytes are dropped: a task is never kept
// waiting for its output.
type output struct {
	dir     string
	bound   int64
	file    *os.File     // nil before the first byte, and if it could not be made
	begin   int64        // where file begins
	size    int64        // of file
	older   string       // the file before, if there is one
	dropped atomic.Int64 // bytes
}

// outputPrefix begins the names of files with output.
const outputPrefix = "output."

func outputName(begin int64) string { return outputPrefix + strconv.FormatInt(begin, 10) }

// copyFrom writes all that comes, until its end.
func (o *output) copyFrom(r io.Reader) {
	buf := make([]byte, 64<<10)
	for {
		n, err := r.Read(buf)
		o.write(buf[:n])
		if err != nil {
			if o.file != nil {
				_ = o.file.Close() // what was written is there
			}
			return
		}
	}
}

func (o *output) write(p []byte) {
	for len(p) > 0 {
		if o.size >= o.bound {
			o.rotate()
		}
		if o.file == nil && !o.open() {
			o.dropped.Add(int64(len(p)))
			return
		}
		n, err := o.file.Write(p[:min(int64(len(p)), o.bound-o.size)])
		o.size += int64(n)
		p = p[n:]
		if err != nil {
			o.dropped.Add(int64(len(p)))
			return
		}
	}
}

// rotate makes room for the next file.
func (o *output) rotate() {
	_ = o.file.Close() // it is full
	if o.older != "" {
		_ = os.Remove(filepath.Join(o.dir, o.older))
	}
	o.older = outputName(o.begin)
	o.file, o.begin, o.size = nil, o.begin+o.size, 0
}

func (o *output) open() bool {
	path := filepath.Join(o.dir, outputName(o.begin))
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return false
	}
	o.file = f
	return true
}

// outputFile is a file of output.
type outputFile struct {
	name       string
	begin, end int64
}

// outputFiles returns the files of output in a folder, oldest first.
func outputFiles(dir string) (all []outputFile, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		rest, ok := strings.CutPrefix(e.Name(), outputPrefix)
		if !ok {
			continue
		}
		begin, err := strconv.ParseInt(rest, 10, 64)
		if err != nil || begin < 0 {
			continue
		}
		info, err := e.Info()
		switch {
		case errors.Is(err, fs.ErrNotExist): // it was the oldest one
			continue
		case err != nil:
			return nil, err
		}
		all = append(all, outputFile{e.Name(), begin, begin + info.Size()})
	}
	slices.SortFunc(all, func(a, b outputFile) int { return int(min(1, max(-1, a.begin-b.begin))) })
	return all, nil
}

// Output is a part of what a task wrote.
type Output struct {
	// Offset is where Data begins, in bytes of all that the task wrote. It is more than was asked for
	// if the rest is not kept any more.
	Offset int64
	Data   []byte
	// End is how much the task had written by then.
	End int64
}

// ReadOutput returns up to so many bytes of what the task of a lease's directory wrote, from an
// offset on. A negative offset counts from the end. Without Data there is nothing more for now. The
// error wraps fs.ErrNotExist if the directory is not there, or has no output.
func ReadOutput(dir string, offset int64, most int) (Output, error) {
	for {
		all, err := outputFiles(dir)
		switch {
		case err != nil:
			return Output{}, err
		case len(all) == 0:
			return Output{}, &fs.PathError{Op: "read", Path: dir, Err: fs.ErrNotExist}
		}
		last := all[len(all)-1]
		if offset < 0 {
			offset = max(0, last.end+offset)
		}
		offset = min(max(offset, all[0].begin), last.end)
		for _, f := range all {
			if offset >= f.end && f != last {
				continue
			}
			data, err := f.read(dir, offset, most)
			if errors.Is(err, fs.ErrNotExist) {
				break // it was the oldest one, and has just gone
			}
			return Output{Offset: offset, Data: data, End: last.end}, err
		}
	}
}

// read returns up to so many bytes of a file, from an offset of the whole output on.
func (f outputFile) read(dir string, offset int64, most int) ([]byte, error) {
	file, err := os.Open(filepath.Join(dir, f.name))
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data := make([]byte, min(int64(most), max(0, f.end-offset)))
	n, err := file.ReadAt(data, offset-f.begin)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return data[:n], err
}

// KeepOutput removes all of an ended lease's directory but its output, and reports how much that
// is; nothing is left of a directory without output.
func KeepOutput(dir string) (size int64, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return 0, err
	}
	all, err := outputFiles(dir)
	if err != nil {
		return 0, err
	}
	for _, f := range all {
		size += f.end - f.begin
	}
	if size == 0 {
		return 0, os.RemoveAll(dir)
	}
	for _, e := range entries {
		if !slices.ContainsFunc(all, func(f outputFile) bool { return f.name == e.Name() }) {
			err = errors.Join(err, os.RemoveAll(filepath.Join(dir, e.Name())))
		}
	}
	return size, err
}
