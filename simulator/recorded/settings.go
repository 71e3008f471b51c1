package recorded

import (
	"github.com/quotasched/quotasched/plan"
	"github.com/quotasched/quotasched/pool"
	"github.com/quotasched/quotasched/scheduler"
	"github.com/quotasched/quotasched/simulator/experiment"
)

// A Policy is that of a file.
type Policy struct {
	// Name is for people: that of the file, and, of an experiment with several, the policy's.
	Name string
	File *experiment.PolicyFile
}

// ParsePolicy reads the text of a policy file: a policy, or an experiment, of which the policy with
// a name is chosen; the name may be empty if there is one.
func ParsePolicy(path string, text []byte, name string) (*Policy, error) {
	file, err := experiment.ParsePolicy(path, text, name)
	if err != nil {
		return nil, err
	}
	p := &Policy{Name: path, File: file}
	if file.Policy.Name == name {
		p.Name += ", policy " + name
	}
	return p, nil
}

// Input returns what a plan is made from, without thresholds. If the old policy is nil, the
// recorded settings are in its place.
func (r *Pool) Input(old, next *Policy) (in *plan.Input, err error) {
	in = &plan.Input{Snapshot: r.Snapshot, History: r.History, Steps: r.Steps,
		New: r.Settings(next)}
	if old != nil {
		in.Old = r.Settings(old)
	} else {
		in.Old, err = r.RecordedSettings()
	}
	return in, err
}

// Settings returns the settings of a policy for a recorded pool: its groups and rules choose from
// the accounts that the recorded requests name, and share the recorded workers.
func (r *Pool) Settings(p *Policy) plan.Settings {
	s := plan.Settings{Name: p.Name}
	s.Config, s.Balances = p.File.Settings(r.Accounts(), len(r.History.Workers))
	return s
}

// RecordedSettings returns those of the recorded pool at the snapshot.
func (r *Pool) RecordedSettings() (plan.Settings, error) {
	p, err := pool.Restore(r.Snapshot)
	if err != nil {
		return plan.Settings{}, err
	}
	return plan.Settings{Name: "the recorded settings", Config: p.Scheduler().Config()}, nil
}

// Accounts returns the accounts that requests name, in order of appearance.
func (r *Pool) Accounts() []scheduler.AccountID {
	var ids []scheduler.AccountID
	seen := map[scheduler.AccountID]bool{"": true}
	for _, request := range r.History.Requests {
		if id := request.Content.Account; !seen[id] {
			seen[id] = true
			ids = append(ids, id)
		}
	}
	return ids
}
