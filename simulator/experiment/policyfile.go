package experiment

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/quotasched/quotasched/internal/field"
	"github.com/quotasched/quotasched/internal/yamltree"
	"github.com/quotasched/quotasched/scheduler"
	"github.com/quotasched/quotasched/simulator"
)

// PolicyFile is a policy that was read from a file.
type PolicyFile struct {
	// Policy is the policy.
	Policy *Policy

	fromLog bool // the file has a log, whose tasks are long
}

// ParsePolicy reads a policy from the text of a file, which is either a policy alone, with the
// fields of an entry of an experiment's policies, or a whole experiment. Of that, choose is the
// name of the policy; it may be empty if there is only one, and it does not matter for a policy
// alone. A policy alone may leave its name out: it is called what the file is called. The error is
// yamltree.Mistakes, with every mistake, or says which policies there are.
func ParsePolicy(name string, data []byte, choose string) (*PolicyFile, error) {
	root, err := yamltree.Parse(name, data)
	if err != nil {
		return nil, err
	}
	if root.Field("policies") != nil {
		return choosePolicy(name, data, choose)
	}
	if root, err = named(root, name); err != nil {
		return nil, err
	}
	p := &Policy{}
	p.SetDefaults()
	mistakes := yamltree.Locate(root, yamltree.Decode(root, p))
	timing := simulator.DefaultTiming()
	wrong := p.validate(&timing)
	if p.Base != "" {
		wrong = errors.Join(wrong, field.Errorf("base", "a policy that stands alone has no other "+
			"one to be based on"))
	}
	mistakes = withoutConsequences(mistakes, yamltree.Locate(root, wrong))
	return &PolicyFile{Policy: p}, mistakes.Err()
}

// named gives a policy without a name that of its file.
func named(root *yamltree.Node, file string) (*yamltree.Node, error) {
	if root.Kind != yamltree.Mapping || root.Field("name") != nil {
		return root, nil
	}
	called := strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
	node, err := yamltree.ParseOption(file, strconv.Quote(called))
	if err != nil {
		return nil, err
	}
	return yamltree.Set(root, []string{"name"}, node)
}

// addPolicy adds the policy of a file to those of an experiment. Mistakes in it are shown where it
// was written, as soon as the experiment is decoded.
func addPolicy(root *yamltree.Node, path string) (*yamltree.Node, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return addPolicyText(root, path, data)
}

// addPolicyText is addPolicy with the text of the file.
func addPolicyText(root *yamltree.Node, path string, data []byte) (*yamltree.Node, error) {
	policy, err := yamltree.Parse(path, data)
	if err != nil {
		return nil, err
	}
	if list := policy.Field("policies"); list != nil {
		if len(list.Items) != 1 {
			return nil, fmt.Errorf("%s is an experiment with several policies; want a policy alone",
				path)
		}
		policy = list.Items[0]
	}
	if policy, err = named(policy, path); err != nil {
		return nil, err
	}
	list := root.Field("policies")
	if list == nil || list.Kind != yamltree.List {
		return root, nil // which decoding complains about
	}
	return yamltree.Set(root, []string{"policies"}, yamltree.Append(list, policy))
}

// stageText is an experiment in which policies stand that are tried out in a World.
const stageText = `
name: policy
seeds: 1
workload:
  length: 1h
  streams:
    - name: none
      arrivals: {per_day: 24}
      run: {median: 1m, sigma: 0.1}
fleet: {total: 1, groups: [{name: none, percent: 100}]}
policies: []
`

// ParseForWorld reads an experiment, or a file with a policy alone, which becomes one, for tunings
// in a World. Sets and mistakes are those of Parse.
func ParseForWorld(name string, data []byte, sets ...string) (*Experiment, error) {
	root, err := yamltree.Parse(name, data)
	if err != nil {
		return nil, err
	}
	if root.Field("policies") != nil {
		return Parse(name, data, sets...)
	}
	stage, err := yamltree.Parse("stage", []byte(stageText))
	if err != nil {
		return nil, err
	}
	if root, err = addPolicyText(stage, name, data); err != nil {
		return nil, err
	}
	if root, err = override(root, sets); err != nil {
		return nil, err
	}
	return newExperiment(root)
}

// choosePolicy reads a policy of an experiment.
func choosePolicy(name string, data []byte, choose string) (*PolicyFile, error) {
	e, err := Parse(name, data)
	if err != nil {
		return nil, err
	}
	policies := e.File.Policies
	if choose == "" && len(policies) == 1 {
		choose = policies[0].Name
	}
	i := slices.IndexFunc(policies, func(p Policy) bool { return p.Name == choose })
	if i >= 0 {
		return &PolicyFile{Policy: &policies[i], fromLog: e.File.Trace != nil}, nil
	}
	var names []string
	for i := range policies {
		names = append(names, policies[i].Name)
	}
	if choose == "" {
		return nil, fmt.Errorf("%s is an experiment with several policies, of which one must be "+
			"named: %s", name, strings.Join(names, ", "))
	}
	return nil, fmt.Errorf("%s has no policy %q; there are: %s", name, choose,
		strings.Join(names, ", "))
}

// Settings returns the policy as a pool takes it, and the balances with which accounts begin. The
// accounts are those that groups and built-in rules choose from, and the workers those that they
// share.
func (f *PolicyFile) Settings(accounts []scheduler.AccountID, workers int) (*scheduler.Config,
	map[scheduler.AccountID]scheduler.Balance) {
	p := f.Policy.simulated(&surroundings{accounts: accounts, workers: workers, fromLog: f.fromLog})
	config := p.Scheduler
	config.Accounts = make(map[scheduler.AccountID]*scheduler.AccountConfig, len(p.Accounts))
	balances := make(map[scheduler.AccountID]scheduler.Balance, len(p.Accounts))
	for id, a := range p.Accounts { // in any order: it only fills maps
		account := a.Config
		config.Accounts[id] = &account
		balances[id] = a.Balance
	}
	return &config, balances
}
