package experiment

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/quotasched/quotasched/internal/field"
	"github.com/quotasched/quotasched/internal/yamltree"
)

// runsMax bounds the runs of an experiment: variants × seeds.
const runsMax = 1000

// Experiment is a file that was read, and whose variants are known.
type Experiment struct {
	// File is what the file says, with no swept value in it.
	File *File
	// Warnings are sentences about what may be a mistake. Parse knows of none, Load of some.
	Warnings []string

	root     *yamltree.Node // of the file, with the options' values
	variants []*variant
	loader   *loader // what Load found
	// impossible is what the first fleet can never run of the first workload.
	impossible Impossible
}

// Parse reads the text of an experiment file. The name is for messages. Each of the sets is an
// override "path=value" from an option such as --set: the path as in Sweep.Field, the value in
// YAML. The error, yamltree.Mistakes, has every mistake that shows without the workload, in the
// values of sweeps, too.
func Parse(name string, data []byte, sets ...string) (*Experiment, error) {
	return parseWith(name, data, sets, nil)
}

// parseWith is Parse with the policies of more files.
func parseWith(name string, data []byte, sets, with []string) (*Experiment, error) {
	root, err := yamltree.Parse(name, data)
	if err != nil {
		return nil, err
	}
	for _, path := range with {
		if root, err = addPolicy(root, path); err != nil {
			return nil, err
		}
	}
	if root, err = override(root, sets); err != nil {
		return nil, err
	}
	return newExperiment(root)
}

// newExperiment makes an experiment of a file's content.
func newExperiment(root *yamltree.Node) (*Experiment, error) {
	e := &Experiment{root: root}
	file, mistakes := decode(root)
	e.File = file
	if len(mistakes) == 0 {
		e.variants, mistakes = expand(root, file)
	}
	if err := mistakes.Err(); err != nil {
		return nil, err
	}
	return e, nil
}

// Variants returns the names of the policies with each combination of swept values, in the order
// of the results.
func (e *Experiment) Variants() []string {
	names := make([]string, len(e.variants))
	for i, v := range e.variants {
		names[i] = v.name
	}
	return names
}

// Runs returns how many runs the experiment has: one for each variant and seed.
func (e *Experiment) Runs() int { return len(e.variants) * len(e.File.Seeds) }

// override puts the values of options into a file.
func override(root *yamltree.Node, sets []string) (*yamltree.Node, error) {
	var mistakes yamltree.Mistakes
	for _, set := range sets {
		name := "--set " + set
		at := yamltree.Position{Source: &yamltree.Source{Name: name}}
		next, err := root, error(nil)
		path, value, ok := strings.Cut(set, "=")
		if !ok {
			err = errors.New("want path=value, such as policies.quota.accounts.cq.rates.p0=20")
		} else {
			next, err = setText(root, name, path, value)
		}
		if err == nil {
			root = next
			continue
		}
		var many yamltree.Mistakes
		if !errors.As(err, &many) {
			many = yamltree.Mistakes{{At: at, Err: err}}
		}
		mistakes = append(mistakes, many...)
	}
	return root, mistakes.Err()
}

// setText sets a field to the value of an option.
func setText(root *yamltree.Node, option, pathText, value string) (*yamltree.Node, error) {
	path, err := yamltree.ParsePath(strings.TrimSpace(pathText))
	if err != nil {
		return nil, err
	}
	node, err := yamltree.ParseOption(option, value)
	if err != nil {
		return nil, err
	}
	return yamltree.Set(root, path, node)
}

// decode turns a tree into a file, and checks it.
func decode(root *yamltree.Node) (*File, yamltree.Mistakes) {
	root, err := inherit(root)
	mistakes := yamltree.Locate(root, err)
	file := &File{}
	file.SetDefaults()
	mistakes = append(mistakes, yamltree.Locate(root, yamltree.Decode(root, file))...)
	mistakes = withoutConsequences(mistakes, yamltree.Locate(root, file.validate()))
	return file, mistakes
}

// withoutConsequences adds mistakes in what fields mean to those in their form. What does not have
// the right form has been left at its default, so that nothing more can be said of it and of what
// it is a part of.
func withoutConsequences(form, meaning yamltree.Mistakes) yamltree.Mistakes {
	all := slices.Clone(form)
	for _, m := range meaning {
		if !slices.ContainsFunc(form, func(f *yamltree.Mistake) bool {
			return len(m.Path) <= len(f.Path) && slices.Equal(m.Path, f.Path[:len(m.Path)])
		}) {
			all = append(all, m)
		}
	}
	return all
}

// inherit gives each policy with a base what that has, as a tree, so that the fields that the
// policy does not write are those of the base and not the defaults.
func inherit(root *yamltree.Node) (*yamltree.Node, error) {
	list := root.Field("policies")
	if list == nil || list.Kind != yamltree.List {
		return root, nil
	}
	var errs []error
	done := map[string]*yamltree.Node{}
	for i, policy := range list.Items {
		if policy.Kind != yamltree.Mapping {
			continue
		}
		if base := policy.Field("base"); base != nil && base.Kind == yamltree.Text {
			from := done[base.Text]
			if from == nil {
				errs = append(errs, field.In("policies", field.In(field.Index(i),
					field.Errorf("base", "no policy further up is called %q", base.Text))))
				continue
			}
			policy = yamltree.Merge(yamltree.Without(from, "name", "description", "base"), policy)
			next, err := yamltree.Set(root, []string{"policies", field.Index(i)}, policy)
			if err != nil {
				return nil, fmt.Errorf("policy %d: %w", i, err)
			}
			root = next
		}
		if name := policy.Field("name"); name != nil && name.Kind == yamltree.Text {
			done[name.Text] = policy
		}
	}
	return root, errors.Join(errs...)
}
