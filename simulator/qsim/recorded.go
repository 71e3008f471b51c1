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
	"github.com/quotasched/quotasched/scheduler"
)

// recorded is what a journal tells of a pool and of the world around it.
type recorded struct {
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

// readRecorded runs a journal again, to its end, or to where it is torn, and takes a snapshot after
// a step, or, for 0, after the operations on accounts with which it begins. It is an error if a step
// comes out in another way than it was recorded.
func readRecorded(ctx context.Context, path string, until uint64) (*recorded, error) {
	out := &recorded{}
	var recorder *history.Recorder
	begin := func(p *pool.Pool) error {
		snapshot := p.Snapshot()
		var err error
		if recorder, err = history.New(snapshot); err == nil && until <= uint64(out.opening) {
			out.snapshot = snapshot
		}
		return err
	}
	last, err := eachStep(ctx, path, func(step *protos.JournalStep, p *pool.Pool) error {
		if recorder == nil {
			if isAccountOperation(step.GetOperation()) {
				out.opening++
			} else if err := begin(p); err != nil {
				return err
			}
		}
		outcome, err := stepAgain(ctx, step, p)
		if err != nil || recorder == nil {
			return err
		}
		recorder.Step(step.GetOperation(), outcome)
		if out.snapshot == nil && step.GetNumber() == until {
			out.steps, out.snapshot = int64(until)-out.opening, p.Snapshot()
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if recorder == nil {
		if err := begin(last.pool); err != nil {
			return nil, err
		}
	}
	if out.snapshot == nil {
		return nil, fmt.Errorf("%s: there is no step %d; there are %d", path, until, last.steps)
	}
	out.history = recorder.History()
	if last.torn != nil {
		out.notes = append(out.notes, fmt.Sprintf("The journal is %v.", last.torn))
	}
	if out.opening > 0 {
		out.notes = append(out.notes, fmt.Sprintf("It begins after %s with which the journal begins.",
			counted(int(out.opening), "operation")+" on accounts"))
	}
	return out, nil
}

// lastStep says how the reading of a journal ended.
type lastStep struct {
	pool  *pool.Pool
	steps uint64
	torn  *journal.TornError
}

// eachStep restores the pool with which a journal begins, and calls a function for each step, which
// lets the pool do it.
func eachStep(ctx context.Context, path string,
	do func(*protos.JournalStep, *pool.Pool) error) (last *lastStep, err error) {
	r, err := journal.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, cause(err))
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	last = &lastStep{}
	if last.pool, err = pool.Restore(r.Snapshot()); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
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
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		last.steps = step.GetNumber()
	}
}

// stepAgain lets a pool do a recorded step, which must come out as it was recorded.
func stepAgain(ctx context.Context, step *protos.JournalStep,
	p interface {
		Step(context.Context, *protos.Operation) *protos.Outcome
	}) (*protos.Outcome, error) {
	outcome := p.Step(ctx, step.GetOperation())
	if hash := pool.Digest(outcome); !bytes.Equal(hash[:], step.GetOutcomeHash()) {
		return nil, fmt.Errorf("step %d comes out differently than it was recorded; "+
			"'qsim replay' says how", step.GetNumber())
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

// config returns the settings of the recorded pool at the snapshot.
func (r *recorded) config() (*scheduler.Config, error) {
	p, err := pool.Restore(r.snapshot)
	if err != nil {
		return nil, err
	}
	return p.Scheduler().Config(), nil
}

// accounts returns the accounts that requests name, in order of appearance.
func (r *recorded) accounts() []scheduler.AccountID {
	var ids []scheduler.AccountID
	seen := map[scheduler.AccountID]bool{"": true}
	for _, request := range r.history.Requests {
		if id := request.Content.Account; !seen[id] {
			seen[id] = true
			ids = append(ids, id)
		}
	}
	return ids
}
