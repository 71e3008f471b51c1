package report_test

import (
	"os"
	"strings"
	"testing"

	"github.com/quotasched/quotasched/simulator/experiment"
	"github.com/quotasched/quotasched/simulator/report"
)

// html writes a page.
func html(t *testing.T, r *experiment.Results) string {
	t.Helper()
	var b strings.Builder
	options := report.HTMLOptions{Program: "qsim 1.2.3", Command: "qsim run lab.yaml --html lab.html"}
	if err := report.HTML(&b, r, options); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestX(t *testing.T) {
	os.WriteFile("/tmp/report/usual.html", []byte(html(t, results(usual))), 0o644)
	os.WriteFile("/tmp/report/large.html", []byte(html(t, results(madeUp{2, 1, 250, 800, false}))), 0o644)
	os.WriteFile("/tmp/report/sweep.html", []byte(html(t, results(madeUp{9, 2, 20, 100, false}))), 0o644)
	os.WriteFile("/tmp/report/empty.html", []byte(html(t, &experiment.Results{})), 0o644)
}
