package house

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const (
	root   = "../.."
	module = "github.com/quotasched/quotasched/"
)

// source is one Go file that people write.
type source struct {
	path string // from the root, with slashes
	dir  string // the package's folder: "scheduler", "internal/script"
	file *ast.File
	fset *token.FileSet
	text string
}

func (s *source) isTest() bool { return strings.HasSuffix(s.path, "_test.go") }

// at says where a node stands.
func (s *source) at(n ast.Node) string {
	return fmt.Sprintf("%s:%d", s.path, s.fset.Position(n.Pos()).Line)
}

// line returns the line on which a node begins.
func (s *source) line(n ast.Node) string {
	return strings.Split(s.text, "\n")[s.fset.Position(n.Pos()).Line-1]
}

// imports returns the packages of this module that the file imports, by their folders.
func (s *source) imports() (paths []string) {
	for _, spec := range s.file.Imports {
		if path, ours := strings.CutPrefix(strings.Trim(spec.Path.Value, `"`), module); ours {
			paths = append(paths, path)
		}
	}
	return paths
}

// sources returns all Go files but generated ones.
func sources(t *testing.T) []*source {
	t.Helper()
	var all []*source
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() && path != root && (strings.HasPrefix(name, ".") || name == "testdata") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(name, ".go") || isGenerated(name) {
			return nil
		}
		s, err := read(path)
		all = append(all, s)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) == 0 {
		t.Fatal("no sources found")
	}
	return all
}

func read(path string) (*source, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, path, text, parser.ParseComments)
	if err != nil {
		return nil, err
	}
	rel, err := filepath.Rel(root, path)
	if err != nil {
		return nil, err
	}
	rel = filepath.ToSlash(rel)
	dir := ""
	if i := strings.LastIndexByte(rel, '/'); i >= 0 {
		dir = rel[:i]
	}
	return &source{path: rel, dir: dir, file: file, fset: fset, text: string(text)}, nil
}

// isGenerated reports whether a Go file is made from protos.
func isGenerated(name string) bool {
	return strings.HasSuffix(name, ".pb.go") || strings.HasSuffix(name, ".connect.go")
}
