package main

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// writeWhole writes a file that appears only when it is whole, in place of an older one: until then
// it is a temporary file beside it, which is taken away if anything fails. A name that ends in .gz
// is compressed, and "-" is standard output. It stops early when ctx does.
func writeWhole(ctx context.Context, path string, stdout io.Writer,
	write func(io.Writer) error) error {
	if path == "-" {
		if err := write(&stoppable{ctx: ctx, out: stdout}); err != nil {
			return stopped(fmt.Errorf("standard output: %w", cause(err)))
		}
		return nil
	}
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return fmt.Errorf("%s: is there, and not a file", path)
	}
	temp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("%s: %w", path, cause(err))
	}
	err = compressed(path, &stoppable{ctx: ctx, out: temp}, write)
	if err == nil {
		err = temp.Chmod(0o644)
	}
	if err == nil {
		err = temp.Sync()
	}
	err = errors.Join(err, temp.Close())
	if err == nil {
		err = os.Rename(temp.Name(), path)
	}
	if err != nil {
		return errors.Join(stopped(fmt.Errorf("%s: %w", path, cause(err))), os.Remove(temp.Name()))
	}
	return nil
}

// compressed writes through gzip if the name says so.
func compressed(path string, out io.Writer, write func(io.Writer) error) error {
	if !strings.HasSuffix(strings.ToLower(path), ".gz") {
		return write(out)
	}
	z := gzip.NewWriter(out)
	return errors.Join(write(z), z.Close())
}

// stoppable is a writer that fails when its context has ended.
type stoppable struct {
	ctx context.Context
	out io.Writer
}

func (s *stoppable) Write(b []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	return s.out.Write(b)
}

// cause takes the operation and the path off an error of package os, as our errors name the file.
func cause(err error) error {
	if p, ok := errors.AsType[*os.PathError](err); ok {
		return p.Err
	}
	return err
}
