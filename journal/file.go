package journal

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Create begins a journal in a new file; there must be none of that name. When it returns, what the
// journal begins with is on the disk, and so is the name.
func Create(path string, b Beginning) (*Writer, error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return nil, err
	}
	w, err := NewWriter(file, b)
	if err == nil {
		w.file = file
		err = w.Sync()
	}
	if err == nil {
		err = syncFolder(filepath.Dir(path))
	}
	if err != nil {
		return nil, errors.Join(err, file.Close(), os.Remove(path))
	}
	return w, nil
}

// syncFolder puts the names in a folder on the disk.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// Append opens a journal to go on with it after its last step. A torn record at its end is cut off;
// the *TornError says where, else it is nil. It reads the whole journal, and refuses one that is
// bad in any other way, is compressed (ErrCompressed), or has no snapshot (ErrTorn). Only one
// writer may have a journal open; nothing checks that.
func Append(path string) (*Writer, *TornError, error) {
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, nil, err
	}
	w, torn, err := appendTo(file)
	if err != nil {
		return nil, nil, errors.Join(err, file.Close())
	}
	return w, torn, nil
}

func appendTo(file *os.File) (*Writer, *TornError, error) {
	r, err := NewReader(file)
	if err != nil {
		return nil, nil, err
	}
	defer r.end()
	if r.compressed {
		return nil, nil, ErrCompressed
	}
	for err == nil {
		_, err = r.Next()
	}
	torn, isTorn := errors.AsType[*TornError](err)
	if err != io.EOF && !isTorn {
		return nil, nil, err
	}
	if isTorn {
		if err := errors.Join(file.Truncate(r.offset), file.Sync()); err != nil {
			return nil, nil, fmt.Errorf("the torn record cannot be cut off: %w", err)
		}
	}
	if _, err := file.Seek(r.offset, io.SeekStart); err != nil {
		return nil, nil, err
	}
	return &Writer{out: bufio.NewWriterSize(file, bufferBytes), below: file, file: file,
		last: r.records - snapshotRecord}, torn, nil
}
