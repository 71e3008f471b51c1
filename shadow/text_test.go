package shadow_test

import (
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quotasched/quotasched/scheduler"
	"github.com/quotasched/quotasched/shadow"
)

var rules = regexp.MustCompile("─+")

// withShortRules returns a text with rules of one dash, below an empty line.
func withShortRules(text string) string { return "\n" + rules.ReplaceAllString(text, "─") }

func TestText(t *testing.T) {
	r := &shadow.Report{Operations: 3, Overridden: 2, PassedOver: 1,
		All: shadow.Counts{Equal: 1200, OnlyMain: 1, Main: shadow.Decisions{Preempted: 1}},
		Accounts: []shadow.AccountCounts{
			{Account: "a", Counts: shadow.Counts{Equal: 1200}},
			{Account: "b", Counts: shadow.Counts{OnlyMain: 1, Main: shadow.Decisions{Preempted: 1}}},
			{Account: scheduler.AccountID(""), Counts: shadow.Counts{}},
		},
		First: &shadow.Difference{Operation: 2, Time: time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC),
			Request: "r\n1", Main: "assigns it", Shadow: "does not assign it"},
		Ended: "operation 3: panic: x",
	}
	got := withShortRules(shadow.Text(r, shadow.TextOptions{Top: 2}))
	const want = `
3 operations; of 1,201 assignments, 1,200 are the same

They first differ at operation 2, at 2026-01-05 09:00:00Z, about request "r\n1": the main pool
assigns it, the shadow does not assign it.

account  equal  other level  other worker  only main  only shadow  preempted  moved  cancelled  refused
─
b            0            0             0          1            0      1 → 0      0          0        0
a        1,200            0             0          0            0          0      0          0        0
1 other
─
all      1,200            0             0          1            0      1 → 0      0          0        0
equal: assignments that both pools made in the same operation, of the same request to the same
worker at the same level; other level, other worker: the same, but for the level or the worker.
only main, only shadow: assignments that one pool made in an operation and the other did not; one
that comes an operation later counts in both.
preempted: tasks that lost their workers; moved: tasks that came to another level; cancelled: tasks
that were told to stop; refused: operations with an error. a → b: the main pool a, the shadow b.
2 changes of accounts for which the shadow kept its settings
1 operation on accounts that the shadow does not have, passed over

ENDED: the shadow ended at operation 3: panic: x; nothing after that is counted
`
	require.Equal(t, want, got)
}
