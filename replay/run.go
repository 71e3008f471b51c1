package replay

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/quotasched/quotasched/internal/check"
	"github.com/quotasched/quotasched/internal/words"
	"github.com/quotasched/quotasched/journal"
	"github.com/quotasched/quotasched/pool"
	"github.com/quotasched/quotasched/protos"
)

// What can keep a journal from being run again.
var (
	// ErrOtherPool is the journal of a pool other than the one that was expected.
	ErrOtherPool = errors.New("the journal of another pool")
	// ErrOtherVersion is a snapshot that this version of the program cannot have written: it cannot
	// be restored, or the pool restored from it has another snapshot.
	ErrOtherVersion = errors.New("the journal of another version of the scheduler")
)

// Options say how to run a journal again. The zero value runs it to its end.
type Options struct {
	// Pool is the name of the pool that the journal must be of; "" is any.
	Pool string
	// Until is where the run ends; the zero value is the end of the journal.
	Until Point
	// RestoreAfter is the number of a step after which the pool is saved, and another one, restored
	// from the bytes, goes on, which must make no difference; 0 is none.
	RestoreAfter uint64
	// Before, if not nil, is called before each step, with the pool that is to do it. It may ask the
	// pool, and may not change it. An error ends the run before the step.
	Before func(*protos.JournalStep, *pool.Pool) error
	// After, if not nil, is called after each step whose outcome is that of the journal, with the
	// outcome. It may ask the pool, and may not change it. An error ends the run after the step.
	After func(*protos.JournalStep, *protos.Outcome, *pool.Pool) error
}

// A Report is the result of running a journal again.
type Report struct {
	// Header says whose journal it is.
	Header *protos.JournalHeader
	// Pool is the pool after the last step that was run; nil if it could not be begun. After a
	// difference it is the pool that has it.
	Pool *pool.Pool
	// Steps is how many steps came out as in the journal.
	Steps uint64
	// States counts those after which the state was compared, too.
	States uint64
	// First and Last are the earliest and the latest time of the operations that were run; zero if
	// there were none.
	First, Last time.Time
	// Stopped is true if Until ended the run, and there are more steps.
	Stopped bool
	// Torn, if not nil, says where the journal is torn. All before that was run.
	Torn *journal.TornError
	// Difference is the first one; nil if there was none. Nothing after it was run.
	Difference *Difference
}

// Run runs a journal again, from its snapshot on, and compares the hash of each outcome and each
// state with those in the journal. It ends at the first difference, at the end, at a torn record,
// or where the options say; that is in the report, and no error. Then the reader's next step is the
// first one that was not run.
//
// The error is ErrOtherPool, ErrOtherVersion, that of the context, of the reader or of a function
// in the options. The report then has what was run before. Run costs what the operations cost, and
// a snapshot for each state that is compared.
func Run(ctx context.Context, r *journal.Reader, o Options) (*Report, error) {
	report := &Report{Header: r.Header()}
	var err error
	if report.Pool, err = begin(r, o.Pool); err != nil {
		return report, err
	}
	for {
		if err := ctx.Err(); err != nil {
			return report, err
		}
		step, err := r.Peek()
		if err == io.EOF {
			return report, nil
		}
		if torn, ok := errors.AsType[*journal.TornError](err); ok {
			report.Torn = torn
			return report, nil
		}
		if err != nil {
			return report, err
		}
		if o.Until.IsBefore(step) {
			report.Stopped = true
			return report, nil
		}
		if o.Before != nil {
			if err := o.Before(step, report.Pool); err != nil {
				return report, err
			}
		}
		if _, err := r.Next(); err != nil {
			return report, err
		}
		outcome, _ := report.Pool.Replay(ctx, step.GetOperation()) // a refusal is in the outcome
		if report.Difference = report.compare(step, outcome); report.Difference != nil {
			return report, nil
		}
		if err := report.after(step, outcome, &o); err != nil {
			return report, err
		}
	}
}

// begin returns the pool that a journal begins with. The name is that of the pool that is expected,
// or empty. The error is ErrOtherPool or ErrOtherVersion.
func begin(r *journal.Reader, name string) (*pool.Pool, error) {
	if got := r.Header().GetPool(); name != "" && got != name {
		return nil, fmt.Errorf("%w: it is of %s, and %s was expected", ErrOtherPool,
			check.Quote(got), check.Quote(name))
	}
	p, err := pool.RestoreBytes(r.SnapshotBytes())
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrOtherVersion, err)
	}
	got, want := p.Hash(), sha256.Sum256(r.SnapshotBytes())
	if got != want { // it may be that these are only not as a pool writes them
		want = pool.Digest(r.Snapshot())
	}
	if got != want {
		return nil, fmt.Errorf("%w: its snapshot has the hash %x, and %x when it is restored",
			ErrOtherVersion, want, got)
	}
	return p, nil
}

// compare returns how a step that was run differs from the journal, or nil.
func (r *Report) compare(step *protos.JournalStep, outcome *protos.Outcome) *Difference {
	if hash := pool.Digest(outcome); !bytes.Equal(hash[:], step.GetOutcomeHash()) {
		return &Difference{Number: step.GetNumber(), Operation: step.GetOperation(),
			ExpectedHash: step.GetOutcomeHash(), GotHash: hash[:],
			Expected: step.GetOutcome(), Got: outcome}
	}
	if len(step.GetStateHash()) == 0 {
		return nil
	}
	if hash := r.Pool.Hash(); !bytes.Equal(hash[:], step.GetStateHash()) {
		return &Difference{Number: step.GetNumber(), Operation: step.GetOperation(), State: true,
			ExpectedHash: step.GetStateHash(), GotHash: hash[:],
			Expected: step.GetOutcome(), Got: outcome}
	}
	r.States++
	return nil
}

// after counts a step that came out as in the journal.
func (r *Report) after(step *protos.JournalStep, outcome *protos.Outcome, o *Options) error {
	r.Steps++
	if step.GetOperation().GetTime() != nil { // without a time, the pool refuses it
		at := step.GetOperation().GetTime().AsTime()
		if r.First.IsZero() || at.Before(r.First) {
			r.First = at
		}
		if at.After(r.Last) {
			r.Last = at
		}
	}
	if o.RestoreAfter > 0 && step.GetNumber() == o.RestoreAfter {
		if err := r.restore(); err != nil {
			return fmt.Errorf("after step %s: %w", words.Number(step.GetNumber()), err)
		}
	}
	if o.After != nil {
		return o.After(step, outcome, r.Pool)
	}
	return nil
}

// restore saves the pool and goes on with one that is restored from the bytes.
func (r *Report) restore() error {
	restored, err := pool.RestoreBytes(r.Pool.AppendSnapshot(nil))
	r.Pool = restored
	return err
}
