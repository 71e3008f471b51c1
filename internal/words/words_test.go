package words_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quotasched/quotasched/internal/words"
)

func TestNumbersHaveCommas(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0", 7: "7", 999: "999", 1000: "1,000", -999: "-999", -1000: "-1,000",
		123456: "123,456", 1234567: "1,234,567", math.MinInt64: "-9,223,372,036,854,775,808",
	} {
		require.Equal(t, want, words.Number(n))
	}
}

func TestCountsHaveTheirNoun(t *testing.T) {
	for n, want := range map[int]string{
		0: "0 tasks", 1: "1 task", 2: "2 tasks", -1: "-1 tasks", 1200: "1,200 tasks",
	} {
		require.Equal(t, want, words.Count(n, "task"))
	}
}

func TestAmountsAreExact(t *testing.T) {
	for micros, want := range map[int64]string{
		0:             "0 worker-seconds",
		1:             "0.000001 worker-seconds",
		-400_000:      "-0.4 worker-seconds",
		1_000_000:     "1 worker-second",
		-1_000_000:    "-1 worker-seconds",
		1_200_500_000: "1,200.5 worker-seconds",
		math.MinInt64: "-9,223,372,036,854.775808 worker-seconds",
	} {
		require.Equal(t, want, words.Amount(micros))
		require.Contains(t, want, words.BareAmount(micros)+" ")
	}
	require.Equal(t, "0.25", words.Rate(250))
	require.Equal(t, "1,000", words.Rate(1_000_000))
}

func TestAmountsByLevelLeaveOutZeros(t *testing.T) {
	require.Equal(t, "nothing", words.Amounts(nil))
	require.Equal(t, "nothing", words.Amounts([]int64{0, 0, 0, 0, 0}))
	require.Equal(t, "2.5 worker-seconds at p1, -1 at p2",
		words.Amounts([]int64{0, 2_500_000, -1_000_000, 0, 0}))
}

// Every text of the project that says a duration says it so; see also the tests of the commands.
func TestDurationsHaveTwoOrThreeDigits(t *testing.T) {
	for x, want := range map[float64]string{
		0: "0 s", 0.4: "0.4 s", 2: "2 s", 12: "12 s", 89: "89 s", 90: "1.5 min", 240: "4 min",
		241: "4.0 min", 270: "4.5 min", 3600: "60 min", 12000: "3 h 20 min", 86400: "24 h",
		36 * 3600: "1 d 12 h", 48 * 3600: "2 d", 864000: "10 d", 1e9: "11,574 d", -12: "−12 s",
	} {
		require.Equal(t, want, words.Seconds(x))
		require.Equal(t, want, words.Duration(time.Duration(x*float64(time.Second))))
	}
	require.Equal(t, "–", words.Seconds(math.Inf(-1)))
}

func TestExactDurationsLoseNothing(t *testing.T) {
	for d, want := range map[time.Duration]string{
		6 * time.Hour:           "6 h",
		90 * time.Minute:        "1 h 30 min",
		168 * time.Hour:         "7 d",
		25*time.Hour + 1:        "1 d 1 h 0.000000001 s",
		100 * 24 * time.Hour:    "100 d",
		1500 * time.Millisecond: "1.5 s",
		-(10*time.Minute + 1e9): "−10 min 1 s",
		0:                       "0 s",
		10_000 * 24 * time.Hour: "10,000 d",
		5*time.Minute + 5*1e8:   "5 min 0.5 s",
	} {
		require.Equal(t, want, words.ExactDuration(d))
	}
}

func TestTimesAgoReadAsDurations(t *testing.T) {
	for d, want := range map[time.Duration]string{
		300 * time.Millisecond:          "just now",
		-2 * time.Second:                "2 s from now",
		59_700 * time.Millisecond:       "60 s ago",
		22*time.Minute + 59*time.Second: "23 min ago",
		7*time.Hour + 59*time.Minute:    "7 h 59 min ago",
		-48*time.Hour - 20*time.Minute:  "2 d from now",
	} {
		require.Equal(t, want, words.Ago(d))
	}
}

func TestFiguresAreShort(t *testing.T) {
	for x, want := range map[float64]string{
		0: "0", 4.25: "4.2", 12.4: "12", -1234.6: "-1,235", 2e15: "2e+15", math.Inf(1): "–",
	} {
		require.Equal(t, want, words.Figure(x))
	}
	require.Equal(t, "–", words.Figure(math.NaN()))
	for x, want := range map[float64]string{0: "0", 0.04: "0.0", 9.94: "9.9", 9.95: "10", 4000: "4,000"} {
		require.Equal(t, want, words.SecondsFigure(x))
	}
}

func TestWorkIsInWorkerHours(t *testing.T) {
	for x, want := range map[float64]string{
		0: "0 worker-hours", 5400: "1.5 worker-hours", 36e6: "10,000 worker-hours",
		math.Inf(1): "–",
	} {
		require.Equal(t, want, words.Work(x))
	}
}

func TestPlainNumbersAreExact(t *testing.T) {
	for x, want := range map[float64]string{
		0: "0", 0.01: "0.01", 1000: "1,000", 1e6: "1,000,000", -1234.5: "-1,234.5", 999: "999",
	} {
		require.Equal(t, want, words.Plain(x))
	}
}

func TestChangesHaveASign(t *testing.T) {
	for want, c := range map[string][2]float64{
		"": {0, 5}, "+40 %": {10, 14}, "−95 %": {100, 5}, "× 3.1": {10, 31}, "× 1,000": {1, 1000},
	} {
		require.Equal(t, want, words.Change(c[0], c[1]))
	}
	require.Equal(t, "+1,200", words.Signed(1200, words.Figure))
	require.Equal(t, "−1,200", words.Signed(-1200, words.Figure))
	require.Equal(t, "0", words.Signed(0, words.Figure))
}

func TestTextsAreSafeAndFit(t *testing.T) {
	require.Equal(t, "plain ü", words.Printable("plain ü"))
	require.Equal(t, `"\x1b[1m"`, words.Printable("\x1b[1m"))
	require.Equal(t, `"\xff"`, words.Printable("\xff"))
	require.Equal(t, "(no account)", words.Account(""))
	require.Equal(t, "abcd…yz", words.Shorten("abcdefghijklmnopqrstuvwxyz", 7))
	require.Equal(t, "short", words.Shorten("short", 5))
	require.Equal(t, "a bb\nccccccc\nd", words.Wrap("a bb  ccccccc d", 5))
}

func TestTablesAreAligned(t *testing.T) {
	table := words.NewTable(1, "account", "old", "new")
	table.Row("ü", "1,000", "2")
	table.Row("others")
	table.Rule()
	table.Row("all", "1,000", "2")
	require.Equal(t, `account    old  new
─────────────────────
ü        1,000    2
others
─────────────────────
all      1,000    2
`, table.String())
}

func TestTablesAsMarkdown(t *testing.T) {
	table := words.NewTable(1, "account", "wait")
	table.Row("a|b_c", "1,000")
	table.Rule()
	table.Row("@team")
	require.Equal(t, "| account | wait |\n| --- | ---: |\n| a\\|b\\_c | 1,000 |\n| &#64;team |  |\n",
		table.Markdown())
}

// The first line begins with a prefix, and the others with two blanks more; none is too long.
func TestParagraph(t *testing.T) {
	got := words.Paragraph("! ", strings.Repeat("word ", 30))
	require.Equal(t, "! "+strings.Repeat("word ", 18)+"word\n"+
		"!   "+strings.Repeat("word ", 10)+"word", got)
	require.Equal(t, "! ", words.Paragraph("! ", ""))
}
