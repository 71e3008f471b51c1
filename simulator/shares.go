package simulator

import (
	"slices"
	"strings"
	"time"

	"github.com/quotasched/quotasched/scheduler"
)

// fairness compares what the accounts were granted with what they used, up to an instant.
func (t *tally) fairness(end time.Duration) Fairness {
	f := Fairness{Shares: []Share{}}
	var satisfactions, served, waits []float64
	for _, a := range t.sorted() {
		if a.completed > 0 {
			waits = append(waits, 1/(1+meanSeconds(a.waits.sum(), a.completed)/60))
		}
		if !a.known || a.id == "" {
			continue
		}
		s := a.share(millis(t.startedAt), millis(end))
		f.Shares = append(f.Shares, s)
		if s.GrantedSeconds > 0 && s.DemandedSeconds > 0 {
			satisfactions = append(satisfactions, min(s.Satisfaction, 1))
		}
		if s.OwedSeconds > 0 {
			served = append(served, s.ServedSeconds/s.OwedSeconds)
		}
	}
	f.Jain = jain(satisfactions)
	f.JainServed = jain(served)
	f.JainWaits = jain(waits)
	return f
}

// rate is what the account earns at all levels together, in milli-workers.
func (a *accountTally) rate() int64 {
	sum := scheduler.Rate(0)
	for _, rate := range a.config.ChargeRate {
		sum += rate
	}
	return int64(sum)
}

// share is what an account was granted and used between two instants, in milliseconds.
func (a *accountTally) share(start, end int64) Share {
	s := Share{
		Account:         a.id,
		GrantedSeconds:  thousandths(float64(a.rate()) / 1000 * seconds(end-start)),
		OwedSeconds:     a.owed.seconds(end, a.rate()),
		ServedSeconds:   a.served.seconds(end, a.rate()),
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
