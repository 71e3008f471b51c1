package experiment

import (
	"fmt"
	"strings"

	"github.com/quotasched/quotasched/internal/words"
	"github.com/quotasched/quotasched/simulator"
)

// impossibleShareMax is the part of the requests that may be impossible without much ado. Beyond
// it, the figures are of another workload than the one that was meant.
const impossibleShareMax = 0.01

// Impossible is the part of a workload that its fleet can never run.
type Impossible struct {
	// Requests can never run, of All.
	Requests, All int
	// Reasons say why, the one with the most requests first.
	Reasons []simulator.ImpossibleReason
}

// ImpossibleOf returns what was impossible in a run.
func ImpossibleOf(f *simulator.Figures) *Impossible {
	return &Impossible{Requests: f.All.Impossible, All: f.All.Requests, Reasons: f.ImpossibleReasons}
}

// TooMuch says whether more than 1 % is impossible.
func (i *Impossible) TooMuch() bool {
	return float64(i.Requests) > impossibleShareMax*float64(i.All)
}

// String says how much is impossible: "96 of 482 requests (19.9 %) can never run on this fleet".
func (i *Impossible) String() string {
	share := 100 * float64(i.Requests) / float64(max(i.All, 1))
	return fmt.Sprintf("%s of %s requests (%.3g %%) can never run on this fleet",
		words.Number(i.Requests), words.Number(i.All), share)
}

// Why lists the first reasons, a line each.
func (i *Impossible) Why() []string {
	const most = 5
	var lines []string
	for _, r := range i.Reasons[:min(most, len(i.Reasons))] {
		lines = append(lines, fmt.Sprintf("%s (%s, the first: %s)", r.String(),
			words.Count(r.Requests, "request"), r.Example))
	}
	if more := len(i.Reasons) - most; more > 0 {
		lines = append(lines, "and "+words.Count(more, "more reason"))
	}
	return lines
}

// Err returns an error if too many requests are impossible, for callers that allow none.
func (i *Impossible) Err() error {
	if !i.TooMuch() {
		return nil
	}
	return fmt.Errorf("%s, and more than 1 %% is refused:\n  %s", i, strings.Join(i.Why(), "\n  "))
}

// warnings are the lines as warnings; nil if all can run.
func (i *Impossible) warnings() []string {
	if i.Requests == 0 {
		return nil
	}
	return append([]string{i.String()}, i.Why()...)
}
