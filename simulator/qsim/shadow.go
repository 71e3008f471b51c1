package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/quotasched/quotasched/pool"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/shadow"
	"github.com/quotasched/quotasched/simulator/report"
)

// policyChoice is a policy file and, of an experiment, the name of the policy.
type policyChoice struct{ path, name string }

// runShadow feeds a journal to its pool with a shadow beside it, which begins after the operations
// on accounts with which the journal begins, and returns what the shadow counted.
func runShadow(ctx context.Context, path string, c policyChoice) (*shadow.Report, []string, error) {
	file, err := readPolicy(c.path, c.name)
	if err != nil {
		return nil, nil, err
	}
	r, err := readRecorded(ctx, path, 0)
	if err != nil {
		return nil, nil, err
	}
	settings := r.settings(c.path, c.name, file)
	var s *shadow.Shadow
	_, err = eachStep(ctx, path, func(step *protos.JournalStep, p *pool.Pool) error {
		if s == nil && step.GetNumber() <= uint64(r.opening) {
			_, err := stepAgain(ctx, step, p)
			return err
		}
		if s == nil {
			if s, err = shadow.New(p, settings.Config, settings.Balances); err != nil {
				return fmt.Errorf("%s: %w", settings.Name, err)
			}
		}
		_, err := stepAgain(ctx, step, s)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	if s == nil {
		return nil, nil, fmt.Errorf("%s: nothing was recorded after the accounts", path)
	}
	return s.Report(), append([]string{"A shadow under " + settings.Name + "."}, r.notes...), nil
}

// printShadow runs a shadow and writes what it counted; jsonPath may be empty.
func printShadow(ctx context.Context, path string, c policyChoice, jsonPath string, top int,
	stdout io.Writer) error {
	r, notes, err := runShadow(ctx, path, c)
	if err != nil {
		return err
	}
	var errs []error
	if jsonPath != "" {
		errs = append(errs, writeWhole(ctx, jsonPath, stdout, func(w io.Writer) error {
			return report.ShadowJSON(w, r)
		}))
	}
	if jsonPath != report.Stdout {
		err := report.Shadow(stdout, r, report.Options{Top: top, Notes: notes})
		if err != nil {
			errs = append(errs, fmt.Errorf("standard output: %w", cause(err)))
		}
	}
	return errors.Join(errs...)
}
