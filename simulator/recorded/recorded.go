// Package recorded is what a journal tells of a pool and of the world around it, and what policy
// files would make of that pool: the input of plans.
package recorded

import (
	"errors"
	"fmt"

	"github.com/quotasched/quotasched/history"
	"github.com/quotasched/quotasched/internal/words"
	"github.com/quotasched/quotasched/pool"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/replay"
)

// Pool is what a journal tells of a pool and of the world around it.
type Pool struct {
	// Opening counts the operations on accounts with which the journal begins, and Steps those
	// after them that lead to the snapshot.
	Opening, Steps int64
	// Snapshot is the pool after these steps.
	Snapshot *protos.Pool
	// History has all steps after the opening.
	History *history.History
	// Notes say what people should know.
	Notes []string
}

// ErrDiffers is a journal of which a step comes out in another way than it was recorded.
var ErrDiffers = errors.New("the replay differs from the journal")

// Read runs a journal again, to its end, or to where it is torn, and takes a snapshot at a point.
// For the zero point, that is after the operations on accounts with which the journal begins. Run
// is replay.Run of the journal. The error is that of run, ErrDiffers, or says that the journal ends
// before the point.
func Read(run func(replay.Options) (*replay.Report, error), at replay.Point) (*Pool, error) {
	out := &Pool{}
	var recorder *history.Recorder
	// take begins the history if nothing has, and takes the snapshot if the point is here.
	take := func(p *pool.Pool, steps uint64, here bool) (err error) {
		if recorder == nil {
			here = here || at == replay.Point{}
			recorder, err = history.New(p.Snapshot())
		}
		if here && out.Snapshot == nil {
			out.Steps, out.Snapshot = int64(steps)-out.Opening, p.Snapshot()
		}
		return err
	}
	report, err := run(replay.Options{
		Before: func(step *protos.JournalStep, p *pool.Pool) error {
			here := at.IsBefore(step)
			if recorder == nil && !here && isAccountOperation(step.GetOperation()) {
				out.Opening++
				return nil
			}
			return take(p, step.GetNumber()-1, here)
		},
		After: func(step *protos.JournalStep, outcome *protos.Outcome, _ *pool.Pool) error {
			if recorder != nil {
				recorder.Step(step.GetOperation(), outcome)
			}
			return nil
		},
	})
	if err == nil && report.Difference != nil {
		err = fmt.Errorf("%w at operation %s", ErrDiffers, words.Number(report.Difference.Number))
	}
	if err == nil {
		err = CheckReached(at, report)
	}
	if err == nil {
		err = take(report.Pool, report.Steps, true)
	}
	if err != nil {
		return nil, err
	}
	out.History = recorder.History()
	if report.Torn != nil {
		out.Notes = append(out.Notes, fmt.Sprintf("The journal is %v.", report.Torn))
	}
	return out, nil
}

// isAccountOperation says whether an operation is about an account.
func isAccountOperation(op *protos.Operation) bool {
	switch op.GetKind().(type) {
	case *protos.Operation_AddAccount, *protos.Operation_DeleteAccount,
		*protos.Operation_ResetBalance:
		return true
	}
	return false
}

// CheckReached returns an error if a journal that was run to its end ends before a point.
func CheckReached(at replay.Point, r *replay.Report) error {
	if at.Step <= r.Steps {
		return nil
	}
	return fmt.Errorf("has %s, and no operation %s", words.Count(int(r.Steps), "operation"),
		words.Number(at.Step))
}
