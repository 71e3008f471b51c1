package report

import (
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/quotasched/quotasched/internal/words"
	"github.com/quotasched/quotasched/simulator/experiment"
	"github.com/quotasched/quotasched/simulator/tune"
)

// tuned is a tuning with its figures ready to be written.
type tuned struct {
	*experiment.Tuned
	goals     []experiment.Goal
	objective experiment.Objective
}

// newTuned reads the goals again; what does not read as one is an error.
func newTuned(t *experiment.Tuned) (*tuned, error) {
	out := &tuned{Tuned: t}
	for _, text := range t.Goals {
		g, err := experiment.ParseGoal(text)
		if err != nil {
			return nil, err
		}
		out.goals = append(out.goals, g)
	}
	var err error
	out.objective, err = experiment.ParseObjective(t.Minimize)
	return out, err
}

// cost writes a figure of the objective.
func (t *tuned) cost(f tune.Figure) string { return t.objective.Cost(float64(f)) }

// figure writes a figure of a goal.
func (t *tuned) figure(goal int, f tune.Figure) string { return t.goals[goal].Format(float64(f)) }

// lead says in a sentence or two what came out.
func (t *tuned) lead() string {
	r := t.Result
	switch {
	case r.Interrupted && r.Chosen.Share < 1:
		return fmt.Sprintf("Interrupted: these settings are the best ones on windows of %.0f %% of "+
			"the workload; none has been tried on all of it.", 100*r.Chosen.Share)
	case !r.Found && r.Interrupted:
		return "Interrupted: no settings have met all goals so far. These are the closest ones."
	case !r.Found:
		return "These goals cannot be met together, as far as this search can tell. " +
			t.forbidding() + " The settings are the closest ones."
	case r.HeldOut == nil:
		return "Interrupted: these settings meet all goals where the search looked; nobody has " +
			"checked whether they do elsewhere."
	case !r.Met():
		return fmt.Sprintf("These settings meet all goals where the search looked (%s), and miss "+
			"some on %s.", t.Seen, t.Unseen)
	}
	sure := true
	for _, g := range r.HeldOut.Goals {
		sure = sure && g.Status == tune.Met
	}
	if sure {
		return fmt.Sprintf("All goals are met on %s, which the search never saw, with 95 %% "+
			"confidence.", t.Unseen)
	}
	return fmt.Sprintf("All goals are met on %s, which the search never saw; for those that are "+
		"likely met, chance may still decide.", t.Unseen)
}

// forbidding names the goals that forbid it.
func (t *tuned) forbidding() string {
	var names []string
	for i, l := range t.Result.Limits {
		if l.Forbids {
			names = append(names, fmt.Sprintf("%s (with the others met, it is %s at best; alone, "+
				"%s)", t.Goals[i], t.figure(i, l.WithOthers), t.figure(i, l.Best)))
		}
	}
	switch len(names) {
	case 0:
		return "No single goal forbids it: two or more do."
	case 1:
		return "The goal that forbids it: " + names[0] + "."
	}
	return "Each of these goals forbids it, as without it the others are met: " +
		strings.Join(names, "; ") + "."
}

// TunedText writes a tuning for people.
func TunedText(out io.Writer, of *experiment.Tuned) error {
	t, err := newTuned(of)
	if err != nil {
		return err
	}
	r := t.Result
	var b strings.Builder
	fmt.Fprintf(&b, "%s: settings for policy %s, with the least %s\n", t.Name, t.Policy, t.Minimize)
	fmt.Fprintf(&b, "%s; searched on %s\n\n", t.effort(), t.Seen)
	fmt.Fprintf(&b, "%s\n\n%s", words.Wrap(t.lead(), words.Columns), t.goalTable().text())
	if r.HeldOut != nil {
		fmt.Fprintf(&b, "\nnew: on %s; before: the settings of the file, there.\n", t.Unseen)
	}
	fmt.Fprintf(&b, "\n%s", t.settingTable().text())
	if len(r.Effects) > 0 {
		b.WriteString("\nmatters: the largest change of a figure if the knob moves by a tenth of " +
			"its range.\n")
	}
	if len(r.Points) > 0 {
		fmt.Fprintf(&b, "\nWhat other bounds would cost, all other goals met, on %s:\n\n%s",
			t.Seen, t.frontierTable().text())
		if note := t.dearer(); note != "" {
			fmt.Fprintf(&b, "\n%s\n", words.Wrap(note, words.Columns))
		}
	}
	_, err = io.WriteString(out, trimLines(b.String()))
	return err
}

// effort says what the search has cost.
func (t *tuned) effort() string {
	text := fmt.Sprintf("%s runs, seed %d", words.Number(int64(math.Round(t.Result.Runs))),
		t.Result.Seed)
	if t.Result.Starts > 1 {
		text += fmt.Sprintf(", %s starts", words.Number(t.Result.Starts))
	}
	return text
}

// goalTable has a row for each goal, and one for the objective.
func (t *tuned) goalTable() *plainTable {
	r := t.Result
	if r.HeldOut == nil {
		table := &plainTable{Header: []string{"goal", "bound", "searched"}}
		for i := range t.goals {
			table.row(t.name(i), t.goals[i].Bound(), t.figure(i, r.Chosen.Goals[i]))
		}
		table.row(t.Minimize, "the least", t.cost(r.Chosen.Objective))
		return table
	}
	table := &plainTable{Header: []string{"goal", "bound", "before", "searched", "new",
		"95 % interval", "met in", "verdict"}}
	for i := range t.goals {
		v := &r.HeldOut.Goals[i]
		before := ""
		if r.Before != nil {
			before = t.figure(i, r.Before.Goals[i].Mean)
		}
		table.row(t.name(i), t.goals[i].Bound(), before, t.figure(i, r.Chosen.Goals[i]),
			t.figure(i, v.Mean), t.interval(i, v), fmt.Sprintf("%d of %d", v.CasesMet, v.Of),
			string(v.Status))
	}
	before := ""
	if r.Before != nil {
		before = t.cost(r.Before.Objective)
	}
	table.row(t.Minimize, "the least", before, t.cost(r.Chosen.Objective), t.cost(r.HeldOut.Objective))
	return table
}

// name is a goal without its bound.
func (t *tuned) name(i int) string {
	name, _, _ := strings.Cut(t.Goals[i], "=")
	return name
}

// interval writes the confidence interval.
func (t *tuned) interval(i int, v *tune.GoalVerdict) string {
	if v.Of < 2 {
		return "one run"
	}
	return t.figure(i, max(v.Low, 0)) + " to " + t.figure(i, v.High)
}

// settingTable has a row for each knob.
func (t *tuned) settingTable() *plainTable {
	r := t.Result
	table := &plainTable{Header: []string{"setting", "before", "now", "range", "matters", "for"}}
	for i := range r.Knobs {
		k := &r.Knobs[i]
		from, to := experiment.KnobText(k, k.From), experiment.KnobText(k, k.To)
		size, on := "", ""
		if len(r.Effects) > 0 {
			size, on = t.effect(&r.Effects[i])
		}
		table.row(t.Knobs[i], t.Settings[i].Before, t.Settings[i].Value, from+" to "+to, size, on)
	}
	return table
}

// effect says how much a knob matters, and for what.
func (t *tuned) effect(e *tune.Effect) (size, on string) {
	switch {
	case !e.Matters():
		return "no", ""
	case e.On < 0:
		on = t.Minimize
	default:
		on = t.name(e.On)
	}
	return fmt.Sprintf("%.0f %%", 100*float64(e.Size)), on
}

// dearer says why the settings are not the least of the frontier for their bounds; empty if they
// are.
func (t *tuned) dearer() string {
	least := math.Inf(1)
	for _, step := range t.Result.Frontier {
		if float64(step.Bound) == t.Result.Goals[step.Goal].Bound {
			least = min(least, float64(step.Objective))
		}
	}
	if c := t.Result.Chosen; t.Result.HeldOut == nil || !(float64(c.Objective) > least) {
		return ""
	}
	return fmt.Sprintf("The settings above come to %s there, and not to %s: what comes to less did "+
		"not meet all goals, with a margin, on other seeds, which the search does not see.",
		t.cost(t.Result.Chosen.Objective), t.cost(tune.Figure(least)))
}

// frontierTable says what other bounds of each goal would cost.
func (t *tuned) frontierTable() *plainTable {
	r := t.Result
	table := &plainTable{Header: []string{"goal", "bound", "least " + t.Minimize, "change"}}
	at := map[int]tune.Figure{} // by goal: the cost at its own bound
	for _, step := range r.Frontier {
		if float64(step.Bound) == r.Goals[step.Goal].Bound {
			at[step.Goal] = step.Objective
		}
	}
	for _, step := range r.Frontier {
		cost, change := "cannot be met", ""
		if !math.IsInf(float64(step.Objective), 0) {
			cost = t.cost(step.Objective)
			if from := at[step.Goal]; from != step.Objective && !math.IsInf(float64(from), 0) {
				change = words.Change(float64(from), float64(step.Objective))
			}
		}
		table.row(t.name(step.Goal), t.goals[step.Goal].BoundOf(float64(step.Bound)), cost, change)
	}
	return table
}
