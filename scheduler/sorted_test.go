package scheduler

import (
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// Ids of different ranks are in the order of their ranks.
func TestRanksOrderIDs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		id := rapid.StringMatching("(bot|bot-|[a\\x00]{14,17})?[\\x00-b]{0,4}")
		a, b := id.Draw(t, "a"), id.Draw(t, "b")
		ra, rb := rankOf(a), rankOf(b)
		if ra.Before(rb) && a >= b || rb.Before(ra) && b >= a || ra == rb != !(ra.Before(rb) || rb.Before(ra)) {
			t.Fatalf("ranks of %q and %q are %v and %v", a, b, ra, rb)
		}
	})
}

// Items come in the order of their ids, whatever these have in common.
func TestItemsComeByID(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		prefix := rapid.SampledFrom([]string{"", "task-0000000", "t"}).Draw(t, "prefix")
		ids := rapid.MapOf(rapid.StringMatching("[\\x00a-c]{0,12}"), rapid.Int()).Draw(t, "ids")
		items := map[string]string{}
		for id := range ids {
			items[prefix+id] = prefix + id
		}
		require.Equal(t, slices.Sorted(maps.Keys(items)), slices.Collect(itemsByID(items)))
	})
}
