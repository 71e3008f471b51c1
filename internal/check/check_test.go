package check_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/durationpb"
	"pgregory.net/rapid"

	"github.com/quotasched/quotasched/internal/check"
)

func TestErrorsSayWhatIsWrong(t *testing.T) {
	require.NoError(t, check.ID("worker id", "w1"))
	require.EqualError(t, check.ID("worker id", ""), "empty worker id")
	require.EqualError(t, check.ID("worker id", "\xff"), `worker id "\xff" is not UTF-8`)
	require.NoError(t, check.Texts("label", []string{"", "ä"}))
	require.EqualError(t, check.Texts("label", []string{"a", "\xff"}), `label "\xff" is not UTF-8`)
	require.NoError(t, check.Nanos(0))
	require.NoError(t, check.Nanos(999_999_999))
	require.EqualError(t, check.Nanos(-1), "nanos -1 is not from 0 to 999999999")
	require.EqualError(t, check.Nanos(1_000_000_000),
		"nanos 1000000000 is not from 0 to 999999999")
}

func TestTimesEndWithTheYear9999(t *testing.T) {
	first := time.Unix(0, 0).UTC()
	last := time.Date(9999, 12, 31, 23, 59, 59, 999_999_999, time.UTC)
	require.NoError(t, check.Time("time", first))
	require.NoError(t, check.Time("time", last))
	require.EqualError(t, check.Time("enqueue time", first.Add(-1)), "enqueue time "+
		"1969-12-31 23:59:59.999999999 +0000 UTC is not in the years 1970 to 9999")
	require.Error(t, check.Time("time", last.Add(1)))
}

// A duration that was written is read as it was; one that nobody writes is refused.
func TestDurationIsTheOneThatWasWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := time.Duration(rapid.Int64().Draw(t, "duration"))
		got, ok := check.Duration(durationpb.New(want))
		require.True(t, ok)
		require.Equal(t, want, got)
	})
	for _, d := range []*durationpb.Duration{
		{Nanos: 1_000_000_000}, {Seconds: 1, Nanos: -1}, {Seconds: math.MaxInt64},
	} {
		_, ok := check.Duration(d)
		require.False(t, ok, "%v", d)
	}
}

// A message never has more of a text than its first 200 bytes, in whole characters.
func TestQuoteCutsLongTexts(t *testing.T) {
	require.Equal(t, `"a\n"`, check.Quote("a\n"))
	whole := strings.Repeat("x", 200)
	require.Equal(t, `"`+whole+`"`, check.Quote(whole))
	require.Equal(t, `"`+whole+`"… (201 bytes)`, check.Quote(whole+"x"))
	require.Equal(t, `"x`+strings.Repeat("ä", 99)+`"… (1000001 bytes)`,
		check.Quote("x"+strings.Repeat("ä", 500_000)))
}
