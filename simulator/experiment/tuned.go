package experiment

import (
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/quotasched/quotasched/internal/yamltree"
	"github.com/quotasched/quotasched/simulator/tune"
)

// Tuned is what a tuning has come to: everything that its reports show.
type Tuned struct {
	// Name and Description are the experiment's, and Policy is the policy that was tuned.
	Name        string `json:"name"`
	Description string `json:"description"`
	Policy      string `json:"policy"`
	// Goals and Minimize are as they were written.
	Goals    []string `json:"goals"`
	Minimize string   `json:"minimize"`
	// Knobs has the short name of each knob.
	Knobs []string `json:"knobs"`
	// Settings has each knob's value before and after, as the file writes it.
	Settings []Setting `json:"settings"`
	// PolicyText is the policy with the settings, as a file of its own.
	PolicyText string `json:"policy_text"`
	// Seen and Unseen say for people what the search saw and what the verdict is from.
	Seen   string `json:"seen"`
	Unseen string `json:"unseen"`
	// Result is the search.
	Result *tune.Result `json:"result"`
}

// Setting is a value of a knob.
type Setting struct {
	Field  string `json:"field"`
	Before string `json:"before"` // empty if the file does not say
	Value  string `json:"value"`
}

// Tuned sums a search up.
func (t *Tuning) Tuned(r *tune.Result) (*Tuned, error) {
	file := t.experiment.File
	out := &Tuned{Name: file.Name, Description: file.Description, Policy: t.Policy,
		Minimize: t.Minimize.text, Result: r}
	out.Seen, out.Unseen = t.seen()
	for i := range t.Goals {
		out.Goals = append(out.Goals, t.Goals[i].text)
	}
	for i, k := range t.knobs {
		out.Knobs = append(out.Knobs, t.KnobName(i))
		s := Setting{Field: k.Name, Value: k.text(r.Chosen.Point[i])}
		if n := yamltree.Get(t.root, k.path); n != nil && n.Kind < yamltree.List {
			s.Before = n.Text
		}
		out.Settings = append(out.Settings, s)
	}
	var err error
	out.PolicyText, err = t.policyText(r.Chosen.Point)
	return out, err
}

// seen says what the search saw, and what the verdict is from.
func (t *Tuning) seen() (seen, unseen string) {
	file := t.experiment.File
	switch {
	case t.options.World != nil:
		return "the first half of the journal", "the second half of the journal"
	case file.Trace != nil:
		return "the first half of the log", "the second half of the log"
	}
	list := func(part tune.Part) string {
		var seeds []string
		for _, c := range t.cases(part) {
			seeds = append(seeds, fmt.Sprint(c.seed))
		}
		if n := len(seeds); n > 3 {
			return "seeds " + seeds[0] + " to " + seeds[n-1]
		}
		return "seeds " + strings.Join(seeds, ", ")
	}
	return list(tune.Part{Use: tune.Searched, Share: 1}), list(tune.Part{Use: tune.HeldOut, Share: 1})
}

// policyText writes the policy at a point as a file that ParsePolicy reads. Settings that are not
// of the policy stand in comments.
func (t *Tuning) policyText(point []float64) (string, error) {
	root, err := t.tree(point)
	if err != nil {
		return "", err
	}
	policy := yamltree.Get(root, []string{"policies", t.Policy})
	cover := []string{"scheduler", "burst_cover"}
	fromLog := t.experiment.File.Trace != nil && t.options.World == nil
	if fromLog && yamltree.Get(policy, cover) == nil {
		node, err := yamltree.ParseOption("burst_cover", traceBurstCover.String())
		if err != nil {
			return "", err
		}
		if policy, err = yamltree.Set(policy, cover, node); err != nil {
			return "", err
		}
	}
	policy = yamltree.Without(policy, "base", "description", "name")
	text, err := yaml.Marshal(ordered(policy))
	if err != nil {
		return "", err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "# Policy %s of %s, tuned: %s; least %s.\n", t.Policy, t.experiment.File.Name,
		strings.Join(t.goalTexts(), ", "), t.Minimize.text)
	for i, k := range t.knobs {
		if k.path[0] != "policies" {
			fmt.Fprintf(&b, "# Not a part of the policy: --set %s=%s\n", k.Name, k.text(point[i]))
		}
	}
	fmt.Fprintf(&b, "name: %s-tuned\n%s", t.Policy, text)
	return b.String(), nil
}

func (t *Tuning) goalTexts() []string {
	var texts []string
	for i := range t.Goals {
		texts = append(texts, t.Goals[i].text)
	}
	return texts
}

// ordered returns a node as values whose mappings keep their order.
func ordered(n *yamltree.Node) any {
	switch n.Kind {
	case yamltree.Mapping:
		fields := yaml.MapSlice{}
		for _, f := range n.Fields {
			fields = append(fields, yaml.MapItem{Key: f.Name, Value: ordered(f.Value)})
		}
		return fields
	case yamltree.List:
		items := []any{}
		for _, item := range n.Items {
			items = append(items, ordered(item))
		}
		return items
	}
	return n.Any()
}
