package report_test

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	stdhtml "html"
	"maps"
	"math"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quotasched/quotasched/scheduler"
	"github.com/quotasched/quotasched/simulator"
	"github.com/quotasched/quotasched/simulator/experiment"
)

// browser finds one. Without one, a test is skipped, or fails where QSIM_BROWSER is "required".
func browser(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("a browser takes some seconds")
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv("QSIM_BROWSER") == "required" {
		t.Fatal("QSIM_BROWSER is required, and there is no chromium, chromium-browser or " +
			"google-chrome")
	}
	t.Skip("there is no chromium, chromium-browser or google-chrome")
	return ""
}

//go:embed testdata/probe.js
var probe string

// found is what the probe finds.
type found struct {
	Errors []string
	Charts []struct {
		Name, Label string
		Marks       int
	}
	Frontiers, Curves []struct {
		Marks            int
		Labels, Overlaps []string
	}
	Tables []struct {
		Variant int
		Rows    [][]struct{ Text, Value string }
	}
	Keys []struct {
		Name  string
		Focus bool
		Said  []string
	}
	Details   []int
	Zooms     []zoomed
	Resources []string
	Sorts     int
	Width     int // how much wider than the window the page is, in pixels
}

// zoomed is what charts over time show after a button of the zoom was pressed: rows of their data.
type zoomed struct {
	Button, Text, Said string
	Shown              []struct{ First, Last, Rows int }
}

var foundText = regexp.MustCompile(`(?s)<pre id="found">(.*?)</pre>`)

//go:embed testdata/frames.html
var frames string

// look opens reports in a browser, each in a frame, and tries everything in them. Those whose name
// begins with "narrow" are as wide as a telephone.
func look(t *testing.T, reports map[string]*experiment.Results, flags ...string) map[string]*found {
	t.Helper()
	program := browser(t)
	dir := t.TempDir()
	var list strings.Builder
	for i, name := range slices.Sorted(maps.Keys(reports)) {
		file := fmt.Sprintf("%d.html", i)
		page := strings.Replace(html(t, reports[name]), "</head>", "<script>"+probe+"</script></head>", 1)
		if err := os.WriteFile(filepath.Join(dir, file), []byte(page), 0o600); err != nil {
			t.Fatal(err)
		}
		width := 1280
		if strings.HasPrefix(name, "narrow") {
			width = 420
		}
		fmt.Fprintf(&list, "<iframe src=\"%s#%s\" width=%d height=900></iframe>\n", file,
			url.PathEscape(name), width)
	}
	path := filepath.Join(dir, "frames.html")
	page := strings.Replace(frames, "FRAMES", list.String(), 1)
	if err := os.WriteFile(path, []byte(page), 0o600); err != nil {
		t.Fatal(err)
	}
	out := dumpDOM(t, program, path, flags)
	match := foundText.FindSubmatch(out)
	if match == nil {
		t.Fatalf("the probes have written nothing; the page is %.2000q", out)
	}
	all := map[string]*found{}
	if err := json.Unmarshal([]byte(stdhtml.UnescapeString(string(match[1]))), &all); err != nil {
		t.Fatal(err)
	}
	for name := range reports {
		f := all[name]
		if f == nil {
			t.Fatalf("nothing is known of %q", name)
		}
		for _, e := range f.Errors {
			t.Errorf("%s: in the browser: %s", name, e)
		}
		if len(f.Resources) > 0 {
			t.Errorf("%s: the page asked for %v", name, f.Resources)
		}
		if f.Width > 0 {
			t.Errorf("%s: the page is %d pixels wider than its frame", name, f.Width)
		}
	}
	return all
}

// dumpDOM lets the browser open a file, and returns what the page has become. Processes that the
// browser leaves behind for a moment may still have its output open, and write into its folder:
// neither is waited for.
func dumpDOM(t *testing.T, program, path string, flags []string) []byte {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
	defer cancel()
	user, err := os.MkdirTemp("", "qsim-browser-*")
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := os.RemoveAll(user); err != nil {
			t.Logf("left behind: %v", err)
		}
	}()
	args := append([]string{"--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
		"--no-first-run", "--disable-background-networking", "--disable-component-update",
		"--disable-sync", "--disable-dev-shm-usage", "--user-data-dir=" + user,
		"--virtual-time-budget=20000", "--window-size=1400,2400"}, flags...)
	out, err := os.Create(path + ".dom")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(ctx, program, append(args, "--dump-dom", "file://"+path)...)
	cmd.Stdout = out // a file, not a pipe, whose end would have to be waited for
	if err := errors.Join(cmd.Run(), out.Close()); err != nil {
		t.Fatalf("%s: %v", program, err)
	}
	dom, err := os.ReadFile(path + ".dom")
	if err != nil {
		t.Fatal(err)
	}
	return dom
}

// A page does what it should for usual results, on a wide and on a narrow screen, and nothing in
// odd results makes it fail.
func TestInTheBrowser(t *testing.T) {
	m := usual
	m.seeds = 1 // then means are the figures themselves
	reports := oddResults()
	reports["usual"], reports["narrow"] = results(usual), results(m)
	reports["sweep"], reports["narrow sweep"] = swept(30), swept(10)
	all := look(t, reports, "--blink-settings=preferredColorScheme=1")
	checkCharts(t, all["usual"])
	checkCharts(t, all["narrow"])
	checkFigures(t, all["narrow"], reports["narrow"])
	checkFrontier(t, all["sweep"], 30)
	checkFrontier(t, all["narrow sweep"], 10)
	checkZoom(t, all["usual"].Zooms)
	checkZoom(t, all["narrow"].Zooms)
}

func TestInTheBrowserInTheDark(t *testing.T) {
	all := look(t, map[string]*experiment.Results{"usual": results(usual)},
		"--blink-settings=preferredColorScheme=0")
	checkCharts(t, all["usual"])
}

// checkCharts checks that every chart has marks, a name, a table of its data, and a cursor that the
// keyboard moves and that says what is there.
func checkCharts(t *testing.T, f *found) {
	t.Helper()
	// Strips, curve, 3 × utilisation, 3 × queue, pools, balance, queue and workers of an account, and
	// shares.
	if len(f.Charts) != 13 {
		t.Errorf("%d charts, want 13", len(f.Charts))
	}
	for i, c := range f.Charts {
		if c.Marks < 7 { // pools
			t.Errorf("%s: %d marks", c.Name, c.Marks)
		}
		if c.Label == "" || f.Details[i] < 5 {
			t.Errorf("%s: label %q, %d rows of data", c.Name, c.Label, f.Details[i])
		}
	}
	for _, k := range f.Keys {
		if !k.Focus || k.Said[0] == "" || k.Said[0] == k.Said[1] || k.Said[1] == k.Said[2] {
			t.Errorf("%s: focus %t, said %q", k.Name, k.Focus, k.Said)
		}
	}
	if f.Sorts < 10 {
		t.Errorf("%d columns could be sorted", f.Sorts)
	}
}

// checkZoom checks that the buttons let all charts over time show the same part of it, and say which.
func checkZoom(t *testing.T, steps []zoomed) {
	t.Helper()
	require.Len(t, steps, 9)
	span := func(i int) (first, last int) {
		shown := steps[i].Shown
		require.Len(t, shown, 9) // 3 × utilisation, 3 × queue, three of an account
		for _, chart := range shown {
			require.Equal(t, shown[0], chart, "%s: two charts differ", steps[i].Button)
		}
		return shown[0].First, shown[0].Last
	}
	whole := func(i int) {
		first, last := span(i)
		require.Zero(t, first, steps[i].Button)
		require.Equal(t, steps[0].Shown[0].Rows-1, last, steps[i].Button)
		require.Equal(t, "the whole run", steps[i].Text, steps[i].Button)
	}
	whole(0)
	first, last := span(1) // in
	require.Greater(t, first, 0)
	require.Less(t, last, steps[0].Shown[0].Rows-1)
	require.Contains(t, steps[1].Text, " to ")
	require.Equal(t, "shown: "+steps[1].Text, steps[1].Said)
	first2, last2 := span(2) // in once more
	require.Greater(t, first2, first)
	require.Less(t, last2, last)
	later, _ := span(3)
	require.Greater(t, later, first2)
	earlier, _ := span(4)
	require.Equal(t, first2, earlier)
	require.Equal(t, steps[2].Text, steps[4].Text)
	out, _ := span(5)
	require.Equal(t, first, out)
	whole(6) // out once more
	in, _ := span(7)
	require.Equal(t, first, in)
	whole(8) // the whole run
}

// checkFigures checks that the table of all figures has what the results have, to the last digit.
func checkFigures(t *testing.T, f *found, r *experiment.Results) {
	t.Helper()
	if len(f.Tables) != len(r.Variants) {
		t.Fatalf("%d tables, want %d", len(f.Tables), len(r.Variants))
	}
	for _, table := range f.Tables {
		figures := r.Variants[table.Variant].Runs[0].Figures
		if len(table.Rows) != len(figures.Accounts)+1 {
			t.Errorf("%d rows, want %d", len(table.Rows), len(figures.Accounts)+1)
		}
		for _, row := range table.Rows {
			a := &figures.All
			if row[0].Text != "all requests" {
				a = accountOf(figures, scheduler.AccountID(row[0].Text))
			}
			if a == nil {
				t.Fatalf("there is no account %q", row[0].Text)
			}
			want := []float64{float64(a.Requests), float64(a.Impossible), a.Wait.P50Seconds,
				a.Wait.P95Seconds, a.Wait.P99Seconds, a.Wait.MaxSeconds, a.Wait.MeanSeconds, a.UsedSeconds, a.PaidSeconds, a.FreeSeconds,
				a.ProvisionSeconds, a.LostSeconds, float64(a.Preempted), float64(a.Caused),
				float64(a.Lost)}
			for i, x := range want {
				cell := row[i+1]
				value, err := strconv.ParseFloat(cell.Value, 64)
				shown, err2 := strconv.ParseFloat(strings.ReplaceAll(cell.Text, ",", ""), 64)
				if err != nil || err2 != nil || value != x || math.Abs(shown-x) > 0.5001 {
					t.Errorf("%s, column %d: %+v, want %v", row[0].Text, i+1, cell, x)
				}
			}
		}
	}
}

// oddResults are those that a page must bear.
func oddResults() map[string]*experiment.Results {
	hostile := results(madeUp{variants: 2, seeds: 2, accounts: 8, points: 30, fromLog: true})
	names := []string{"</script><script>alert(1)</script>", `"quoted' & <i>oblique</i>`, "a\x00b\x1b[31m",
		strings.Repeat("very-long/", 60), "", "\u202egnirts", "${x}`{{.}}", "\xff\xfe"}
	rename := func(id scheduler.AccountID) scheduler.AccountID {
		if i := slices.Index(accountNames, string(id)); i >= 0 {
			return scheduler.AccountID(names[i])
		}
		return id
	}
	hostile.Name, hostile.Description = names[0], names[1]
	hostile.Workload.Name, hostile.Workload.Notes = names[3], names
	hostile.Partial = true
	for i := range hostile.Variants {
		v := &hostile.Variants[i]
		v.Description = names[i]
		for _, run := range v.Runs {
			f := run.Figures
			f.BrokenCount, f.Broken = 3, []string{names[0]}
			for k := range f.Accounts {
				f.Accounts[k].Account = rename(f.Accounts[k].Account)
			}
			for k := range f.Series.Balances {
				f.Series.Balances[k].Account = rename(f.Series.Balances[k].Account)
			}
		}
	}
	for i := range hostile.Differences {
		hostile.Differences[i].Account = rename(hostile.Differences[i].Account)
	}
	bare := results(madeUp{variants: 4, seeds: 2, accounts: 3, points: 3})
	bare.Variants[1].Runs = nil
	bare.Variants[2].Runs[0].Figures = nil
	for i := range bare.Variants[3].Runs {
		bare.Variants[3].Runs[i].Figures = &simulator.Figures{Series: &simulator.Series{},
			Accounts: []simulator.AccountFigures{{Account: "idle"}}}
	}
	bare.Differences = slices.DeleteFunc(bare.Differences, func(d experiment.Difference) bool {
		return d.Variant == bare.Variants[1].Name
	})
	nan := results(madeUp{variants: 2, seeds: 1, accounts: 250, points: 10, fromLog: true})
	f := nan.Variants[1].Runs[0].Figures
	f.Pool.Utilisation, f.Pool.SpanSeconds = math.NaN(), math.Inf(1)
	f.Accounts[0].Wait.MeanSeconds, f.Accounts[1].UsedSeconds = math.NaN(), math.Inf(1)
	f.Accounts[2].WaitPercentilesSeconds[50] = math.NaN()
	f.Series.Busy[0][3], nan.Differences[0].Low = math.NaN(), math.Inf(-1)
	return map[string]*experiment.Results{
		"empty": {}, "hostile": hostile, "bare": bare, "not numbers": nan,
		"one policy": results(madeUp{variants: 1, seeds: 1, accounts: 1, points: 1}),
	}
}
