package journals

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/quotasched/quotasched/journal"
	"github.com/quotasched/quotasched/protos"
)

// A Chain is a journal of a pool, from its files. Write or Read may be called, once; then Close.
type Chain struct {
	from   uint64
	header *protos.JournalHeader
	files  []*os.File
	sizes  []int64 // what is read of each
}

// Open returns the newest chain of a pool, with all that the pool has been told when it is called.
// Files that are removed later are read all the same. The error is ErrNone, ErrClosed, that of the
// context or of a file.
func (j *Journals) Open(ctx context.Context, pool string) (*Chain, error) {
	if err := j.flush(ctx, pool); err != nil {
		return nil, err
	}
	c := &Chain{}
	for {
		all, err := segmentsIn(filepath.Join(j.options.Dir, pool))
		if err != nil {
			return nil, err
		}
		segments := chainOf(all)
		if len(segments) == 0 {
			return nil, fmt.Errorf("%w: %s", ErrNone, pool)
		}
		err = c.open(segments)
		if errors.Is(err, fs.ErrNotExist) { // one was removed or has got its other name meanwhile
			c.Close()
			continue
		}
		if err != nil {
			return nil, errors.Join(err, c.Close())
		}
		c.from = segments[0].from
		c.header = &protos.JournalHeader{Pool: pool, Writer: j.options.Writer,
			Description: fmt.Sprintf("what the pool was told after entry %d of the log", c.from)}
		return c, nil
	}
}

func (c *Chain) open(segments []segment) error {
	for _, s := range segments {
		file, err := os.Open(s.path)
		if err != nil {
			return err
		}
		c.files, c.sizes = append(c.files, file), append(c.sizes, s.bytes)
	}
	return nil
}

// Close closes the files.
func (c *Chain) Close() error {
	var errs []error
	for _, file := range c.files {
		errs = append(errs, file.Close())
	}
	c.files, c.sizes = nil, nil
	return errors.Join(errs...)
}

// From is the entry with which the chain begins.
func (c *Chain) From() uint64 { return c.from }

// Write writes the chain as one journal.
func (c *Chain) Write(ctx context.Context, out io.Writer, z journal.Compression) error {
	var w *journal.Writer
	err := c.Read(ctx, Reader{
		Snapshot: func(snapshot []byte) (err error) {
			w, err = journal.NewWriter(out, journal.Beginning{Header: c.header, Compression: z,
				SnapshotBytes: snapshot})
			return err
		},
		Step: func(step *protos.JournalStep) error { return w.Append(step) },
	})
	if err != nil {
		return err
	}
	return w.Close()
}

// A Reader is told what is in a chain.
type Reader struct {
	// Snapshot is called first, with the pool before the first step.
	Snapshot func([]byte) error
	// Step is called for each step. Where segments meet, the step has the hash of the pool's state.
	Step func(*protos.JournalStep) error
}

// Read tells a reader what is in the chain. The error is that of a file, of the reader or of the
// context.
func (c *Chain) Read(ctx context.Context, to Reader) error {
	next, err := c.segment(0)
	if err != nil {
		return err
	}
	defer func() { _ = next.Close() }() // it has only been read
	if err := to.Snapshot(next.SnapshotBytes()); err != nil {
		return err
	}
	steps := uint64(0)
	for i := range c.files {
		r := next
		var end []byte // the hash of the pool at the end of the segment, if that is known
		if i+1 < len(c.files) {
			if next, err = c.segment(i + 1); err != nil {
				return errors.Join(err, r.Close())
			}
			hash := sha256.Sum256(next.SnapshotBytes())
			end = hash[:]
		}
		err := readSegment(ctx, r, func(step *protos.JournalStep, last bool) error {
			if last {
				step.StateHash = end
			}
			steps++
			step.Number = steps
			return to.Step(step)
		})
		if next != r {
			_ = r.Close()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// segment begins to read a segment.
func (c *Chain) segment(i int) (*journal.Reader, error) {
	r, err := journal.NewReader(io.LimitReader(c.files[i], c.sizes[i]))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.files[i].Name(), err)
	}
	return r, nil
}

// readSegment yields the steps of a segment.
func readSegment(ctx context.Context, r *journal.Reader,
	yield func(step *protos.JournalStep, last bool) error) error {
	for ctx.Err() == nil {
		step, err := r.Next()
		if torn := (*journal.TornError)(nil); err == io.EOF || errors.As(err, &torn) {
			return nil
		}
		if err != nil {
			return err
		}
		_, err = r.Peek()
		if err := yield(step, err == io.EOF); err != nil {
			return err
		}
	}
	return ctx.Err()
}
