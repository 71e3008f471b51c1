package simulator

import (
	"slices"
	"strings"
)

// fairness compares what the accounts were granted over a span with what they used.
func (t *tally) fairness(spanSeconds float64) Fairness {
	f := Fairness{Shares: []Share{}}
	var satisfactions, waits []float64
	for _, a := range t.sorted() {
		if a.completed > 0 {
			waits = append(waits, 1/(1+meanSeconds(sum(a.waits), a.completed)/60))
		}
		if !a.known || a.id == "" {
			continue
		}
		s := a.share(spanSeconds)
		f.Shares = append(f.Shares, s)
		if s.GrantedSeconds > 0 && s.DemandedSeconds > 0 {
			satisfactions = append(satisfactions, min(s.Satisfaction, 1))
		}
	}
	f.Jain = jain(satisfactions)
	f.JainWaits = jain(waits)
	return f
}

// share is what an account was granted and used over a span.
func (a *accountTally) share(spanSeconds float64) Share {
	workers := 0.0
	for _, rate := range a.rates {
		workers += float64(rate) / 1000
	}
	s := Share{
		Account:         a.id,
		GrantedSeconds:  thousandths(workers * spanSeconds),
		DemandedSeconds: seconds(a.demandedMillis),
		UsedSeconds:     seconds(a.usefulMillis),
	}
	s.Satisfaction = ratio(s.UsedSeconds, min(s.GrantedSeconds, s.DemandedSeconds))
	return s
}

// sorted returns the tallies of accounts in order of id.
func (t *tally) sorted() []*accountTally {
	return slices.SortedFunc(slices.Values(t.list), func(a, b *accountTally) int {
		return strings.Compare(string(a.id), string(b.id))
	})
}

// jain is Jain's index of numbers that are not negative; 0 if there is none but zeros. Products are
// rounded before they are summed up, so that all machines agree on the last bit.
func jain(numbers []float64) float64 {
	sum, squares := 0.0, 0.0
	for _, x := range numbers {
		sum += x
		squares += float64(x * x)
	}
	return ratio(float64(sum*sum), float64(len(numbers))*squares)
}

// sum adds numbers up.
func sum(numbers []int64) int64 {
	n := int64(0)
	for _, x := range numbers {
		n += x
	}
	return n
}
