package experiment

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/quotasched/quotasched/internal/field"
	"github.com/quotasched/quotasched/internal/yamltree"
	"github.com/quotasched/quotasched/simulator/tune"
)

// ParseKnob reads a knob of a command line: PATH=FROM..TO, with ",log" and ",whole" after it if
// wanted. Mistakes are shown with the option's name.
func ParseKnob(option, text string) (Knob, error) {
	wrong := func() (Knob, error) {
		return Knob{}, fmt.Errorf("%s %q: want PATH=FROM..TO, such as "+
			"policies.quota.accounts.cq.rates.p0=5..80,log", option, text)
	}
	path, rest, ok := strings.Cut(text, "=")
	if !ok {
		return wrong()
	}
	k := Knob{Field: strings.TrimSpace(path)}
	parts := strings.Split(rest, ",")
	for _, word := range parts[1:] {
		switch strings.TrimSpace(word) {
		case "log":
			k.Scale = Log
		case "linear":
			k.Scale = Linear
		case "whole":
			k.Whole = true
		default:
			return wrong()
		}
	}
	from, to, ok := strings.Cut(parts[0], "..")
	if !ok {
		return wrong()
	}
	var err error
	if k.From, err = yamltree.ParseOption(option+" "+text, strings.TrimSpace(from)); err == nil {
		k.To, err = yamltree.ParseOption(option+" "+text, strings.TrimSpace(to))
	}
	return k, err
}

// tunable is a knob whose path is known.
type tunable struct {
	tune.Knob
	path []string
}

// alwaysWhole are the last parts of paths whose values are whole numbers.
var alwaysWhole = []string{"total", "max_fanout", "count"}

// tunable makes a knob of a field of a policy, or of what all policies have. Errors are of package
// field.
func (k *Knob) tunable(root *yamltree.Node, policy string) (*tunable, error) {
	t := &tunable{Knob: tune.Knob{Name: k.Field, Log: k.Scale == Log, Whole: k.Whole,
		Start: math.NaN()}}
	var err error
	if t.path, err = yamltree.ParsePath(k.Field); err != nil {
		return nil, field.In("field", err)
	}
	switch t.path[0] {
	case "policies":
		if len(t.path) < 3 {
			return nil, field.Errorf("field", "%s is no field of a policy", k.Field)
		}
		owner := yamltree.Get(root, t.path[:2])
		if owner == nil || owner.Field("name") == nil || owner.Field("name").Text != policy {
			return nil, field.Errorf("field", "%s is not a field of policy %s, which is tuned",
				k.Field, policy)
		}
	case "fleet", "timing":
	default:
		return nil, field.Errorf("field", "%s cannot be tuned: want a field of a policy, of the "+
			"fleet or of timing", k.Field)
	}
	if k.Scale != "" && k.Scale != Linear && k.Scale != Log {
		return nil, field.Errorf("scale", "%q is neither linear nor log", k.Scale)
	}
	last := t.path[len(t.path)-1]
	t.Whole = t.Whole || slices.Contains(alwaysWhole, last) ||
		slices.Contains(t.path, "label_limits")
	var fromSeconds, toSeconds bool
	if t.From, fromSeconds, err = quantity(k.From); err != nil {
		return nil, field.In("from", err)
	}
	if t.To, toSeconds, err = quantity(k.To); err != nil {
		return nil, field.In("to", err)
	}
	t.Seconds = fromSeconds
	switch {
	case fromSeconds != toSeconds:
		return nil, field.Errorf("to", "from is a time and to a number, or the other way round")
	case t.From >= t.To:
		return nil, field.Errorf("to", "%s is not above %s", k.To, k.From)
	case t.Log && t.From <= 0:
		return nil, field.Errorf("from", "a logarithmic range begins above 0")
	case t.Whole && math.Floor(t.To) <= math.Ceil(t.From):
		return nil, field.Errorf("to", "there are not two whole numbers from %s to %s", k.From, k.To)
	}
	if n := yamltree.Get(root, t.path); n != nil {
		if start, isSeconds, err := quantity(n); err == nil && isSeconds == t.Seconds {
			t.Start = start
		}
	}
	return t, nil
}

// quantity reads a number, or a duration as seconds.
func quantity(n *yamltree.Node) (x float64, seconds bool, err error) {
	if n.Kind == yamltree.Number {
		x, err = strconv.ParseFloat(n.Text, 64)
	} else {
		var d time.Duration
		d, err = yamltree.Duration(n.Text)
		x, seconds = d.Seconds(), true
	}
	if err != nil || n.Kind == yamltree.List || n.Kind == yamltree.Mapping || math.IsNaN(x) ||
		math.IsInf(x, 0) {
		return 0, false, errors.New("want a number or a duration")
	}
	return x, seconds, nil
}

// text writes a value as the field takes it.
func (t *tunable) text(value float64) string { return KnobText(&t.Knob, value) }

// KnobText writes a value of a knob as its field takes it: 90s, 1h30m, 12.5.
func KnobText(k *tune.Knob, value float64) string {
	if !k.Seconds {
		return strconv.FormatFloat(value, 'f', -1, 64)
	}
	d := time.Duration(math.Round(value*1000)) * time.Millisecond
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// set returns the tree with the knob at a value.
func (t *tunable) set(root *yamltree.Node, value float64) (*yamltree.Node, error) {
	node, err := yamltree.ParseOption("knob "+t.Name, t.text(value))
	if err != nil {
		return nil, err
	}
	return yamltree.Set(root, t.path, node)
}
