package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"github.com/quotasched/quotasched/internal/yamltree"
)

const module = "github.com/quotasched/quotasched/"

// comments finds the doc comments of types and fields in the sources below a top folder.
type comments struct {
	top      string
	packages map[string]*sources
}

// sources is what is known of a package.
type sources struct {
	types  map[string]string            // comments of types
	fields map[string]map[string]string // of the fields of each type
	values map[string][]string          // of each type of texts, its constants
	consts map[string]string            // constants by name
}

func newComments(top string) *comments {
	return &comments{top: top, packages: map[string]*sources{}}
}

// of reads the package of a type.
func (c *comments) of(t reflect.Type) (*sources, error) {
	path, ours := strings.CutPrefix(t.PkgPath(), module)
	if !ours {
		return &sources{}, nil
	}
	if s := c.packages[path]; s != nil {
		return s, nil
	}
	s := &sources{types: map[string]string{}, fields: map[string]map[string]string{},
		values: map[string][]string{}, consts: map[string]string{}}
	c.packages[path] = s
	folder := filepath.Join(c.top, filepath.FromSlash(path))
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		fset := token.NewFileSet()
		f, err := parser.ParseFile(fset, filepath.Join(folder, e.Name()), nil, parser.ParseComments)
		if err != nil {
			return nil, err
		}
		s.read(fset, f)
	}
	return s, nil
}

// read takes a file's comments and constants up.
func (s *sources) read(fset *token.FileSet, f *ast.File) {
	for _, decl := range f.Decls {
		d, ok := decl.(*ast.GenDecl)
		if !ok {
			continue
		}
		for _, spec := range d.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				doc := spec.Doc
				if doc == nil {
					doc = d.Doc
				}
				s.types[spec.Name.Name] = oneLine(doc)
				if st, ok := spec.Type.(*ast.StructType); ok {
					s.fields[spec.Name.Name] = fieldComments(fset, st)
				}
			case *ast.ValueSpec:
				s.constants(d, spec)
			}
		}
	}
}

// constants takes the constants of types of texts up.
func (s *sources) constants(d *ast.GenDecl, spec *ast.ValueSpec) {
	typeName, ok := spec.Type.(*ast.Ident)
	if d.Tok != token.CONST || !ok {
		return
	}
	for i, name := range spec.Names {
		if i >= len(spec.Values) {
			return
		}
		literal, ok := spec.Values[i].(*ast.BasicLit)
		if !ok || literal.Kind != token.STRING {
			return
		}
		value, err := strconv.Unquote(literal.Value)
		if err != nil {
			return
		}
		s.consts[name.Name] = value
		if value != "" {
			s.values[typeName.Name] = append(s.values[typeName.Name], value)
		}
	}
}

// fieldComments returns the comment of each field. A field without one shares that of the field on
// the line above.
func fieldComments(fset *token.FileSet, st *ast.StructType) map[string]string {
	all := map[string]string{}
	last, lastLine := "", 0
	for _, f := range st.Fields.List {
		doc := oneLine(f.Doc)
		if doc == "" && f.Comment != nil {
			doc = oneLine(f.Comment)
		}
		if doc == "" && fset.Position(f.Pos()).Line == lastLine+1 {
			doc = last
		}
		last, lastLine = doc, fset.Position(f.End()).Line
		for _, name := range f.Names {
			all[name.Name] = doc
		}
	}
	return all
}

// oneLine joins a comment's lines.
func oneLine(doc *ast.CommentGroup) string {
	if doc == nil {
		return ""
	}
	return strings.Join(strings.Fields(doc.Text()), " ")
}

// field returns what the comment of a field says, in the words of a file; empty if there is none.
func (c *comments) field(owner reflect.Type, f *yamltree.StructField) (string, error) {
	s, err := c.of(owner)
	if err != nil {
		return "", err
	}
	return s.plain(s.fields[owner.Name()][f.Go.Name], owner), nil
}

// word is a name in a comment, perhaps with a type or package before it or in brackets.
var word = regexp.MustCompile(`\[?\b[A-Za-z][A-Za-z0-9]*(\.[A-Z][A-Za-z0-9]*)*\b\]?`)

// plain writes the names of Go fields as files have them, and constants as their values.
func (s *sources) plain(doc string, owner reflect.Type) string {
	names := map[string]string{}
	for _, f := range yamltree.StructFields(owner) {
		names[f.Go.Name] = f.Name
	}
	return word.ReplaceAllStringFunc(doc, func(w string) string {
		name := strings.Trim(w, "[]")
		if in, ok := names[name]; ok {
			return in
		}
		if value, ok := s.consts[name]; ok {
			if value == "" {
				return "nothing"
			}
			return value
		}
		if name != w && len(w) == len(name)+2 { // a link of a Go comment
			return name
		}
		return w
	})
}

// forProgrammers is a sentence that speaks of names in Go.
var forProgrammers = regexp.MustCompile(`[a-z][A-Z]|[A-Z][A-Za-z]*\.[A-Z]`)

// forPeople returns the comment of a type without the sentences that are about Go.
func (s *sources) forPeople(t reflect.Type) string {
	var kept []string
	for _, sentence := range strings.SplitAfter(s.types[t.Name()], ". ") {
		if !forProgrammers.MatchString(sentence) {
			kept = append(kept, strings.TrimSpace(sentence))
		}
	}
	return s.plain(strings.Join(kept, " "), t)
}
