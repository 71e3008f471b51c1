package report

import (
	"fmt"
	"math"

	"github.com/quotasched/quotasched/internal/words"
	"github.com/quotasched/quotasched/simulator/experiment"
)

// Took says what was done in how much time of the real world, in a line for people: "took 6.4s: 9
// runs, 102,798 requests in all; 18,400 tasks started a second, after 130ms of loading". What is
// counted are the tasks that began to run after the warm-ups, and the time is that of the runs
// alone. It is empty if that was not measured.
func Took(results *experiment.Results) string {
	if results.WallSeconds <= 0 {
		return ""
	}
	runs, requests, starts := 0, 0, 0
	for i := range results.Variants {
		for _, r := range results.Variants[i].Runs {
			runs++
			requests += r.Figures.All.Requests
			starts += r.Figures.Pool.Starts
		}
	}
	rate := perSecond(starts, results.WallSeconds)
	text := fmt.Sprintf("took %s: %s, %s in all; %s started a second",
		words.Seconds(max(0.1, results.WallSeconds)), words.Count(runs, "run"),
		words.Count(requests, "request"), words.Count(rate, "task"))
	if results.WallLoadSeconds > 0 {
		text += fmt.Sprintf(", after %s of loading", words.Seconds(max(0.1, results.WallLoadSeconds)))
	}
	return text
}

// perSecond is how many of n there were in a second, to three digits.
func perSecond(n int, seconds float64) int {
	rate, unit := float64(n)/seconds, 1.0
	for rate >= 1000*unit {
		unit *= 10
	}
	return int(math.Round(rate/unit) * unit)
}
