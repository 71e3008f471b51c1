package report

import (
	"fmt"
	"strings"

	"github.com/quotasched/quotasched/internal/words"
	"github.com/quotasched/quotasched/simulator"
	"github.com/quotasched/quotasched/simulator/experiment"
)

// impossibleLead says what can never run, and why, in the first run in which that is more than 1 %;
// nothing if there is none. It is the first thing to know of such results.
func (s *study) impossibleLead() []string {
	for i, v := range s.variants {
		for _, f := range v.runs {
			lines := impossibleLines(f)
			if lines == nil {
				continue
			}
			if i > 0 {
				lines[0] = variantLabel(s.results.Variants[i].Name) + ": " + lines[0]
			}
			return lines
		}
	}
	return nil
}

// impossibleLines are how much of a run can never run, and why; nil if that is 1 % at most.
func impossibleLines(f *simulator.Figures) []string {
	left := experiment.ImpossibleOf(f)
	if !left.TooMuch() {
		return nil
	}
	lines := []string{left.String()}
	for _, why := range left.Why() {
		lines = append(lines, words.Printable(why))
	}
	return lines
}

// writeImpossible writes what can never run at the top of a text.
func writeImpossible(b *strings.Builder, lines []string) {
	for i, line := range lines {
		if i == 0 {
			fmt.Fprintf(b, "IMPOSSIBLE: %s\n", line)
			continue
		}
		fmt.Fprintf(b, "  %s\n", line)
	}
	if len(lines) > 0 {
		b.WriteString("They have no part in waits, so policies are compared without them.\n\n")
	}
}
