package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/quotasched/quotasched/journal"
	"github.com/quotasched/quotasched/pool"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/replay"
)

// A point is a place in a journal. The zero value is its end.
type point struct {
	step  uint64    // after this one; 0 if the point is a time
	until time.Time // before the first operation later than this
	begin bool      // before the first operation
}

// pointFlag is a point, as a number of operations or a time.
type pointFlag point

// pointLayouts are how a time may be written; without a zone it is in UTC.
var pointLayouts = []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02T15:04",
	"2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02"}

func (f *pointFlag) Type() string { return "N|TIME" }

func (f *pointFlag) String() string {
	switch {
	case f.begin:
		return "0"
	case f.step > 0:
		return strconv.FormatUint(f.step, 10)
	case !f.until.IsZero():
		return f.until.Format(time.RFC3339Nano)
	}
	return ""
}

func (f *pointFlag) Set(s string) error {
	if n, err := strconv.ParseUint(s, 10, 64); err == nil {
		*f = pointFlag{step: n, begin: n == 0}
		return nil
	}
	for _, layout := range pointLayouts {
		if t, err := time.Parse(layout, s); err == nil {
			*f = pointFlag{until: t}
			return nil
		}
	}
	return fmt.Errorf("want a number of operations, or a time such as 2026-01-05T12:00:00Z")
}

// replayTo runs an open journal again up to a point. Then the reader goes on with the first
// operation after it: the pool's snapshot and the reader are what a fork of the run begins with.
func replayTo(ctx context.Context, r *journal.Reader, at point, o replay.Options) (*replay.Report,
	error) {
	if at.begin {
		p, err := replay.Begin(r, o.Pool)
		return &replay.Report{Header: r.Header(), Pool: p, Stopped: true}, err
	}
	o.Until, o.UntilTime = at.step, at.until
	return replay.Run(ctx, r, o)
}

// loadPool returns the pool of a file: of a snapshot, as a binary or JSON protos.Pool, or of a
// journal at a point. That of a journal that is torn is the one before the tear. Errors name the
// file.
func loadPool(ctx context.Context, path string, at point) (*pool.Pool, error) {
	r, err := openJournal(path)
	if errors.Is(err, journal.ErrNotJournal) {
		if at != (point{}) {
			return nil, fmt.Errorf("%s: is a snapshot, and not a journal with points to choose", path)
		}
		return loadSnapshot(path)
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }()
	report, err := replayTo(ctx, r.Reader, at, replay.Options{})
	switch {
	case errors.Is(err, context.Canceled):
		return nil, errStopped
	case err != nil:
		return nil, fmt.Errorf("%s: %w", path, err)
	case report.Difference != nil:
		return nil, fmt.Errorf("%s: %w\n%s", path, errDiffers, report.Difference)
	case at.step > report.Steps:
		return nil, fmt.Errorf("%s: has %s, and no operation %d", path,
			counted(int(report.Steps), "operation"), at.step)
	}
	return report.Pool, nil
}

// A journalFile is an open journal that counts what was read of its file.
type journalFile struct {
	*journal.Reader
	file        *os.File
	read, bytes int64
}

// openJournal opens a journal. Errors name the file.
func openJournal(path string) (*journalFile, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, cause(err))
	}
	j := &journalFile{file: file}
	if info, err := file.Stat(); err == nil {
		j.bytes = info.Size() // it only moves a progress bar
	}
	if j.Reader, err = journal.NewReader(j); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, cause(err)), file.Close())
	}
	return j, nil
}

// Read implements io.Reader, for the journal's reader.
func (j *journalFile) Read(b []byte) (int, error) {
	n, err := j.file.Read(b)
	j.read += int64(n)
	return n, err
}

// Close closes the file.
func (j *journalFile) Close() error { return errors.Join(j.Reader.Close(), j.file.Close()) }

// loadSnapshot reads a snapshot.
func loadSnapshot(path string) (*pool.Pool, error) {
	text, err := readFile(path)
	if err != nil {
		return nil, err
	}
	snapshot := &protos.Pool{}
	if bytes.HasPrefix(bytes.TrimLeft(text, " \t\r\n\ufeff"), []byte("{")) {
		err = protojson.Unmarshal(text, snapshot)
	} else {
		err = proto.Unmarshal(text, snapshot)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: neither a journal nor a snapshot of a pool: %w", path, err)
	}
	p, err := pool.Restore(snapshot)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return p, nil
}

// saveSnapshot writes a snapshot, as JSON if the name says so, and else in binary. It appears when
// it is whole.
func saveSnapshot(ctx context.Context, path string, stdout io.Writer, snapshot *protos.Pool) error {
	return writeWhole(ctx, path, stdout, func(w io.Writer) error {
		text, err := proto.MarshalOptions{Deterministic: true}.Marshal(snapshot)
		if strings.ToLower(filepath.Ext(path)) == ".json" {
			text, err = protojson.MarshalOptions{Multiline: true, UseProtoNames: true}.Marshal(snapshot)
		}
		if err != nil {
			return err
		}
		_, err = w.Write(text)
		return err
	})
}
