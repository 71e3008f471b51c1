package house

import (
	"go/ast"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

const (
	linesPerFileMax     = 400
	linesPerFunctionMax = 70
	columnsMax          = 100
)

// TestFilesFunctionsAndLinesAreShort runs in make lint, so that a long line stops nobody at work.
// Tests may be longer: a table reads best with a case on each line.
func TestFilesFunctionsAndLinesAreShort(t *testing.T) {
	if os.Getenv("LINT") == "" {
		t.Skip("LINT is not set")
	}
	for _, s := range sources(t) {
		if s.isTest() {
			continue
		}
		n := 0
		for line := range strings.Lines(s.text) {
			n++
			w := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")) // a tab is one column
			if w > columnsMax {
				t.Errorf("%s:%d: %d columns are more than %d", s.path, n, w, columnsMax)
			}
		}
		if n > linesPerFileMax {
			t.Errorf("%s: %d lines are more than %d", s.path, n, linesPerFileMax)
		}
		for _, decl := range s.file.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if !ok {
				continue
			}
			from, to := s.fset.Position(f.Pos()).Line, s.fset.Position(f.End()).Line
			if n := to - from + 1; n > linesPerFunctionMax {
				t.Errorf("%s:%d: %s has %d lines, more than %d", s.path, from, f.Name.Name, n,
					linesPerFunctionMax)
			}
		}
	}
}

// mayImport has, for folders at the top and some below, what they may import of this module: single
// packages, or all of a folder at the top.
var mayImport = map[string][]string{
	"protos": {},
	"scheduler": {"protos", "internal/check", "internal/touches", "internal/orderedlist",
		"internal/minheap", "internal/slotset", "internal/expiry"},
	"reconciler": {"protos", "scheduler", "internal/check", "internal/expiry"},
	"pool":       {"protos", "scheduler", "reconciler"},
	"lifecycle":  {"protos", "scheduler"},
	"explain":    {"protos", "internal/words"},
	"journal":    {"protos"},
	"replay":     {"protos", "scheduler", "pool", "journal"},
	"fork":       {"protos", "scheduler", "pool", "internal/minheap"},
	"forecast":   {"protos", "scheduler", "lifecycle", "pool", "fork", "explain", "internal/words"},
	"history":    {"protos", "scheduler", "lifecycle", "pool", "fork", "internal/words"},
	"plan":       {"protos", "scheduler", "lifecycle", "pool", "fork", "history", "internal/words"},
	"shadow":     {"protos", "scheduler", "lifecycle", "pool", "internal/words"},
	"simulator": {"protos", "scheduler", "reconciler", "pool", "explain", "journal", "replay",
		"fork", "forecast", "history", "plan", "shadow", "simulator", "internal", "examples"},
	"benchmarks": {"protos", "scheduler", "reconciler", "simulator", "benchmarks", "internal"},
	"examples":   {"protos", "scheduler", "reconciler", "pool", "simulator", "examples"},

	"internal/check":       {},
	"internal/touches":     {},
	"internal/orderedlist": {"internal/touches"},
	"internal/minheap":     {"internal/touches"},
	"internal/slotset":     {"internal/touches"},
	"internal/expiry":      {"internal/minheap"},
	"internal/words":       {},
}

func TestImportsPointDown(t *testing.T) {
	for _, s := range sources(t) {
		allowed, known := mayImport[s.dir]
		if !known {
			top, _, _ := strings.Cut(s.dir, "/")
			allowed, known = mayImport[top]
		}
		if !known || s.isTest() {
			continue
		}
		for _, spec := range s.file.Imports {
			path, ours := strings.CutPrefix(strings.Trim(spec.Path.Value, `"`), module)
			if !ours {
				continue
			}
			folder, _, _ := strings.Cut(path, "/")
			if !slices.Contains(allowed, folder) && !slices.Contains(allowed, path) {
				t.Errorf("%s imports %s, and may only import %v", s.path, path, allowed)
			}
		}
	}
}

// pure are the folders whose code has no clock, no chance, no goroutine, no lock and no I/O.
var pure = map[string]bool{
	"scheduler": true, "reconciler": true, "pool": true, "explain": true, "shadow": true,
	"fork": true, "history": true, "lifecycle": true, "internal/check": true,
	"internal/touches": true, "internal/orderedlist": true, "internal/minheap": true,
	"internal/slotset": true, "internal/expiry": true,
}

// neverImported are packages that pure code may not import.
var neverImported = map[string]bool{
	"crypto/rand": true, "io": true, "io/fs": true, "log": true, "log/slog": true,
	"math/rand": true, "math/rand/v2": true, "net": true, "net/http": true, "os": true,
	"sync": true, "sync/atomic": true, "syscall": true,
}

// neverCalled are functions of package time that read a clock or wait.
var neverCalled = map[string]bool{
	"Now": true, "Since": true, "Until": true, "Sleep": true, "After": true, "AfterFunc": true,
	"Tick": true, "NewTimer": true, "NewTicker": true,
}

func TestSchedulerAndReconcilerArePure(t *testing.T) {
	for _, s := range sources(t) {
		if !pure[s.dir] || s.isTest() {
			continue
		}
		for _, spec := range s.file.Imports {
			if path := strings.Trim(spec.Path.Value, `"`); neverImported[path] {
				t.Errorf("%s imports %s", s.path, path)
			}
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.GoStmt, *ast.ChanType, *ast.SelectStmt, *ast.SendStmt:
				t.Errorf("%s: a goroutine or channel", s.at(n))
			case *ast.SelectorExpr:
				x, ok := n.X.(*ast.Ident)
				if ok && x.Name == "time" && neverCalled[n.Sel.Name] {
					t.Errorf("%s: time.%s", s.at(n), n.Sel.Name)
				}
			case *ast.FuncDecl:
				// Such a function is a door from people's numbers to exact ones.
				return !strings.Contains(s.line(n), "// float-free: ")
			case *ast.Ident:
				if n.Name == "float32" || n.Name == "float64" {
					t.Errorf("%s: a float, in no function marked // float-free:", s.at(n))
				}
			}
			return true
		})
	}
}
