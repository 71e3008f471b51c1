package tune

import (
	"fmt"
	"math"
	"strconv"
)

// Knob is something that can be set to a number in a range.
type Knob struct {
	// Name is for people, such as the path of a field.
	Name string `json:"name"`
	// From and To are the ends of its range, From < To. If Log is set, 0 < From.
	From float64 `json:"from"`
	To   float64 `json:"to"`
	// Log says that equal factors are equal steps; else equal differences are.
	Log bool `json:"log"`
	// Whole says that it takes whole numbers only, such as numbers of workers.
	Whole bool `json:"whole"`
	// Seconds says that it is a time.
	Seconds bool `json:"seconds"`
	// Start is where it stands at the beginning; NaN if that is not known. A start outside of the
	// range counts as the next end of it.
	Start float64 `json:"-"`
}

// validate returns an error that says what is wrong with the range.
func (k *Knob) validate() error {
	switch {
	case !(k.From < k.To) || math.IsInf(k.From, 0) || math.IsInf(k.To, 0):
		return fmt.Errorf("knob %s: %v to %v is no range", k.Name, k.From, k.To)
	case k.Log && k.From <= 0:
		return fmt.Errorf("knob %s: a logarithmic range begins above 0", k.Name)
	case k.Whole && math.Floor(k.To) < math.Ceil(k.From):
		return fmt.Errorf("knob %s: there is no whole number from %v to %v", k.Name, k.From, k.To)
	}
	return nil
}

// value returns what the knob is set to at a place in its range, from 0 to 1, rounded.
func (k *Knob) value(unit float64) float64 {
	v := k.From + unit*(k.To-k.From)
	if k.Log {
		v = k.From * math.Pow(k.To/k.From, unit)
	}
	return k.rounded(v)
}

// rounded returns a value as people are told it: whole, or with three digits, and in the range.
func (k *Knob) rounded(v float64) float64 {
	if k.Whole {
		return max(math.Ceil(k.From), min(math.Floor(k.To), math.Round(v)))
	}
	v, _ = strconv.ParseFloat(strconv.FormatFloat(v, 'g', 3, 64), 64)
	if k.Seconds && v > 10 {
		v = math.Round(v)
	}
	return max(k.From, min(k.To, v))
}

// unit returns the place of a value in the range, from 0 to 1.
func (k *Knob) unit(value float64) float64 {
	u := (value - k.From) / (k.To - k.From)
	if k.Log {
		u = math.Log(max(value, k.From)/k.From) / math.Log(k.To/k.From)
	}
	return max(0, min(1, u))
}

// step returns the least step in the unit range that makes another value.
func (k *Knob) step() float64 {
	if k.Whole && k.Log {
		return math.Log((k.To)/(k.To-1)) / math.Log(k.To/k.From)
	}
	if k.Whole {
		return 1 / (k.To - k.From)
	}
	return 0.01
}

// start returns where the knob stands at the beginning, and its middle if that is not known.
func (k *Knob) start() float64 {
	if math.IsNaN(k.Start) {
		return 0.5
	}
	return k.unit(k.Start)
}
