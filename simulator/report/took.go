package report

import (
	"fmt"
	"time"

	"github.com/quotasched/quotasched/simulator/experiment"
)

// Took says what was done in how much time of the real world, in a line for people: "took 6.4s: 9
// runs, 102,798 requests in all". It is empty if that was not measured.
func Took(results *experiment.Results) string {
	if results.WallSeconds <= 0 {
		return ""
	}
	runs, requests := 0, 0
	for i := range results.Variants {
		for _, r := range results.Variants[i].Runs {
			runs++
			requests += r.Figures.All.Requests
		}
	}
	d, unit := time.Duration(results.WallSeconds*float64(time.Second)), 100*time.Millisecond
	if d < time.Second {
		unit = time.Millisecond
	}
	return fmt.Sprintf("took %v: %s, %s in all", max(d.Round(unit), unit), plural(runs, "run"),
		plural(requests, "request"))
}
