package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/quotasched/quotasched/internal/words"
	"github.com/quotasched/quotasched/internal/yamltree"
)

// durationValue is a flag with a duration such as 90s, 1h30m or 7d.
type durationValue time.Duration

func durationVar(flags *pflag.FlagSet, p *time.Duration, name string, value time.Duration,
	usage string) {
	*p = value
	flags.Var((*durationValue)(p), name, usage)
}

// Set reads a duration.
func (d *durationValue) Set(text string) error {
	x, err := yamltree.Duration(text)
	if err != nil {
		return err
	}
	*d = durationValue(x)
	return nil
}

// String writes it as people set it.
func (d *durationValue) String() string {
	if *d == 0 {
		return ""
	}
	return strings.ReplaceAll(words.ExactDuration(time.Duration(*d)), " ", "")
}

// Type says in the help what is wanted.
func (d *durationValue) Type() string { return "duration" }

// levels is how many levels an account has.
const levels = 5

// levelsValue is a flag with numbers at levels, such as p0=40,p1=2.5, which is kept in small whole
// units: thousandths of workers, or millionths of worker-seconds.
type levelsValue struct {
	numbers []int64 // empty, or one for each level
	decimal int     // how many digits a unit has after the point
	unit    string
}

// Set reads one or several levels; it may be called again for others.
func (v *levelsValue) Set(text string) error {
	for _, one := range strings.Split(text, ",") {
		level, number, found := strings.Cut(one, "=")
		p, err := strconv.Atoi(strings.TrimPrefix(level, "p"))
		if !found || err != nil || !strings.HasPrefix(level, "p") || p < 0 || p >= levels {
			return fmt.Errorf("want a level p0 to p%d and a number, such as p0=40", levels-1)
		}
		n, err := fixed(number, v.decimal)
		if err != nil {
			return err
		}
		if v.numbers == nil {
			v.numbers = make([]int64, levels)
		}
		v.numbers[p] = n
	}
	return nil
}

// String is empty: there is no default.
func (v *levelsValue) String() string { return "" }

// Type says in the help what is wanted.
func (v *levelsValue) Type() string { return "pN=" + v.unit }

// fixed reads a decimal number exactly, in units of 10^-decimals.
func fixed(text string, decimals int) (int64, error) {
	wrong := fmt.Errorf("%q is not a number with at most %d digits after the point", text, decimals)
	whole, fraction, _ := strings.Cut(text, ".")
	if whole == "" || len(fraction) > decimals || strings.ContainsAny(fraction, "+-") {
		return 0, wrong
	}
	n, err := strconv.ParseInt(whole+fraction+strings.Repeat("0", decimals-len(fraction)), 10, 64)
	if err != nil {
		return 0, wrong
	}
	return n, nil
}
