package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/quotasched/quotasched/pool"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/replay"
	"github.com/quotasched/quotasched/shadow"
	"github.com/quotasched/quotasched/simulator/internal/report"
)

// runShadow feeds a journal, up to a point, to its pool with a shadow beside it, which begins after
// the operations on accounts with which the journal begins. It returns what the shadow counted, and
// what people should know of that.
func runShadow(ctx context.Context, from journalFile, at replay.Point,
	c policyChoice) (*shadow.Report, []string, error) {
	policy, err := readPolicy(c)
	if err != nil {
		return nil, nil, err
	}
	r, err := readRecorded(ctx, from, replay.Point{}) // for the accounts that groups choose from
	if err != nil {
		return nil, nil, err
	}
	settings := r.Settings(policy)
	from.doing = "with a shadow"
	var s *shadow.Shadow
	_, err = from.runSame(ctx, replay.Options{
		Until: at,
		Before: func(step *protos.JournalStep, p *pool.Pool) (err error) {
			if s != nil || step.GetNumber() <= uint64(r.Opening) {
				return nil
			}
			if s, err = shadow.New(p, settings.Config, settings.Balances); err != nil {
				return fmt.Errorf("%s: %w", settings.Name, err)
			}
			return nil
		},
		After: func(step *protos.JournalStep, outcome *protos.Outcome, _ *pool.Pool) error {
			if s != nil {
				s.Follow(step.GetOperation(), outcome)
			}
			return nil
		},
	})
	switch {
	case err != nil:
		return nil, nil, err
	case s == nil:
		return nil, nil, fmt.Errorf("%s: there is nothing after the operations on accounts with which "+
			"it begins", from.path)
	}
	return s.Report(), append([]string{"A shadow under " + settings.Name + "."}, r.Notes...), nil
}

// writeShadow writes what a shadow counted.
func (f *planOutputs) writeShadow(ctx context.Context, r *shadow.Report, notes []string,
	stdout io.Writer) error {
	var errs []error
	if f.json != "" {
		errs = append(errs, writeWhole(ctx, f.json, stdout, func(w io.Writer) error {
			return writeJSON(w, r)
		}))
	}
	if f.json != report.Stdout {
		text := shadow.Text(r, shadow.TextOptions{Top: f.top, Notes: notes})
		if _, err := io.WriteString(stdout, text); err != nil {
			errs = append(errs, fmt.Errorf("standard output: %w", cause(err)))
		}
	}
	return errors.Join(errs...)
}
