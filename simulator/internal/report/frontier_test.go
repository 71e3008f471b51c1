package report_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/quotasched/quotasched/simulator/experiment"
)

// swept makes up an experiment of fifo and of a policy with a number of limits of lost work: the
// higher the limit, the more is lost, and the less the account cq waits.
func swept(values int) *experiment.Results {
	m := madeUp{variants: 1, seeds: 1, accounts: 2}
	r := results(m)
	for i := range values {
		limit := fmt.Sprintf("%dm", 2*i+1)
		v := variant(m, 1)
		v.Name, v.Policy = "quota, scheduler.max_lost_work = "+limit, "quota"
		v.Parameters = []experiment.Parameter{
			{Field: "policies.quota.scheduler.max_lost_work", Value: limit}}
		part := float64(i) / float64(values)
		for _, run := range v.Runs {
			run.Figures.All.LostSeconds = 3_600_000 * part * part
			accountOf(run.Figures, "cq").Wait.MeanSeconds = 900 - 800*part
		}
		r.Variants = append(r.Variants, v)
	}
	r.Differences = differences(r)
	return r
}

// sweepOnPage is a sweep as the page's scripts are given it.
type sweepOnPage struct {
	Label string
	Lines []struct {
		Label  string
		Points []struct {
			Value   string
			Variant int
		}
	}
	Others []int
}

// sweepsOf returns what a page of results has of their sweeps.
func sweepsOf(t *testing.T, r *experiment.Results) []sweepOnPage {
	t.Helper()
	page := html(t, r)
	_, rest, found := strings.Cut(page, `<script type="application/json" id="data">`)
	require.True(t, found)
	block, _, _ := strings.Cut(rest, "</script>")
	var data struct{ Sweeps []sweepOnPage }
	require.NoError(t, json.Unmarshal([]byte(block), &data))
	require.Equal(t, len(data.Sweeps) > 0, strings.Contains(page, `<section id="frontier">`))
	return data.Sweeps
}

// lineTexts writes a sweep's lines as "quota: 5m 10m".
func lineTexts(s sweepOnPage) []string {
	var list []string
	for _, line := range s.Lines {
		text := line.Label + ":"
		for _, p := range line.Points {
			text += " " + p.Value
		}
		list = append(list, text)
	}
	return list
}

// Points are joined in order of the swept value, and where a value may stand for no limit at all, in
// the order of the file.
func TestSweptValuesAreJoinedInOrder(t *testing.T) {
	for _, c := range []struct{ values, want string }{
		{"10m 2m 1h 1d", "2m 10m 1h 1d"},
		{"100 -5 20", "-5 20 100"},
		{"10m 1h -1s", "10m 1h -1s"},
		{"1h 0s 10m", "1h 0s 10m"},
		{"p4 p0", "p4 p0"},
	} {
		r := results(madeUp{variants: 1, seeds: 1, accounts: 2, points: 2})
		for _, value := range strings.Fields(c.values) {
			v := variant(madeUp{seeds: 1, accounts: 2}, 1)
			v.Name, v.Policy = "quota, x = "+value, "quota"
			v.Parameters = []experiment.Parameter{{Field: "policies.quota.x", Value: value}}
			r.Variants = append(r.Variants, v)
		}
		sweeps := sweepsOf(t, r)
		require.Len(t, sweeps, 1)
		require.Equal(t, "x", sweeps[0].Label)
		require.Equal(t, []int{0}, sweeps[0].Others)
		require.Equal(t, []string{"quota: " + c.want}, lineTexts(sweeps[0]))
	}
}

// Each swept field has a chart, whose lines differ in that field alone.
func TestSweepsOfSeveralFields(t *testing.T) {
	r := &experiment.Results{}
	for _, policy := range []string{"fifo", "quota"} {
		for _, rate := range []string{"5", "10"} {
			for _, total := range []string{"40", "80", "120"} {
				v := experiment.Variant{Name: policy, Policy: policy}
				if policy == "quota" {
					v.Name += ", cq.rates.p0 = " + rate
					v.Parameters = append(v.Parameters, experiment.Parameter{
						Field: "policies.quota.accounts.cq.rates.p0", Value: rate})
				} else if rate == "10" {
					continue
				}
				v.Name += ", fleet.total = " + total
				v.Parameters = append(v.Parameters,
					experiment.Parameter{Field: "fleet.total", Value: total})
				r.Variants = append(r.Variants, v)
			}
		}
	}
	got := map[string][]string{}
	for _, s := range sweepsOf(t, r) {
		got[s.Label] = lineTexts(s)
	}
	require.Empty(t, cmp.Diff(map[string][]string{
		"fleet.total": {"fifo: 40 80 120", "quota, cq.rates.p0 = 5: 40 80 120",
			"quota, cq.rates.p0 = 10: 40 80 120"},
		"cq.rates.p0": {"quota, fleet.total = 40: 5 10", "quota, fleet.total = 80: 5 10",
			"quota, fleet.total = 120: 5 10"},
	}, got))
}

// Without a sweep, or with one of one value, there is nothing to draw.
func TestNoSweep(t *testing.T) {
	require.Empty(t, sweepsOf(t, results(usual)))
	require.Empty(t, sweepsOf(t, swept(1)))
	require.Empty(t, sweepsOf(t, &experiment.Results{}))
}

// checkFrontier checks that a page has the two charts of a sweep of so many values and of fifo: all
// points, labels at the ends of the line and at most others, and no label on another text. Two more
// have the waits as curves over the values.
func checkFrontier(t *testing.T, f *found, values int) {
	t.Helper()
	require.Len(t, f.Frontiers, 2)
	for i, c := range f.Frontiers {
		require.Equal(t, values+1, c.Marks, "chart %d", i)
		require.Empty(t, c.Overlaps, "chart %d", i)
		labels := strings.Join(c.Labels, " ")
		require.Regexp(t, fmt.Sprintf(`^1m.*\b%dm\b`, 2*values-1), labels, "chart %d", i)
		require.GreaterOrEqual(t, len(c.Labels), values/2, "chart %d", i)
	}
	require.Len(t, f.Curves, 2)
	for i, c := range f.Curves {
		require.Equal(t, values, c.Marks, "curve %d", i)
		require.Empty(t, c.Overlaps, "curve %d", i)
	}
}
