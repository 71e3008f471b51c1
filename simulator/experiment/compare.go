package experiment

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/quotasched/quotasched/scheduler"
	"github.com/quotasched/quotasched/simulator"
)

// The verdicts of a Difference.
const (
	VerdictBetter  = "better"
	VerdictWorse   = "worse"
	VerdictSame    = "same"
	VerdictUnclear = "unclear"
)

// Compare returns how the figures of other differ from those of base, for all accounts together,
// the pool, and each account with a request in either, in order of id. Runs are paired by seed;
// partial runs are left out, and so are waits where nothing completed and Jain's index where
// nothing is granted. With one pair, the verdict says only which way the two runs differ: nothing
// is known of chance then, and Seeds is 1.
func Compare(base, other *Variant) []Difference {
	pairs := paired(base, other)
	if len(pairs) == 0 {
		return nil
	}
	compare := func(account scheduler.AccountID, all bool, metric Metric, good direction,
		of func(*simulator.Figures) (float64, bool)) []Difference {
		d := Difference{Variant: other.Name, Baseline: base.Name, Account: account,
			AllAccounts: all, Metric: metric}
		var from, to []float64
		for _, pair := range pairs {
			a, okA := of(pair[0])
			b, okB := of(pair[1])
			if okA && okB {
				from, to = append(from, a), append(to, b)
			}
		}
		if len(from) == 0 {
			return nil
		}
		d.fill(from, to, good)
		return []Difference{d}
	}
	var all []Difference
	for _, m := range accountMetrics {
		all = append(all, compare("", true, m.metric, m.good,
			func(f *simulator.Figures) (float64, bool) { return m.of(&f.All) })...)
	}
	for _, m := range poolMetrics {
		all = append(all, compare("", true, m.metric, m.good, m.of)...)
	}
	for _, id := range accountsOf(pairs) {
		for _, m := range accountMetrics {
			all = append(all, compare(id, false, m.metric, m.good,
				func(f *simulator.Figures) (float64, bool) {
					a := accountOf(f, id)
					if a == nil {
						a = &simulator.AccountFigures{}
					}
					return m.of(a)
				})...)
		}
	}
	return all
}

// paired returns the complete runs of the same seeds, in the order of base.
func paired(base, other *Variant) [][2]*simulator.Figures {
	var pairs [][2]*simulator.Figures
	for _, a := range base.Runs {
		for _, b := range other.Runs {
			if a.Seed == b.Seed && !a.Figures.Partial && !b.Figures.Partial {
				pairs = append(pairs, [2]*simulator.Figures{a.Figures, b.Figures})
				break
			}
		}
	}
	return pairs
}

// accountsOf returns the accounts with a request in any of the runs.
func accountsOf(pairs [][2]*simulator.Figures) []scheduler.AccountID {
	ids := map[scheduler.AccountID]bool{}
	for _, pair := range pairs {
		for _, f := range pair {
			for i := range f.Accounts {
				if f.Accounts[i].Requests > 0 {
					ids[f.Accounts[i].Account] = true
				}
			}
		}
	}
	return slices.Sorted(maps.Keys(ids))
}

// accountOf returns the figures of an account, or nil.
func accountOf(f *simulator.Figures, id scheduler.AccountID) *simulator.AccountFigures {
	for i := range f.Accounts {
		if f.Accounts[i].Account == id {
			return &f.Accounts[i]
		}
	}
	return nil
}

// fill sums pairs up: the means, the confidence interval of the mean difference, and the verdict.
func (d *Difference) fill(from, to []float64, good direction) {
	n := float64(len(from))
	same := true
	for i := range from {
		d.From += from[i]
		d.To += to[i]
		d.Delta += to[i] - from[i]
		same = same && from[i] == to[i]
	}
	d.From, d.To, d.Delta = d.From/n, d.To/n, d.Delta/n
	squares := 0.0
	for i := range from {
		deviation := to[i] - from[i] - d.Delta
		squares += deviation * deviation
	}
	d.Seeds = len(from)
	d.Low, d.High = d.Delta, d.Delta
	if d.Seeds > 1 {
		t := distuv.StudentsT{Sigma: 1, Nu: n - 1}.Quantile(0.975)
		half := t * math.Sqrt(squares/(n-1)/n)
		d.Low, d.High = d.Delta-half, d.Delta+half
	}
	better := d.Delta * float64(good)
	switch {
	case same:
		d.Verdict = VerdictSame
	case good == neither:
		d.Verdict = ""
	case d.Low <= 0 && d.High >= 0:
		d.Verdict = VerdictUnclear
	case better > 0:
		d.Verdict = VerdictBetter
	default:
		d.Verdict = VerdictWorse
	}
}

// Comparison is how the results of one experiment differ from those of another one.
type Comparison struct {
	// Differences has them, variant by variant.
	Differences []Difference `json:"differences"`
	// OnlyBase and OnlyOther name the variants that only one of the two has.
	OnlyBase  []string `json:"only_base"`
	OnlyOther []string `json:"only_other"`
}

// CompareResults compares the variants of two experiments that have the same name; or, if there
// are none and each has one variant, these two. It is an error if there is nothing to compare.
func CompareResults(base, other *Results) (*Comparison, error) {
	c := &Comparison{Differences: []Difference{}}
	byName := map[string]*Variant{}
	for i := range other.Variants {
		byName[other.Variants[i].Name] = &other.Variants[i]
	}
	matched := 0
	compare := func(a, b *Variant) {
		matched++
		c.Differences = append(c.Differences, Compare(a, b)...)
	}
	for i := range base.Variants {
		a := &base.Variants[i]
		b := byName[a.Name]
		if b == nil {
			c.OnlyBase = append(c.OnlyBase, a.Name)
			continue
		}
		delete(byName, a.Name)
		compare(a, b)
	}
	for i := range other.Variants {
		if name := other.Variants[i].Name; byName[name] != nil {
			c.OnlyOther = append(c.OnlyOther, name)
		}
	}
	if matched == 0 && len(base.Variants) == 1 && len(other.Variants) == 1 {
		c.OnlyBase, c.OnlyOther = nil, nil
		compare(&base.Variants[0], &other.Variants[0])
	}
	if matched == 0 {
		return nil, fmt.Errorf("no variant of one is in the other: %s; and %s",
			strings.Join(c.OnlyBase, ", "), strings.Join(c.OnlyOther, ", "))
	}
	if len(c.Differences) == 0 {
		return nil, errors.New("no seed has a complete run in both")
	}
	return c, nil
}
