package main

import (
	"compress/gzip"
	"context"
	"errors"
	"io"
	"os"
	"strings"

	"github.com/quotasched/quotasched/simulator/internal/report"
)

// writeWhole writes a file that appears only when it is whole, in place of an older one: until then
// it is a temporary file beside it, which is taken away if anything fails. A name that ends in .gz
// is compressed, and "-" is standard output. It stops early when ctx does.
func writeWhole(ctx context.Context, path string, stdout io.Writer,
	write func(io.Writer) error) error {
	file, err := report.Create(path, stdout)
	if err != nil {
		return err
	}
	return stopped(file.Write(func(w io.Writer) error {
		return compressed(path, &stoppable{ctx: ctx, out: w}, write)
	}))
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
