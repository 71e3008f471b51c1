package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/quotasched/quotasched/history"
	"github.com/quotasched/quotasched/journal"
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

// source is a journal.
type source struct {
	path string
	// pool is the name of the pool that it must be of; empty for any.
	pool string
	// bar, if not nil, shows how far it was read.
	bar *progressBar
}

// readRecorded runs a journal again, to its end, or to where it is torn, and takes a snapshot at a
// point. For the zero point, that is after the operations on accounts with which the journal
// begins. It is an error if a step comes out in another way than it was recorded.
func readRecorded(ctx context.Context, from source, at point) (*recordedPool, error) {
	out := &recordedPool{}
	var recorder *history.Recorder
	begin := func(p *pool.Pool) (err error) {
		recorder, err = history.New(p.Snapshot())
		return err
	}
	last, err := eachStep(ctx, from, func(step *protos.JournalStep, p *pool.Pool) error {
		here := at.isBefore(step)
		if recorder == nil && !here && isAccountOperation(step.GetOperation()) {
			out.opening++
			_, err := stepAgain(ctx, step, p)
			return err
		}
		if recorder == nil {
			if err := begin(p); err != nil {
				return err
			}
			here = here || at == (point{})
		}
		if here && out.snapshot == nil {
			out.steps, out.snapshot = int64(step.GetNumber())-1-out.opening, p.Snapshot()
		}
		outcome, err := stepAgain(ctx, step, p)
		if err == nil {
			recorder.Step(step.GetOperation(), outcome)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if at.step > last.steps {
		return nil, fmt.Errorf("%s: has %s, and no operation %d", from.path,
			counted(int(last.steps), "operation"), at.step)
	}
	if recorder == nil {
		if err := begin(last.pool); err != nil {
			return nil, err
		}
	}
	if out.snapshot == nil {
		out.steps, out.snapshot = int64(last.steps)-out.opening, last.pool.Snapshot()
	}
	out.history = recorder.History()
	if last.torn != nil {
		out.notes = append(out.notes, fmt.Sprintf("The journal is %v.", last.torn))
	}
	return out, nil
}

// isBefore says whether a point comes before a step, and not at the end of the journal.
func (at point) isBefore(step *protos.JournalStep) bool {
	return at.begin || at.step > 0 && step.GetNumber() > at.step ||
		!at.until.IsZero() && step.GetOperation().GetTime().AsTime().After(at.until)
}

// lastStep says how the reading of a journal ended.
type lastStep struct {
	pool  *pool.Pool
	steps uint64
	torn  *journal.TornError
}

// errEnough ends the reading of a journal.
var errEnough = errors.New("enough")

// eachStep restores the pool with which a journal begins, and calls a function for each step, which
// lets the pool do it.
func eachStep(ctx context.Context, from source,
	do func(*protos.JournalStep, *pool.Pool) error) (*lastStep, error) {
	r, err := openJournal(from.path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }()
	last := &lastStep{}
	if last.pool, err = replay.Begin(r.Reader, from.pool); err != nil {
		return nil, fmt.Errorf("%s: %w", from.path, err)
	}
	for {
		if ctx.Err() != nil {
			return nil, errStopped
		}
		step, err := r.Next()
		if torn, ok := errors.AsType[*journal.TornError](err); ok {
			last.torn = torn
			return last, nil
		}
		if err == io.EOF {
			return last, nil
		}
		if err == nil {
			err = do(step, last.pool)
		}
		if err == errEnough {
			return last, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", from.path, err)
		}
		last.steps = step.GetNumber()
		const often = 1000
		if from.bar != nil && last.steps%often == 0 {
			from.bar.moved("reading", r.read, r.bytes)
		}
	}
}

// stepper is a pool, or one with a shadow.
type stepper interface {
	Step(context.Context, *protos.Operation) *protos.Outcome
}

// stepAgain lets a pool do a recorded step, which must come out as it was recorded.
func stepAgain(ctx context.Context, step *protos.JournalStep, p stepper) (*protos.Outcome, error) {
	outcome := p.Step(ctx, step.GetOperation())
	if hash := pool.Digest(outcome); !bytes.Equal(hash[:], step.GetOutcomeHash()) {
		return nil, fmt.Errorf("%w at operation %d; without other flags, 'qsim replay' says how",
			errDiffers, step.GetNumber())
	}
	return outcome, nil
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
