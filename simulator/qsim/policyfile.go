package main

import (
	"fmt"

	"github.com/quotasched/quotasched/plan"
	"github.com/quotasched/quotasched/simulator/experiment"
)

// readPolicy reads a policy file, of which choose is the policy's name if it is an experiment.
func readPolicy(path, choose string) (*experiment.PolicyFile, error) {
	data, err := readFile(path)
	if err != nil {
		return nil, err
	}
	return experiment.ParsePolicy(path, data, choose)
}

// settings returns the settings of a policy file for a recorded pool: its groups and rules choose
// from the accounts that the recorded requests name, and share the recorded workers.
func (r *recorded) settings(path, choose string, f *experiment.PolicyFile) plan.Settings {
	s := plan.Settings{Name: path}
	if f.Policy.Name == choose {
		s.Name = fmt.Sprintf("%s, policy %s", path, choose)
	}
	s.Config, s.Balances = f.Settings(r.accounts(), len(r.history.Workers))
	return s
}
