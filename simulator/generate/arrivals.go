package generate

import (
	"fmt"
	"time"

	"github.com/quotasched/quotasched/internal/field"
	"github.com/quotasched/quotasched/internal/words"
)

// Arrivals come at random times, each on its own, at a rate that changes over days and weeks.
type Arrivals struct {
	// PerDay is how many come on an ordinary day: one whose factor is 1, without rushes and
	// bursts. 0 for none; at most 1,000,000.
	PerDay float64 `yaml:"per_day,omitempty" json:"per_day,omitempty"`
	// Shape is the course over days and weeks: flat, working-hours, waking-hours or nights. Empty
	// means flat.
	Shape Shape `yaml:"shape,omitempty" json:"shape,omitempty"`
	// Hours are 24 factors, for the hours of a day from midnight, in place of the shape's. Only
	// their proportions count: PerDay says how many there are.
	Hours []float64 `yaml:"hours,omitempty" json:"hours,omitempty"`
	// Days are 7 factors, for the days of a week from Monday, in place of the shape's. On a day
	// of factor 0.5 half of PerDay arrive.
	Days []float64 `yaml:"days,omitempty" json:"days,omitempty"`
	// Rushes are known times at which more come, or less. Where they meet, their factors are
	// multiplied.
	Rushes []Rush `yaml:"rushes,omitempty" json:"rushes,omitempty"`
	// Bursts are times at which more come, and nobody knows when.
	Bursts []Burst `yaml:"bursts,omitempty" json:"bursts,omitempty"`
}

// Rush is a time of the day at which more arrivals come, such as the afternoon before a release.
type Rush struct {
	// Days are mon, tue and so on. None means every day.
	Days []string `yaml:"days,omitempty" json:"days,omitempty"`
	// From is the time of these days at which it begins, such as "14:00". Empty means midnight.
	From TimeOfDay `yaml:"from,omitempty" json:"from,omitempty"`
	// To is the time at which it ends, such as "18:00". Empty means the end of the day, "24:00".
	To TimeOfDay `yaml:"to,omitempty" json:"to,omitempty"`
	// Factor is how much more: 2 for twice as many, 0 for none; at most 1,000.
	Factor float64 `yaml:"factor" json:"factor"`
}

// Burst is something that happens now and then, at random times of day and night, and lets more
// arrivals come for a while, such as a breakage that everybody tests fixes for.
type Burst struct {
	// PerWeek is how often it happens, on average; more than 0, and at most 1,000.
	PerWeek float64 `yaml:"per_week" json:"per_week"`
	// Length is how long it lasts; at least a second. All of them together must last for less than
	// the week.
	Length time.Duration `yaml:"length" json:"length"`
	// Factor is how much more comes in this time: 5 for five times as many; at most 1,000.
	Factor float64 `yaml:"factor" json:"factor"`
}

const (
	perDayMax  = 1_000_000
	factorMax  = 1000
	perWeekMax = 1000
)

// validate returns nil, or an error that names all mistakes.
func (a *Arrivals) validate() error {
	var all mistakes
	all.number("per_day", a.PerDay, 0, perDayMax)
	_, err := a.Shape.course()
	all.add(field.In("shape", err))
	all.add(validateFactors("hours", a.Hours, 24))
	all.add(validateFactors("days", a.Days, 7))
	for i := range a.Rushes {
		all.add(inList("rushes", i, a.Rushes[i].validate()))
	}
	for i := range a.Bursts {
		all.add(inList("bursts", i, a.Bursts[i].validate()))
	}
	return all.join()
}

// validateFactors returns nil, or errors about factors of which there must be none or n.
func validateFactors(name string, factors []float64, n int) error {
	if len(factors) == 0 {
		return nil
	}
	if len(factors) != n {
		return field.Errorf(name, "there are %d factors, not %d", len(factors), n)
	}
	var all mistakes
	sum := 0.0
	for i, f := range factors {
		if !(f >= 0 && f <= factorMax) {
			all.add(inList(name, i, fmt.Errorf("%s is not from 0 to %s", words.Plain(f),
				words.Plain(factorMax))))
		}
		sum += f
	}
	if len(all) == 0 && sum == 0 {
		all.addIn(name, "no factor is more than 0")
	}
	return all.join()
}

// validate returns nil, or an error that names all mistakes.
func (r *Rush) validate() error {
	var all mistakes
	all.add(validateDays(r.Days))
	from, to, errFrom, errTo := r.span()
	all.add(field.In("from", errFrom))
	all.add(field.In("to", errTo))
	if len(all) == 0 && from >= to {
		all.addIn("to", "%v is not after %v", r.To, r.From)
	}
	all.number("factor", r.Factor, 0, factorMax)
	return all.join()
}

// span returns when a rush begins and ends, since midnight.
func (r *Rush) span() (from, to time.Duration, errFrom, errTo error) {
	to = day
	if r.From != "" {
		from, errFrom = r.From.since()
	}
	if r.To != "" {
		to, errTo = r.To.since()
	}
	return from, to, errFrom, errTo
}

// validate returns nil, or an error that names all mistakes.
func (b *Burst) validate() error {
	var all mistakes
	if !(b.PerWeek > 0 && b.PerWeek <= perWeekMax) {
		all.addIn("per_week", "%s is not more than 0 and at most %s", words.Plain(b.PerWeek),
			words.Plain(perWeekMax))
	}
	all.duration("length", b.Length, time.Second, week)
	if len(all) == 0 && b.share() >= 1 {
		all.addIn("per_week", "%s bursts of %v are more than a week", words.Plain(b.PerWeek), b.Length)
	}
	all.number("factor", b.Factor, 0, factorMax)
	return all.join()
}

// share returns the part of all time that is in such a burst, on average.
func (b *Burst) share() float64 {
	return float64(b.PerWeek*float64(b.Length)) / float64(week)
}
