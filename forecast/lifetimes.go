package forecast

import (
	"slices"
	"time"
)

// A record that has only the runs that ended says that runs are short: the long ones are those that
// are not over yet. So a History counts tasks that run as well, as runs that last at least for as
// long as they have lasted. Which share of runs ends at an age is then told by those that reached
// it: the product-limit estimator (Kaplan, Meier: Nonparametric Estimation from Incomplete
// Observations, 1958).
//
// Only the last ended runs are kept, and they stand for all that ended since the oldest task began
// that still runs. A task that runs therefore counts as much less than 1 as those that are kept are
// fewer than those that ended. In a record that is long beside its runs, what runs counts for
// little: its like is among the runs that ended.

// runsOf returns ended runs, the shortest first, with the share of all runs that each stands for,
// given for how long others have run so far, each of which counts for a part of an ended one. Runs
// that are longer than all that was seen go on as Distribution.After says. It is empty if no run
// ended. O(n log n).
func runsOf(ended, running []time.Duration, part float64) []weighted {
	ended, running = slices.Sorted(slices.Values(ended)), slices.Sorted(slices.Values(running))
	runs := make([]weighted, 0, len(ended))
	rest := 1.0 // the share that goes on
	for i := 0; i < len(ended); {
		age, next := ended[i], i+1
		for next < len(ended) && ended[next] == age {
			next++
		}
		younger, _ := slices.BinarySearch(running, age)
		reached := float64(len(ended)-i) + part*float64(len(running)-younger)
		share := rest * float64(next-i) / reached
		runs = append(runs, weighted{age, share})
		rest -= share
		i = next
	}
	const negligible = 1e-9
	if len(runs) > 0 && rest > negligible {
		runs = append(runs, beyond(running[len(running)-1], rest)...)
	}
	return runs
}

// beyond returns the runs of a share of all that go on beyond an age.
func beyond(age time.Duration, share float64) []weighted {
	const parts = 10
	runs := make([]weighted, parts)
	for i := range runs {
		runs[i] = weighted{outlived(age, (float64(i)+0.5)/parts), share / parts}
	}
	return runs
}
