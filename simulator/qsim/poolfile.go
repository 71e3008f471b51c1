package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/quotasched/quotasched/journal"
	"github.com/quotasched/quotasched/pool"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/replay"
)

// loadPool returns the pool of a file: of a snapshot, as a binary or JSON protos.Pool, or of a
// journal, which is run again. That of a journal that is torn is the one before the tear. For a
// snapshot, the report has nothing but the pool. Errors name the file.
func loadPool(ctx context.Context, path string, o replay.Options) (*replay.Report, error) {
	report, err := journalFile{path: path}.run(ctx, o)
	switch {
	case errors.Is(err, journal.ErrNotJournal) && o.Until != replay.Point{}:
		return nil, fmt.Errorf("%s: is a snapshot, and not a journal with points to choose", path)
	case errors.Is(err, journal.ErrNotJournal):
		p, err := loadSnapshot(path)
		return &replay.Report{Pool: p}, err
	case err == nil && report.Difference != nil:
		return nil, fmt.Errorf("%s: %w\n%s", path, errDiffers, report.Difference)
	}
	return report, err
}

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
