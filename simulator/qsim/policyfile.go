package main

import (
	"github.com/quotasched/quotasched/plan"
	"github.com/quotasched/quotasched/pool"
	"github.com/quotasched/quotasched/scheduler"
	"github.com/quotasched/quotasched/simulator/experiment"
)

// policyChoice is a policy file and, of an experiment, the name of the policy.
type policyChoice struct{ path, name string }

// readPolicy reads a policy file.
func readPolicy(c policyChoice) (*experiment.PolicyFile, error) {
	data, err := readFile(c.path)
	if err != nil {
		return nil, err
	}
	return experiment.ParsePolicy(c.path, data, c.name)
}

// settings returns the settings of a policy file for a recorded pool: its groups and rules choose
// from the accounts that the recorded requests name, and share the recorded workers.
func (r *recordedPool) settings(c policyChoice, f *experiment.PolicyFile) plan.Settings {
	s := plan.Settings{Name: c.path}
	if f.Policy.Name == c.name {
		s.Name += ", policy " + c.name
	}
	s.Config, s.Balances = f.Settings(r.accounts(), len(r.history.Workers))
	return s
}

// recordedSettings returns those of the recorded pool at the snapshot.
func (r *recordedPool) recordedSettings() (plan.Settings, error) {
	p, err := pool.Restore(r.snapshot)
	if err != nil {
		return plan.Settings{}, err
	}
	return plan.Settings{Name: "the recorded settings", Config: p.Scheduler().Config()}, nil
}

// accounts returns the accounts that requests name, in order of appearance.
func (r *recordedPool) accounts() []scheduler.AccountID {
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
