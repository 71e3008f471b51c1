package report_test

import (
	"io"
	"strings"
	"testing"

	"github.com/quotasched/quotasched/scheduler"
	"github.com/quotasched/quotasched/simulator"
	"github.com/quotasched/quotasched/simulator/experiment"
	"github.com/quotasched/quotasched/simulator/internal/report"
)

// html writes a page.
func html(t *testing.T, r *experiment.Results) string {
	t.Helper()
	var b strings.Builder
	options := report.HTMLOptions{Program: "qsim 1.2.3", Command: "qsim run lab.yaml"}
	if err := report.HTML(&b, r, options); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// contains checks that texts are there.
func contains(t *testing.T, text string, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in %d bytes: %.2000q", want, len(text), text)
		}
	}
}

// The first screen says in words who is better off, also where there is no JavaScript.
func TestHTMLSaysWhoWaits(t *testing.T) {
	contains(t, html(t, results(usual)),
		"<h1>Quotas for the device lab</h1>",
		"Of 8 accounts, 5 wait less than under fifo, 2 wait more, and none waits about as long; "+
			"of 1, chance may explain the difference. Over all requests the mean wait is 1.5 min instead of 35 min.",
		change("cq", "1.6 min", "35 min"), change("fuzz", "5.8 h", "0.6 h"),
		"806 worker-hours", "worse than 0 worker-hours",
		"<b>1.4 min</b>",
		"9,012 jobs, of which 12 never ran",
		"on one run per worker this is a model",
		"<th scope=\"row\">workers died</th><td class=\"number\">13</td>",
		"qsim 1.2.3", "<code>qsim run lab.yaml</code>", strings.Repeat("0", 61)+"3e9",
		"Copyright (c) 2022 Leon Sorokin",
	)
}

// A page has all that it needs in it, and the same results make the same bytes.
func TestHTMLIsOneFile(t *testing.T) {
	r := results(madeUp{variants: 3, seeds: 1, accounts: 20, points: 1000, fromLog: true})
	page := html(t, r)
	for _, never := range []string{" src=", "@import", "url(", "<link", "href=\"http"} {
		if strings.Contains(page, never) {
			t.Errorf("there is %q", never)
		}
	}
	if n := len(page); n > 1_000_000 {
		t.Errorf("%d bytes", n)
	}
	if html(t, r) != page {
		t.Error("another page from the same results")
	}
}

func TestHTMLOfOddResults(t *testing.T) {
	for name, r := range oddResults() {
		t.Run(name, func(t *testing.T) {
			page := html(t, r)
			if n := strings.Count(page, "<script"); n != 3 {
				t.Errorf("%d scripts, want 3", n)
			}
			for _, never := range []string{"alert(1)</script>", "<i>oblique", "ZgotmplZ", "NaN "} {
				if strings.Contains(page, never) {
					t.Errorf("there is %q", never)
				}
			}
		})
	}
	odd := oddResults()
	contains(t, html(t, odd["empty"]), "There are no policies in these results.")
	contains(t, html(t, odd["one policy"]), "nothing to compare it with")
	contains(t, html(t, odd["hostile"]), "<strong>Partial:</strong>", "<strong>Broken promises:",
		"fifo: 3 promises broken, the first: &lt;/script&gt;")
	contains(t, html(t, odd["bare"]), "Not compared with fifo")
}

func TestHTMLThatCannotBeWritten(t *testing.T) {
	if err := report.HTML(fullDisk{}, results(usual), report.HTMLOptions{}); err == nil {
		t.Error("no error")
	}
}

// samePolicyTwice are results whose second policy is the first one again.
func samePolicyTwice() *experiment.Results {
	r := results(madeUp{variants: 1, seeds: 3, accounts: 3, points: 20})
	r.Variants = append(r.Variants, r.Variants[0])
	r.Variants[1].Name = "fifo again"
	r.Differences = differences(r)
	return r
}

func TestSamePolicyTwice(t *testing.T) {
	const want = "No difference at all from fifo: every compared figure is the same under every seed."
	contains(t, html(t, samePolicyTwice()), want)
	var b strings.Builder
	if err := report.Comparison(&b, samePolicyTwice(), report.Options{}); err != nil {
		t.Fatal(err)
	}
	contains(t, strings.ReplaceAll(b.String(), "\n", " "), "fifo again: "+want)
	if strings.ContainsAny(strings.Split(b.String(), "▼ less")[0], "▼▲") {
		t.Errorf("a mark in:\n%s", b.String())
	}
}

// A policy that starves one account names it, whatever else there is.
func TestPlantedBadPolicy(t *testing.T) {
	r := results(madeUp{variants: 1, seeds: 3, accounts: 8, points: 20})
	bad := results(madeUp{variants: 1, seeds: 3, accounts: 8, points: 20}).Variants[0]
	bad.Name = "bad"
	for _, run := range bad.Runs {
		a := accountOf(run.Figures, "release")
		a.Wait.MeanSeconds *= 10
		a.Wait.P95Seconds *= 10
	}
	r.Variants = append(r.Variants, bad)
	r.Differences = differences(r)
	contains(t, html(t, r),
		"Of 8 accounts, none waits less than under fifo, 1 waits more, and 7 wait about as long.",
		`<ul class="worse">`+change("release", "6.0 h", "0.6 h")+"</ul>")
}

// Waits are of what completed, so a policy that completes less must not look good in silence.
func TestRequestsThatDoNotComplete(t *testing.T) {
	r := results(madeUp{variants: 2, seeds: 2, accounts: 3, points: 20})
	for _, run := range r.Variants[1].Runs {
		run.Figures.All.Completed -= 1500
		run.Figures.All.Dropped += 1500
	}
	const want = "1,500 of 11,000 requests do not complete (0 under fifo), and have no part in waits."
	contains(t, html(t, r), want)
	contains(t, strings.ReplaceAll(comparison(t, r, report.Options{}), "\n", " "), want)
}

// change is how the page says that an account's wait has changed.
func change(account, now, before string) string {
	return `<li><span class="name">` + account + `</span>: <span class="whole">` + now +
		`</span> instead of <span class="whole">` + before + "</span></li>"
}

func accountOf(f *simulator.Figures, id scheduler.AccountID) *simulator.AccountFigures {
	for i := range f.Accounts {
		if f.Accounts[i].Account == id {
			return &f.Accounts[i]
		}
	}
	return nil
}

func BenchmarkHTML(b *testing.B) {
	r := results(madeUp{variants: 3, seeds: 3, accounts: 250, points: 1000, fromLog: true})
	for b.Loop() {
		if err := report.HTML(io.Discard, r, report.HTMLOptions{}); err != nil {
			b.Fatal(err)
		}
	}
}
