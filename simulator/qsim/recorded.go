package main

import (
	"context"
	"fmt"

	"github.com/quotasched/quotasched/replay"
	"github.com/quotasched/quotasched/simulator/recorded"
)

// policyChoice is a policy file and, of an experiment, the name of the policy.
type policyChoice struct{ path, name string }

// readPolicy reads a policy file.
func readPolicy(c policyChoice) (*recorded.Policy, error) {
	data, err := readFile(c.path)
	if err != nil {
		return nil, err
	}
	return recorded.ParsePolicy(c.path, data, c.name)
}

// readRecorded reads a journal, as recorded.Read does. Errors name the file.
func readRecorded(ctx context.Context, from journalFile, at replay.Point) (*recorded.Pool, error) {
	var failed error
	r, err := recorded.Read(func(o replay.Options) (*replay.Report, error) {
		report, err := from.runSame(ctx, o)
		failed = err
		return report, err
	}, at)
	if err != nil && failed == nil {
		err = fmt.Errorf("%s: %w", from.path, err)
	}
	return r, err
}
