package report

import (
	"cmp"
	"math"
	"slices"

	"github.com/quotasched/quotasched/scheduler"
	"github.com/quotasched/quotasched/simulator/experiment"
)

// study is an experiment's results, made ready for reports.
type study struct {
	results     *experiment.Results
	variants    []*variantMeans // as results.Variants
	accounts    []scheduler.AccountID
	labels      accountLabels
	seeds       int // the most that any variant has
	differences map[differenceKey]*experiment.Difference
}

// differenceKey says what a difference is about.
type differenceKey struct {
	variant string
	account scheduler.AccountID
	all     bool
	metric  experiment.Metric
}

// newStudy averages the results and sorts their accounts by use.
func newStudy(results *experiment.Results) *study {
	s := &study{results: results, differences: map[differenceKey]*experiment.Difference{}}
	for i := range results.Variants {
		m := meansOf(&results.Variants[i])
		s.variants = append(s.variants, m)
		s.seeds = max(s.seeds, len(m.runs))
	}
	s.accounts = largestAccounts(s.variants)
	s.labels = newAccountLabels(s.accounts)
	for i, id := range s.accounts {
		for _, v := range s.variants {
			if a := v.account(id); a != nil {
				a.Index = i
			}
		}
	}
	for i := range results.Differences {
		d := &results.Differences[i]
		s.differences[differenceKey{d.Variant, d.Account, d.AllAccounts, d.Metric}] = d
	}
	return s
}

// difference returns how a figure of an account differs from the baseline's; nil if that is not
// known.
func (s *study) difference(variant int, id scheduler.AccountID,
	m experiment.Metric) *experiment.Difference {
	return s.differences[differenceKey{s.results.Variants[variant].Name, id, false, m}]
}

// differenceOfAll is the same for all accounts together and the pool.
func (s *study) differenceOfAll(variant int, m experiment.Metric) *experiment.Difference {
	return s.differences[differenceKey{s.results.Variants[variant].Name, "", true, m}]
}

const (
	better = "better"
	worse  = "worse"
	same   = "same"
)

// noticeable says whether people would call a difference of waits one: it is more than chance, and
// at least a second and a hundredth of the longer wait.
func noticeable(d *experiment.Difference) bool {
	return d != nil && (d.Verdict == better || d.Verdict == worse) && large(d)
}

// large says whether waits differ by at least a second and a hundredth of the longer one.
func large(d *experiment.Difference) bool {
	return math.Abs(d.Delta) >= max(1, max(d.From, d.To)/100)
}

// known says whether more is known of a difference than that of one run: with one seed, it may be
// chance.
func known(d *experiment.Difference) bool { return d != nil && d.Seeds != 1 }

// shownVerdict is the verdict of a difference for people, which claims no more than is known. With
// one seed, it says only which way the two runs differ.
func shownVerdict(d *experiment.Difference) string {
	switch {
	case known(d) || d.Verdict != better && d.Verdict != worse:
		return d.Verdict
	case d.Delta < 0:
		return "lower"
	}
	return "higher"
}

// change is an account whose mean wait differs from that under the baseline.
type change struct {
	Account  string // a label
	From, To number // seconds
	// total is the waiting time, over all its requests, that is gained or lost.
	total float64
}

// verdict sums up how a variant differs from the baseline.
type verdict struct {
	Variant string
	// Less and More are the accounts whose mean wait is noticeably shorter and longer, those with
	// the most waiting time at stake first. Unclear counts those of which chance may explain that they
	// differ noticeably, and Alike the others.
	Less, More     []change
	Alike, Unclear int
	// Same is true if no compared figure differs under any seed, and Compared if there is anything
	// to compare.
	Same, Compared bool
	Wait           verdictFigure // mean, over all requests
	// Open counts the requests that did not complete, of Requests.
	Open        verdictFigure
	Requests    number
	LostWork    verdictFigure
	Utilisation verdictFigure
	JainServed  verdictFigure
}

// verdictFigure is a figure of the baseline and of the variant, and what to think of it: better,
// worse, or empty.
type verdictFigure struct {
	From, To number
	Mark     string
}

// verdicts compare each variant with the first one.
func (s *study) verdicts() []verdict {
	var list []verdict
	for i := 1; i < len(s.variants); i++ {
		list = append(list, s.verdict(i))
	}
	return list
}

// verdict compares a variant with the first one.
func (s *study) verdict(variant int) verdict {
	base, v := s.variants[0], s.variants[variant]
	figure := func(f func(*variantMeans) number, m experiment.Metric) verdictFigure {
		x := verdictFigure{From: f(base), To: f(v)}
		if d := s.differenceOfAll(variant, m); known(d) && (d.Verdict == better ||
			d.Verdict == worse) {
			x.Mark = d.Verdict
		}
		return x
	}
	name := s.results.Variants[variant].Name
	w := verdict{
		Variant: name,
		Wait: figure(func(v *variantMeans) number { return v.all.WaitMean },
			experiment.MetricWaitMean),
		Open: verdictFigure{From: base.all.Requests - base.all.Completed,
			To: v.all.Requests - v.all.Completed},
		Requests: v.all.Requests,
		LostWork: figure(func(v *variantMeans) number { return v.all.LostWork },
			experiment.MetricLost),
		Utilisation: figure(func(v *variantMeans) number { return v.pool.Utilisation },
			experiment.MetricUtilisation),
		JainServed: figure(func(v *variantMeans) number { return v.pool.JainServed },
			experiment.MetricJainServed),
	}
	w.Same = true
	for i := range s.results.Differences {
		if d := &s.results.Differences[i]; d.Variant == name {
			w.Compared = true
			w.Same = w.Same && d.Delta == 0 && d.Low == 0 && d.High == 0
		}
	}
	w.Same = w.Same && w.Compared
	s.sortOut(&w, variant)
	return w
}

// sortOut groups the accounts by whether they wait less, more, or about as long.
func (s *study) sortOut(w *verdict, variant int) {
	for _, id := range s.accounts {
		d := s.difference(variant, id, experiment.MetricWaitMean)
		if d == nil {
			continue
		}
		if !noticeable(d) {
			if d.Verdict == experiment.VerdictUnclear && large(d) {
				w.Unclear++
			} else {
				w.Alike++
			}
			continue
		}
		c := change{Account: s.labels.long[id], From: number(d.From), To: number(d.To),
			total: math.Abs(d.Delta)}
		if a := s.variants[0].account(id); a != nil && a.Requests.known() {
			c.total *= float64(a.Requests)
		}
		if d.Verdict == better {
			w.Less = append(w.Less, c)
		} else {
			w.More = append(w.More, c)
		}
	}
	for _, list := range [][]change{w.Less, w.More} {
		slices.SortStableFunc(list, func(a, b change) int { return cmp.Compare(b.total, a.total) })
	}
}
