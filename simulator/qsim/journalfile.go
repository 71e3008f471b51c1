package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/quotasched/quotasched/internal/words"
	"github.com/quotasched/quotasched/journal"
	"github.com/quotasched/quotasched/replay"
	"github.com/quotasched/quotasched/simulator/recorded"
)

// A journalFile is a journal to be run again.
type journalFile struct {
	path string
	// pool is the name of the pool that it must be of; empty for any.
	pool string
	// bar, if not nil, shows how far it was read, and doing says there what for.
	bar   *progressBar
	doing string
}

// run runs the journal again, as replay.Run does. Errors name the file. That the journal ends
// before the step after which the run is to end is one of them; a difference is not.
func (j journalFile) run(ctx context.Context, o replay.Options) (*replay.Report, error) {
	file, err := os.Open(j.path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", j.path, cause(err))
	}
	defer func() { _ = file.Close() }()
	r, err := journal.NewReader(j.bar.along(file, j.doing))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", j.path, cause(err))
	}
	defer func() { _ = r.Close() }()
	o.Pool = j.pool
	report, err := replay.Run(ctx, r, o)
	if errors.Is(err, context.Canceled) {
		return nil, errStopped
	}
	if _, bad := errors.AsType[*journal.RecordError](err); bad && report.Steps > 0 {
		err = fmt.Errorf("after %s that came out as in the journal: %w",
			words.Count(int(report.Steps), "operation"), err)
	}
	if err == nil && report.Difference == nil {
		err = recorded.CheckReached(o.Until, report)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", j.path, err)
	}
	return report, nil
}

// runSame runs the journal again. A difference is an error, too.
func (j journalFile) runSame(ctx context.Context, o replay.Options) (*replay.Report, error) {
	report, err := j.run(ctx, o)
	if err == nil && report.Difference != nil {
		err = fmt.Errorf("%s: %w at operation %s; without other flags, 'qsim replay' says how", j.path,
			errDiffers, words.Number(report.Difference.Number))
	}
	return report, err
}
