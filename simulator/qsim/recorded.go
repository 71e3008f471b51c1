package main

import (
	"context"
	"fmt"

	"github.com/quotasched/quotasched/history"
	"github.com/quotasched/quotasched/pool"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/replay"
)

// recordedPool is what a journal tells of a pool and of the world around it.
type recordedPool struct {
	// opening counts the operations on accounts with which the journal begins, and steps those
	// after them that lead to the snapshot.
	opening, steps int64
	// snapshot is the pool after these steps.
	snapshot *protos.Pool
	// history has all steps after the opening.
	history *history.History
	// notes say what people should know.
	notes []string
}

// readRecorded runs a journal again, to its end, or to where it is torn, and takes a snapshot at a
// point. For the zero point, that is after the operations on accounts with which the journal
// begins. It is an error if a step comes out in another way than it was recorded.
func readRecorded(ctx context.Context, from journalFile, at replay.Point) (*recordedPool, error) {
	out := &recordedPool{}
	var recorder *history.Recorder
	// take begins the history if nothing has, and takes the snapshot if the point is here.
	take := func(p *pool.Pool, steps uint64, here bool) (err error) {
		if recorder == nil {
			here = here || at == replay.Point{}
			recorder, err = history.New(p.Snapshot())
		}
		if here && out.snapshot == nil {
			out.steps, out.snapshot = int64(steps)-out.opening, p.Snapshot()
		}
		return err
	}
	report, err := from.runSame(ctx, replay.Options{
		Before: func(step *protos.JournalStep, p *pool.Pool) error {
			here := at.IsBefore(step)
			if recorder == nil && !here && isAccountOperation(step.GetOperation()) {
				out.opening++
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
	if err != nil {
		return nil, err
	}
	if err = checkReached(at, report); err == nil {
		err = take(report.Pool, report.Steps, true)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", from.path, err)
	}
	out.history = recorder.History()
	if report.Torn != nil {
		out.notes = append(out.notes, fmt.Sprintf("The journal is %v.", report.Torn))
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
