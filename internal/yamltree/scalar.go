package yamltree

import (
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// scalar fills a text, number or boolean.
func (d *Decoder) scalar(n *Node, v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		switch n.Kind {
		case Text:
			v.SetString(n.Text)
		case Bool, Number:
			d.Wrong(n, "%s is %v, want a text: put it in quotes", n.Text, n.Kind)
		default:
			d.want(n, Text)
		}
	case reflect.Bool:
		if d.wantScalar(n, Bool) {
			v.SetBool(n.value.(bool))
		}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		d.integer(n, v)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		d.unsigned(n, v)
	case reflect.Float32, reflect.Float64:
		if f, ok := d.number(n); ok {
			v.SetFloat(f)
		}
	case reflect.Interface:
		if v.NumMethod() == 0 {
			v.Set(reflect.ValueOf(n.Any()))
			return
		}
		fallthrough
	default:
		d.Wrong(n, "a %v cannot be read from a text", v.Type())
	}
}

// wantScalar is want, with the text of what is there instead.
func (d *Decoder) wantScalar(n *Node, kind Kind) bool {
	if n.Kind == Text {
		d.Wrong(n, "%q is a text, want %v", shorten(n.Text), kind)
		return false
	}
	return d.want(n, kind)
}

// shorten cuts a long text for a message.
func shorten(s string) string {
	const most = 40
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "..."
	}
	return s
}

// integer fills a whole number.
func (d *Decoder) integer(n *Node, v reflect.Value) {
	if !d.wantScalar(n, Number) {
		return
	}
	switch x := n.value.(type) {
	case int64:
		if !v.OverflowInt(x) {
			v.SetInt(x)
			return
		}
	case uint64:
		if x <= math.MaxInt64 && !v.OverflowInt(int64(x)) {
			v.SetInt(int64(x))
			return
		}
	default:
		d.Wrong(n, "%s is not a whole number", n.Text)
		return
	}
	d.Wrong(n, "%s is out of range", n.Text)
}

// unsigned fills a whole number that is not negative.
func (d *Decoder) unsigned(n *Node, v reflect.Value) {
	if !d.wantScalar(n, Number) {
		return
	}
	var x uint64
	switch value := n.value.(type) {
	case int64:
		if value < 0 {
			d.Wrong(n, "%s is negative", n.Text)
			return
		}
		x = uint64(value)
	case uint64:
		x = value
	default:
		d.Wrong(n, "%s is not a whole number", n.Text)
		return
	}
	if v.OverflowUint(x) {
		d.Wrong(n, "%s is out of range", n.Text)
		return
	}
	v.SetUint(x)
}

// number returns a finite number.
func (d *Decoder) number(n *Node) (float64, bool) {
	if !d.wantScalar(n, Number) {
		return 0, false
	}
	var x float64
	switch value := n.value.(type) {
	case int64:
		x = float64(value)
	case uint64:
		x = float64(value)
	case float64:
		x = value
	}
	if math.IsNaN(x) || math.IsInf(x, 0) {
		d.Wrong(n, "%s is not a finite number", n.Text)
		return 0, false
	}
	return x, true
}

// Duration reads a duration as Go writes it (90s, 10m, 1h30m), with days (d, 24 hours) and weeks
// (w) as further units: 7d, 1d12h.
func Duration(text string) (time.Duration, error) {
	wrong := fmt.Errorf("%q is not a duration such as 90s, 10m, 1h30m or 7d", shorten(text))
	rest, negative := strings.CutPrefix(text, "-")
	var sum time.Duration
	long := false // there were days or weeks
	for _, unit := range []struct {
		name string
		is   time.Duration
	}{{"w", 7 * 24 * time.Hour}, {"d", 24 * time.Hour}} {
		number, after, found := strings.Cut(rest, unit.name)
		if !found {
			continue
		}
		x, err := strconv.ParseFloat(number, 64)
		if err != nil || strings.Trim(number, "0123456789.") != "" {
			return 0, wrong
		}
		if x *= float64(unit.is); x > math.MaxInt64/4 {
			return 0, fmt.Errorf("%q is too long", shorten(text))
		}
		sum, rest, long = sum+time.Duration(x), after, true
	}
	if rest != "" || !long {
		if strings.HasPrefix(rest, "-") || strings.HasPrefix(rest, "+") {
			return 0, wrong
		}
		clock, err := time.ParseDuration(rest)
		if err != nil {
			return 0, wrong
		}
		if clock > math.MaxInt64/2 {
			return 0, fmt.Errorf("%q is too long", shorten(text))
		}
		sum += clock
	}
	if negative {
		sum = -sum
	}
	return sum, nil
}

func (d *Decoder) duration(n *Node, v reflect.Value) {
	if n.Kind == Number && n.Text != "0" {
		d.Wrong(n, "%s has no unit: write a duration such as 90s, 10m, 1h30m or 7d", n.Text)
		return
	}
	if n.Kind != Number && !d.want(n, Text) {
		return
	}
	value, err := Duration(n.Text)
	if err != nil {
		d.Wrong(n, "%w", err)
		return
	}
	v.SetInt(int64(value))
}

func (d *Decoder) time(n *Node, v reflect.Value) {
	if !d.want(n, Text) {
		return
	}
	for _, layout := range []string{time.RFC3339, time.DateTime, "2006-01-02 15:04",
		time.DateOnly} {
		if t, err := time.Parse(layout, n.Text); err == nil {
			v.Set(reflect.ValueOf(t.UTC()))
			return
		}
	}
	d.Wrong(n, "%q is not a time such as 2026-01-05 or 2026-01-05T08:00:00Z", shorten(n.Text))
}
