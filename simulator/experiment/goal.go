package experiment

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/quotasched/quotasched/internal/words"
	"github.com/quotasched/quotasched/internal/yamltree"
	"github.com/quotasched/quotasched/scheduler"
	"github.com/quotasched/quotasched/simulator"
)

// figure names a metric and whose it is: an account's, that of all together, or else that of the
// worst account.
type figure struct {
	text    string
	metric  *goalMetric
	account scheduler.AccountID
	all     bool
	one     bool // it is of account
}

// Goal is a figure and its bound. Make one with ParseGoal.
type Goal struct {
	figure
	bound float64
}

// Objective is a figure that is to be small, or large if more of it is better. Make one with
// ParseObjective.
type Objective struct{ figure }

// ParseGoal reads METRIC@ACCOUNT=BOUND, METRIC@*=BOUND or METRIC=BOUND. The bound is a time with
// its unit, a number, or a share such as 5%.
func ParseGoal(text string) (Goal, error) {
	name, bound, ok := strings.Cut(text, "=")
	if !ok {
		return Goal{}, fmt.Errorf("goal %q: want METRIC@ACCOUNT=BOUND, such as wait_p95@cq=3m", text)
	}
	f, err := parseFigure(strings.TrimSpace(name))
	if err != nil {
		return Goal{}, fmt.Errorf("goal %q: %w", text, err)
	}
	g := Goal{figure: f}
	g.text = text
	if g.bound, err = f.metric.number(strings.TrimSpace(bound)); err != nil {
		return Goal{}, fmt.Errorf("goal %q: %w", text, err)
	}
	return g, nil
}

// ParseObjective reads METRIC@ACCOUNT, METRIC@* or METRIC.
func ParseObjective(text string) (Objective, error) {
	f, err := parseFigure(strings.TrimSpace(text))
	if err != nil {
		return Objective{}, fmt.Errorf("%q: %w", text, err)
	}
	return Objective{f}, nil
}

func parseFigure(text string) (figure, error) {
	name, account, named := strings.Cut(text, "@")
	f := figure{text: text, metric: goalMetricOf(name), account: scheduler.AccountID(account)}
	f.all, f.one = named && account == "*", named && account != "*"
	switch {
	case f.metric == nil:
		var names []string
		for _, m := range goalMetrics {
			names = append(names, m.name)
		}
		return f, fmt.Errorf("there is no metric %q; there are: %s", name, strings.Join(names, ", "))
	case named && f.metric.pool != nil:
		return f, fmt.Errorf("%s is of the whole pool, and of no account", name)
	}
	return f, nil
}

// number reads a bound.
func (m *goalMetric) number(text string) (float64, error) {
	var n float64
	var err error
	switch digits, isPercent := strings.CutSuffix(text, "%"); {
	case m.kind == goalSeconds:
		d, wrong := yamltree.Duration(text)
		n, err = d.Seconds(), wrong
	case m.kind == goalShare && isPercent:
		n, err = strconv.ParseFloat(digits, 64)
		n /= 100
	default:
		n, err = strconv.ParseFloat(text, 64)
	}
	if err != nil || math.IsNaN(n) || math.IsInf(n, 0) || n < 0 {
		want := [...]string{"a time with its unit, such as 3m", "a number", "a share, such as 5%"}
		return 0, fmt.Errorf("%q is not %s", text, want[m.kind])
	}
	return n, nil
}

// UnmarshalTree implements yamltree.Unmarshaler.
func (g *Goal) UnmarshalTree(n *yamltree.Node, d *yamltree.Decoder) {
	parsed, err := ParseGoal(n.Text)
	if n.Kind != yamltree.Text {
		err = errors.New("want METRIC@ACCOUNT=BOUND, such as wait_p95@cq=3m")
	}
	if err != nil {
		d.Wrong(n, "%v", err)
		return
	}
	*g = parsed
}

// JSONSchema implements yamltree.Schemer.
func (*Goal) JSONSchema() (schema, words string) {
	return `{"type": "string", "pattern": "^[a-z0-9_]+(@[^=]*)?="}`,
		"METRIC@ACCOUNT=BOUND, such as `wait_p95@cq=3m`"
}

// UnmarshalTree implements yamltree.Unmarshaler.
func (o *Objective) UnmarshalTree(n *yamltree.Node, d *yamltree.Decoder) {
	parsed, err := ParseObjective(n.Text)
	if n.Kind != yamltree.Text {
		err = errors.New("want METRIC@ACCOUNT, such as lost@*")
	}
	if err != nil {
		d.Wrong(n, "%v", err)
		return
	}
	*o = parsed
}

// JSONSchema implements yamltree.Schemer.
func (*Objective) JSONSchema() (schema, words string) {
	return `{"type": "string", "default": "lost@*"}`, "METRIC@ACCOUNT; `lost@*` without it"
}

// Format writes a number of the metric for people.
func (f *figure) Format(x float64) string {
	switch {
	case math.IsInf(x, 0) || math.IsNaN(x):
		return "never"
	case f.metric.kind == goalSeconds && f.metric.sum:
		return words.Work(x)
	case f.metric.kind == goalSeconds:
		return words.Seconds(x)
	case f.metric.kind == goalShare:
		return fmt.Sprintf("%.3g %%", 100*x)
	}
	return words.Figure(x)
}

// Bound returns the goal's bound for people: "≤ 3.0 min".
func (g *Goal) Bound() string { return g.BoundOf(g.bound) }

// BoundOf returns another bound of the goal for people.
func (g *Goal) BoundOf(bound float64) string {
	if g.metric.atLeast {
		return "≥ " + g.Format(bound)
	}
	return "≤ " + g.Format(bound)
}

// Cost writes what tune.Outcome.Objective says: a figure of which more is better is negative there.
func (o *Objective) Cost(x float64) string {
	if o.metric.atLeast {
		x = -x
	}
	return o.Format(x)
}

// Of returns the figure; sums are multiplied by a factor.
func (f *figure) of(figures *simulator.Figures, factor float64) float64 {
	if !f.metric.sum {
		factor = 1
	}
	if f.metric.pool != nil {
		return factor * f.metric.pool(figures)
	}
	if f.all {
		return factor * f.metric.account(&figures.All)
	}
	worst := math.NaN()
	for i := range figures.Accounts {
		a := &figures.Accounts[i]
		if f.one && a.Account != f.account || !f.one && a.Requests == 0 {
			continue
		}
		x := f.metric.account(a)
		switch {
		case math.IsNaN(worst):
			worst = x
		case f.metric.atLeast:
			worst = min(worst, x)
		default:
			worst = max(worst, x)
		}
	}
	if math.IsNaN(worst) { // nothing was asked for
		return 0
	}
	return factor * worst
}
