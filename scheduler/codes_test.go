package scheduler_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// Every code of a finding is in the list of doc.go, and came up in a golden script; so did every
// kind of change that is suggested.
func TestEveryFindingHasAScript(t *testing.T) {
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	scripts := explainScripts(t)
	for _, code := range findingCodes(t) {
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
	} {
		if !strings.Contains(scripts, change) {
			t.Errorf("no script suggests %q", change)
		}
	}
}

// findingCodes returns the values of the constants Finding*.
func findingCodes(t *testing.T) (codes []string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "codes.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok {
			value := spec.Values[0].(*ast.BasicLit).Value
			code, err := strconv.Unquote(value)
			if err != nil || spec.Names[0].Name != "Finding"+code {
				t.Errorf("%s is %s", spec.Names[0].Name, value)
			}
			codes = append(codes, code)
		}
		return true
	})
	if len(codes) == 0 {
		t.Fatal("there are no codes")
	}
	return codes
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
