package scheduler_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quotasched/quotasched/protos"
)

// Every code of a finding is in the list of doc.go, and came up in a golden script; so did every
// kind of change that is suggested.
func TestEveryFindingHasAScript(t *testing.T) {
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	scripts := explainScripts(t)
	for value, code := range protos.Finding_Code_name {
		if value == int32(protos.Finding_CODE_UNSPECIFIED) || value == int32(protos.Finding_Barred) {
			continue
		}
		if !strings.Contains(string(doc), code) {
			t.Errorf("doc.go does not list %s", code)
		}
		if !strings.Contains(scripts, " "+code+": ") && !strings.Contains(scripts, ": "+code+", ") {
			t.Errorf("no script shows %s", code)
		}
	}
	for _, change := range []string{
		"  balance +", "  label limit ", "  fanout limit ", "  allow free tasks ", "  clear its error",
		"  worker ", "  any one of ", "  1 more idle worker ", " more idle workers ",
		"  resume account ",
	} {
		if !strings.Contains(scripts, change) {
			t.Errorf("no script suggests %q", change)
		}
	}
}

func explainScripts(t *testing.T) string {
	t.Helper()
	files, err := filepath.Glob("testdata/explain_*.txt")
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	return all.String()
}
