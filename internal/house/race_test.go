package house

import (
	"go/ast"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestNothingRunsSideBySideWhereRacesAreNotLookedFor holds the packages that `make race` leaves out,
// their tests, and all of this module that they are made of, to having one goroutine. What their
// tests use besides is looked at for races by its own tests.
func TestNothingRunsSideBySideWhereRacesAreNotLookedFor(t *testing.T) {
	makefile, err := os.ReadFile(filepath.Join(root, "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	list := regexp.MustCompile(`(?m)^SEQUENTIAL := (.+)$`).FindSubmatch(makefile)
	if list == nil {
		t.Fatal("the Makefile has no line SEQUENTIAL := PACKAGE...")
	}
	byDir := map[string][]*source{}
	for _, s := range sources(t) {
		byDir[s.dir] = append(byDir[s.dir], s)
	}
	seen := map[string]bool{}
	var visit func(dir string, tests bool)
	visit = func(dir string, tests bool) {
		for _, s := range byDir[dir] {
			if s.isTest() && !tests || seen[s.path] {
				continue
			}
			seen[s.path] = true
			checkSequential(t, s)
			for _, imported := range s.imports() {
				if !s.isTest() {
					visit(imported, false)
				}
			}
		}
	}
	for _, dir := range strings.Fields(string(list[1])) {
		if len(byDir[dir]) == 0 {
			t.Errorf("the Makefile's SEQUENTIAL names %s, and there is no such package", dir)
		}
		visit(dir, true)
	}
}

// checkSequential finds goroutines, and tests that run beside each other.
func checkSequential(t *testing.T, s *source) {
	ast.Inspect(s.file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			t.Errorf("%s: a goroutine", s.at(n))
		case *ast.SelectorExpr:
			if name := n.Sel.Name; name == "Go" || name == "Parallel" || name == "AfterFunc" ||
				name == "RunParallel" {
				t.Errorf("%s: %s", s.at(n), name)
			}
		}
		return true
	})
}
