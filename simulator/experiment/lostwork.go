package experiment

import (
	"errors"
	"time"

	"github.com/quotasched/quotasched/internal/field"
	"github.com/quotasched/quotasched/internal/yamltree"
	"github.com/quotasched/quotasched/scheduler"
)

// LostWork is how much work of another request a request at each level may destroy by preemption.
type LostWork struct {
	// Levels has the limits.
	Levels LostWorkLevels
}

// LostWorkLevels has a limit of lost work for each level; a negative one is none.
type LostWorkLevels struct {
	// P0 is the limit of requests at the best level.
	P0 time.Duration `yaml:"p0"`
	// P1 is the limit of requests at the second level.
	P1 time.Duration `yaml:"p1"`
	// P2 is the limit of requests at the third level.
	P2 time.Duration `yaml:"p2"`
	// P3 is the limit of requests at the fourth level.
	P3 time.Duration `yaml:"p3"`
	// P4 is the limit of requests at the last level that is paid for.
	P4 time.Duration `yaml:"p4"`
}

// SetDefaults implements yamltree.Defaulter.
func (l *LostWorkLevels) SetDefaults() { *l = lostWorkOf(scheduler.DefaultMaxLostWork) }

// lostWorkOf returns the same limit for all levels.
func lostWorkOf(d time.Duration) LostWorkLevels {
	return LostWorkLevels{P0: d, P1: d, P2: d, P3: d, P4: d}
}

// list returns the limits in order of priority.
func (l *LostWorkLevels) list() [scheduler.NumPriorities]time.Duration {
	return [...]time.Duration{l.P0, l.P1, l.P2, l.P3, l.P4}
}

// UnmarshalTree implements yamltree.Unmarshaler: one duration for all levels, or one for each.
func (l *LostWork) UnmarshalTree(n *yamltree.Node, d *yamltree.Decoder) {
	if n.Kind == yamltree.Mapping {
		l.Levels.SetDefaults()
		d.Decode(n, &l.Levels)
		return
	}
	var all time.Duration
	d.Decode(n, &all)
	l.Levels = lostWorkOf(all)
}

// JSONSchema implements yamltree.Schemer.
func (*LostWork) JSONSchema() (schema, words string) {
	return `{"anyOf": [{"$ref": "#/$defs/duration"}, {"type": "object",
			"additionalProperties": false, "properties": {
				"p0": {"$ref": "#/$defs/duration"}, "p1": {"$ref": "#/$defs/duration"},
				"p2": {"$ref": "#/$defs/duration"}, "p3": {"$ref": "#/$defs/duration"},
				"p4": {"$ref": "#/$defs/duration"}}}], "default": "10m"}`,
		"a duration for all levels (`10m` by default), or one for each, such as `{p0: 10m, p4: 1m}`"
}

// validate returns an error of package field for each mistake.
func (l *LostWork) validate() error {
	var errs []error
	for p, d := range l.Levels.list() {
		errs = append(errs, field.In(string(levels[p]), inRange(d, -durationMax)))
	}
	return errors.Join(errs...)
}

// limits returns the limits as the scheduler takes them, in which 0 stands for the default.
func (l *LostWork) limits() (out [scheduler.NumPriorities]time.Duration) {
	for p, d := range l.Levels.list() {
		out[p] = leastForNone(d)
	}
	return out
}

// leastForNone returns a duration as the scheduler takes it: the least that there is takes the
// place of none, as 0 stands for a default there.
func leastForNone(d time.Duration) time.Duration {
	if d == 0 {
		return time.Nanosecond
	}
	return d
}
