package scheduler_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.chromium.org/luci/common/data/stringset"

	"github.com/quotasched/quotasched/scheduler"
)

// Accounts come in any order and go, and are always listed by id.
func TestAccountsAreInOrder(t *testing.T) {
	s := scheduler.New(time.Unix(0, 0))
	ids := rand.New(rand.NewPCG(1, 2)).Perm(20_000)
	for _, i := range ids {
		id := scheduler.AccountID(fmt.Sprintf("a%05d", i))
		require.NoError(t, s.AddAccount(id, &scheduler.AccountConfig{}, scheduler.Balance{}))
	}
	for _, i := range ids[:10_000] {
		require.NoError(t, s.DeleteAccount(scheduler.AccountID(fmt.Sprintf("a%05d", i))))
	}
	var listed []scheduler.AccountID
	for id := range s.Balances() {
		listed = append(listed, id)
	}
	require.Len(t, listed, 10_000)
	require.True(t, slices.IsSorted(listed))
}

// A label falls under each limit whose key it begins with, up to a colon or whole; the least counts.
func TestLabelsFallUnderTheirBeginnings(t *testing.T) {
	many := map[string]int{}
	for i := range 100 {
		many[fmt.Sprint("unrelated", i)] = 1
	}
	for name, c := range map[string]struct {
		limits map[string]int
		label  string
		run    int
	}{
		"few limits":        {map[string]int{"a": 3, "a:b": 2, "a:b:": 9, "b": 1}, "a:b:c", 2},
		"whole":             {map[string]int{"a:b:c": 1, "a": 3}, "a:b:c", 1},
		"no limit of 0":     {map[string]int{"a": 0}, "a:b", 4},
		"not within a word": {map[string]int{"a:bb": 1, "aa": 1}, "a:b", 4},
		"empty parts":       {map[string]int{"a:": 1}, "a::b", 1},
		"many colons":       {map[string]int{"a": 2}, "a" + strings.Repeat(":", 50), 2},
	} {
		for _, more := range []map[string]int{nil, many} {
			limits := map[string]int{}
			for _, from := range []map[string]int{c.limits, more} {
				for key, n := range from {
					limits[key] = n
				}
			}
			begin := time.Unix(0, 0)
			s := scheduler.New(begin)
			require.NoError(t, s.AddAccount("a", &scheduler.AccountConfig{PerLabelTaskLimits: limits},
				scheduler.Balance{}))
			for i := range 4 {
				w, r := fmt.Sprint("w", i), fmt.Sprint("r", i)
				require.NoError(t, s.MarkIdle(scheduler.WorkerID(w), stringset.NewFromSlice(c.label),
					begin, nil))
				require.NoError(t, s.AddRequest(&scheduler.TaskRequest{ID: scheduler.RequestID(r),
					Account: "a", EnqueueTime: begin}, begin, nil, nil))
			}
			require.Len(t, s.RunOnce(nil), c.run, name)
		}
	}
}
