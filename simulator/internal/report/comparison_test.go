package report_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/quotasched/quotasched/simulator"
	"github.com/quotasched/quotasched/simulator/experiment"
	"github.com/quotasched/quotasched/simulator/internal/report"
)

// comparison writes the terminal tables of results.
func comparison(t *testing.T, r *experiment.Results, o report.Options) string {
	t.Helper()
	var b strings.Builder
	if err := report.Comparison(&b, r, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func differencesText(t *testing.T, r *experiment.Results, o report.Options) string {
	t.Helper()
	var b strings.Builder
	if err := report.Differences(&b, r, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestComparison(t *testing.T) {
	got := comparison(t, results(usual), report.Options{Top: 3, Notes: []string{"a note"}})
	contains(t, got, `Quotas for the device lab
What three policies would have done with last week's requests.
lab-week.swf: 11,000 requests of 8 accounts, 120 workers, 3 seeds (figures are means over them)
9,012 jobs, of which 12 never ran; 0 malformed lines skipped
a job of n processors is n requests, which are scheduled one by one
a note

quota: Of 8 accounts, 5 wait less than under fifo, 2 wait more, and none waits about as long; of 1,
chance may explain the difference. Over all requests the mean wait is 1.5 min instead of 35 min.
  waits less  cq: 1.6 min instead of 35 min
              nightly: 3.5 min instead of 35 min
              release: 17 min instead of 36 min
              and 2 more
  waits more  fuzz: 5.8 h instead of 0.6 h
              bringup: 83 min instead of 37 min
`, `
fuzz      fifo              1,333           0       935   13,712   19,530   2,167       0          0
          quota             1,333           0     8,928  130,985  186,556  20,700 ▲   102 ▲      800 ▲
          no-preemption     1,333           0     8,928  130,985  186,556  20,700 ▲     0          0
`, `
5 others  fifo              3,537           0         –        –   19,923   2,115       0          0
`, `
all       fifo             11,000           0       910   13,348   19,011   2,109       0          0
          quota            11,000           0        39      578      823      91 ▼   806 ▲    2,400 ▲
`, `
pool           utilisation    useful  lost work  queue mean  queue max     Jain  of waits
`, `
the log's own                     15,291  300  36,300  84,540  980,040
`, `
normal      fifo              9,000           0        60     2,700        500          0           2,000
            quota             9,000           0        60     2,700        600      1,400           2,000
`, "On one run per worker this is a model")
}

// For three variants with names of usual length, tables fit 110 columns.
func TestComparisonIsNarrow(t *testing.T) {
	r := results(madeUp{variants: 3, seeds: 2, accounts: 60, points: 0, fromLog: true})
	for i := range r.Variants {
		for _, run := range r.Variants[i].Runs {
			run.Figures.Accounts[0].Account = "an-account-with-a-long-name"
		}
	}
	for line := range strings.Lines(comparison(t, r, report.Options{}) +
		differencesText(t, r, report.Options{})) {
		if n := utf8.RuneCountInString(strings.TrimRight(line, "─\n")); n > 110 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
}

func TestDifferences(t *testing.T) {
	contains(t, differencesText(t, results(usual), report.Options{Top: 3}), `
account  figure                fifo      quota  change  difference, 95 % interval  verdict
────────────────────────────────────────────────────────────────────────────────────────────
all      wait mean, s         2,109         91   −96 %           −2,220 to −1,816  better
`, `
fuzz     wait mean, s         2,167     20,700   × 9.6         +16,680 to +20,386  worse
`, "18 figures are the same and left out\n",
		"5 more accounts have differences, and are left out as they used least\n")
	one := results(madeUp{variants: 2, seeds: 1, accounts: 2})
	contains(t, differencesText(t, one, report.Options{}),
		"cq       wait mean, s", "−1,987  lower\n", "none waits about as long, in\none run of each.", "With one seed, nothing is known of chance.")
	contains(t, differencesText(t, samePolicyTwice(), report.Options{}), "No difference at all")
}

// Whatever the results are, there is a text, and no control character of theirs in it.
func TestComparisonOfOddResults(t *testing.T) {
	for name, r := range oddResults() {
		t.Run(name, func(t *testing.T) {
			for _, text := range []string{comparison(t, r, report.Options{Top: 2}),
				differencesText(t, r, report.Options{Top: 2})} {
				if text == "" || strings.ContainsAny(text, "\x00\x1b\u202e") {
					t.Errorf("got %q", text)
				}
			}
		})
	}
	odd := oddResults()
	contains(t, comparison(t, odd["hostile"], report.Options{}), "\nPARTIAL: ", "\nBROKEN:\n")
	contains(t, comparison(t, odd["empty"], report.Options{}), "there are no policies")
	contains(t, differencesText(t, odd["one policy"], report.Options{}), "nothing to compare")
}

func TestComparisonThatCannotBeWritten(t *testing.T) {
	if err := report.Comparison(fullDisk{}, results(usual), report.Options{}); err == nil {
		t.Error("no error")
	}
}

// For a pull request, names cannot become markup.
func TestPairDifferencesAsMarkdown(t *testing.T) {
	base := results(madeUp{variants: 1, seeds: 2, accounts: 2})
	other := results(madeUp{variants: 1, seeds: 2, accounts: 2})
	accountOf(other.Variants[0].Runs[0].Figures, "cq").Wait.MeanSeconds += 600
	other.Differences = nil
	c, err := experiment.CompareResults(base, other)
	require.NoError(t, err)
	pair := &report.Pair{BaseName: "a_b.json", OtherName: "@team.json", Base: base, Other: other,
		Differences: c.Differences}
	var b strings.Builder
	require.NoError(t, report.PairDifferences(&b, pair, report.Options{Top: 3, Markdown: true}))
	contains(t, b.String(), `### &#64;team.json against a\_b.json`, "| account | figure |",
		"| --- | --- | ---:|")
}

// Two experiments with the same variants are told apart by the names of their files.
func TestPairDifferences(t *testing.T) {
	base := results(madeUp{variants: 2, seeds: 2, accounts: 2})
	other := results(madeUp{variants: 2, seeds: 2, accounts: 2})
	other.Partial = true
	for _, run := range other.Variants[1].Runs {
		accountOf(run.Figures, "cq").Wait.MeanSeconds += 600
	}
	pair := &report.Pair{BaseName: "old.json", OtherName: "new.json", Base: base, Other: other,
		OnlyOther: []string{"extra"}}
	for i := range base.Variants {
		two := &experiment.Results{Variants: []experiment.Variant{base.Variants[i],
			other.Variants[i]}}
		pair.Differences = append(pair.Differences, differences(two)...)
	}
	var b strings.Builder
	if err := report.PairDifferences(&b, pair, report.Options{}); err != nil {
		t.Fatal(err)
	}
	contains(t, b.String(), `new.json against old.json

PARTIAL: new.json was stopped before its end

new.json: fifo: No difference at all from old.json: fifo: every compared figure is the same under
every seed.

new.json: quota: Of 2 accounts, none waits less than under old.json: quota, 1 waits more, and 1
waits about as long.`, `
cq       wait mean, s`, "× 7.", "\n\nonly in new.json: extra\n")
}

// More than 1 % of impossible requests is the first thing that any report says, with the label that
// was probably meant; less is in the tables alone.
func TestImpossibleComesFirst(t *testing.T) {
	r := results(usual)
	f := r.Variants[1].Runs[0].Figures
	f.All.Impossible = f.All.Requests / 50
	f.ImpossibleReasons = []simulator.ImpossibleReason{{Labels: []string{"pool:h100"}, Submissions: 1,
		Missing:  []simulator.MissingLabel{{Label: "pool:h100", Nearest: "pool:H100"}},
		Requests: f.All.Impossible, Example: "job-7"}}
	const why = "pool:h100: no worker has it; was pool:H100 meant?"
	text := comparison(t, r, report.Options{})
	require.True(t, strings.HasPrefix(text, "IMPOSSIBLE: quota: 220 of 11,000 requests (2 %) can "),
		text[:200])
	first, _, _ := strings.Cut(text, "\n\n")
	require.Contains(t, first, why)
	require.True(t, strings.HasPrefix(table(t, f, report.Options{}), "IMPOSSIBLE: "))
	var page strings.Builder
	require.NoError(t, report.HTML(&page, r, report.HTMLOptions{}))
	banner := strings.Index(page.String(), why)
	require.Greater(t, strings.Index(page.String(), "<h1>"), banner)
	require.Positive(t, banner)

	f.All.Impossible = f.All.Requests / 100
	require.NotContains(t, comparison(t, r, report.Options{}), "IMPOSSIBLE")
	require.NotContains(t, table(t, f, report.Options{}), "IMPOSSIBLE")
}
