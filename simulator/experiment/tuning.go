package experiment

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/quotasched/quotasched/internal/field"
	"github.com/quotasched/quotasched/internal/nearest"
	"github.com/quotasched/quotasched/internal/yamltree"
	"github.com/quotasched/quotasched/scheduler"
	"github.com/quotasched/quotasched/simulator"
	"github.com/quotasched/quotasched/simulator/tune"
)

// TuneOptions say what to tune. Goals, Knobs and Minimize take the place of those of the file where
// they are not empty.
type TuneOptions struct {
	// Policy is the name of the policy; empty for the one that the knobs name, or the only one that
	// has accounts.
	Policy   string
	Goals    []Goal
	Knobs    []Knob
	Minimize *Objective
	// Parallel is how many runs go at once, as in RunOptions.
	Parallel int
	// Selecting is how many cases choose among the best settings of a made-up workload, and HeldOut
	// how many the verdict has; 0 means 10 each.
	Selecting, HeldOut int
	// World, if not nil, takes the place of the experiment's workload and fleet.
	World *World
}

// World is where policies are tried out, other than a simulation of the experiment: a journal.
type World struct {
	// Accounts are those that submit something.
	Accounts []scheduler.AccountID
	// Cases returns how many cases there are of a part.
	Cases func(tune.Part) int
	// Measure returns the figures of a policy in a case of a part. Several calls go at once. Sums
	// among the figures are multiplied by the factor.
	Measure func(ctx context.Context, p *PolicyFile, part tune.Part, number int) (
		figures *simulator.Figures, factor float64, err error)
}

// Tuning is an experiment whose settings are searched for. It is a tune.Problem whose cases are:
//
//	                  search                          select          held out
//	made-up workload  the file's seeds, and more up   10 more seeds   10 more seeds
//	                  to six; of a share, each
//	                  another window
//	log               the first half; of a share,     4 quarters      the second half, and its
//	                  two windows or one a seed       of it           5 fifths for the confidence
type Tuning struct {
	// Policy is the name of the policy, Goals are its goals and Minimize is what is to be small.
	Policy   string
	Goals    []Goal
	Minimize Objective

	experiment *Experiment
	options    TuneOptions
	root       *yamltree.Node // of the file, with bases written out
	knobs      []*tunable
	shelf      *caseShelf // nil with a World
}

// Tuning prepares a search. The experiment must come from Load. Errors are mistakes in the file.
func (e *Experiment) Tuning(o TuneOptions) (*Tuning, error) {
	t := &Tuning{experiment: e, options: o, Goals: e.File.Goals, Minimize: e.File.Minimize}
	if e.loader == nil && o.World == nil {
		return nil, errors.New("the experiment was not loaded")
	}
	if len(o.Goals) > 0 {
		t.Goals = o.Goals
	}
	if o.Minimize != nil {
		t.Minimize = *o.Minimize
	}
	if len(t.Goals) == 0 {
		return nil, errors.New("there is no goal; the file's field goals has them, or --goal")
	}
	var err error
	if t.root, err = inherit(e.root); err != nil {
		return nil, err
	}
	knobs := e.File.Knobs
	if len(o.Knobs) > 0 {
		knobs = o.Knobs
	}
	if err := t.choosePolicy(knobs); err != nil {
		return nil, err
	}
	if err := t.checkAccounts(); err != nil {
		return nil, err
	}
	if err := t.findKnobs(knobs); err != nil {
		return nil, err
	}
	if o.World != nil {
		return t, nil
	}
	all := e.loader.first.Workload.Submissions
	if all[len(all)-1].Submit == all[0].Submit {
		return nil, errors.New("all of the workload is submitted at one moment; want some time")
	}
	t.shelf = newCaseShelf(e)
	return t, nil
}

// choosePolicy finds out which policy is meant.
func (t *Tuning) choosePolicy(knobs []Knob) error {
	var names, withAccounts []string
	for i := range t.experiment.File.Policies {
		p := &t.experiment.File.Policies[i]
		names = append(names, p.Name)
		if p.Builtin == "" {
			withAccounts = append(withAccounts, p.Name)
		}
	}
	t.Policy = t.options.Policy
	for i := range knobs {
		path, err := yamltree.ParsePath(knobs[i].Field)
		if err != nil || t.Policy != "" || len(path) < 3 || path[0] != "policies" {
			continue
		}
		if owner := yamltree.Get(t.root, path[:2]); owner != nil && owner.Field("name") != nil {
			t.Policy = owner.Field("name").Text
		}
	}
	switch {
	case t.Policy == "" && len(withAccounts) == 1:
		t.Policy = withAccounts[0]
	case t.Policy == "" && len(names) == 1:
		t.Policy = names[0]
	case t.Policy == "":
		return fmt.Errorf("which policy is to be tuned? There are: %s", strings.Join(names, ", "))
	case !slices.Contains(names, t.Policy):
		return fmt.Errorf("there is no policy %q; there are: %s", t.Policy, strings.Join(names, ", "))
	}
	return nil
}

// policy returns the policy in a file.
func (t *Tuning) policy(f *File) *Policy {
	return &f.Policies[slices.IndexFunc(f.Policies, func(p Policy) bool { return p.Name == t.Policy })]
}

// checkAccounts returns an error for a goal whose account nobody knows.
func (t *Tuning) checkAccounts() error {
	var names []string
	var ids []scheduler.AccountID
	if t.options.World != nil {
		ids = t.options.World.Accounts
	} else {
		ids = t.experiment.loader.first.accounts
	}
	for _, id := range ids {
		names = append(names, string(id))
	}
	figures := []*figure{&t.Minimize.figure}
	for i := range t.Goals {
		figures = append(figures, &t.Goals[i].figure)
	}
	for _, f := range figures {
		if f.one && !slices.Contains(names, string(f.account)) {
			err := fmt.Errorf("%s: nothing is submitted by an account %q", f.text, f.account)
			if like := nearest.Word(string(f.account), names); like != "" {
				err = fmt.Errorf("%w; was %s meant?", err, like)
			}
			return err
		}
	}
	return nil
}

// findKnobs makes the knobs, and tries both ends of each.
func (t *Tuning) findKnobs(knobs []Knob) error {
	var mistakes yamltree.Mistakes
	file, _ := decode(t.root)
	if len(knobs) == 0 {
		t.knobs = builtinKnobs(t.policy(file))
	}
	for i := range knobs {
		k, err := knobs[i].tunable(t.root, t.Policy)
		if err == nil && t.options.World != nil && k.path[0] != "policies" {
			err = field.Errorf("field", "%s does not change what a journal has recorded",
				knobs[i].Field)
		}
		if err == nil && slices.ContainsFunc(t.knobs, func(o *tunable) bool {
			return slices.Equal(o.path, k.path)
		}) {
			err = field.Errorf("field", "%s is another knob already", knobs[i].Field)
		}
		if err != nil {
			err = field.In("knobs", field.In(field.Index(i), err))
			mistakes = append(mistakes, yamltree.Locate(t.root, err)...)
			continue
		}
		t.knobs = append(t.knobs, k)
		for _, end := range []*yamltree.Node{knobs[i].From, knobs[i].To} {
			tree, err := yamltree.Set(t.root, k.path, end)
			if err != nil {
				return field.In("knobs", field.In(field.Index(i), field.In("field", err)))
			}
			_, wrong := decode(tree)
			mistakes = append(mistakes, wrong...)
		}
	}
	if len(mistakes) == 0 && len(t.knobs) == 0 {
		return fmt.Errorf("policy %s has nothing to tune; name knobs", t.Policy)
	}
	return mistakes.Err()
}

// Problem returns the search as package tune takes it.
func (t *Tuning) Problem() *tune.Problem {
	p := &tune.Problem{Evaluate: t.evaluate, Cases: func(part tune.Part) int {
		return t.caseCount(part)
	}}
	for _, k := range t.knobs {
		p.Knobs = append(p.Knobs, k.Knob)
	}
	for i := range t.Goals {
		g := &t.Goals[i]
		p.Goals = append(p.Goals, tune.Goal{Name: g.text, Bound: g.bound, AtLeast: g.metric.atLeast})
	}
	return p
}

// tree returns the file with the knobs at a point; nil leaves it as it is.
func (t *Tuning) tree(point []float64) (*yamltree.Node, error) {
	root := t.root
	for i, value := range point {
		var err error
		if root, err = t.knobs[i].set(root, value); err != nil {
			return nil, err
		}
	}
	return root, nil
}

// evaluate runs points in the cases of a part.
func (t *Tuning) evaluate(ctx context.Context, part tune.Part, points [][]float64) (
	[][]tune.Outcome, error) {
	outcomes := make([][]tune.Outcome, len(points))
	var trials []trial
	for i, point := range points {
		root, err := t.tree(point)
		if err != nil {
			return nil, err
		}
		file, mistakes := decode(root)
		if len(mistakes) > 0 {
			return nil, fmt.Errorf("with %s: %w", t.Settings(point), mistakes.Err())
		}
		outcomes[i] = make([]tune.Outcome, t.caseCount(part))
		for j := range outcomes[i] {
			trials = append(trials, trial{file, part, j, &outcomes[i][j]})
		}
	}
	return outcomes, t.runAll(ctx, trials)
}

// Settings writes the values of a point: "cq.rates.p0 = 20, fleet.total = 90".
func (t *Tuning) Settings(point []float64) string {
	if point == nil {
		return "the settings of the file"
	}
	var parts []string
	for i, value := range point {
		parts = append(parts, t.KnobName(i)+" = "+t.KnobText(i, value))
	}
	return strings.Join(parts, ", ")
}

// KnobName is the short name of a knob: without policies and the policy's name.
func (t *Tuning) KnobName(i int) string {
	path := t.knobs[i].path
	if path[0] == "policies" {
		path = path[2:]
	}
	if path[0] == "accounts" && len(path) > 1 {
		path = path[1:]
	}
	return field.Path(path)
}

// KnobText writes a value of a knob as its field takes it.
func (t *Tuning) KnobText(i int, value float64) string {
	if math.IsNaN(value) {
		return ""
	}
	return t.knobs[i].text(value)
}

// Describe says in a line what a point comes to.
func (t *Tuning) Describe(m *tune.Measured) string {
	parts := []string{t.Minimize.text + " " + t.Minimize.Cost(float64(m.Objective))}
	for i := range t.Goals {
		name, _, _ := strings.Cut(t.Goals[i].text, "=")
		parts = append(parts, name+" "+t.Goals[i].Format(float64(m.Goals[i])))
	}
	return strings.Join(parts, ", ")
}
