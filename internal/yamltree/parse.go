package yamltree

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"github.com/quotasched/quotasched/internal/words"
)

// The limits of a text. The library's time grows with the square of the fields of a mapping, and of
// the lines of a comment; at these limits it is about a second.
const (
	bytesMax  = 1 << 18
	fieldsMax = 10_000
	depthMax  = 100
	nodesMax  = 250_000
	mergesMax = 250_000 // fields that merges go through
)

// Parse reads a text of one document. The name is for messages. The error, Mistakes, has what is
// wrong with its syntax, and names that stand twice in a mapping. Cost: about a second for the
// largest text that is taken.
func Parse(name string, data []byte) (*Node, error) {
	return parse(&Source{Name: name}, data)
}

// ParseOption reads a value that was given in an option of a command, such as "[1, 2]". Mistakes in
// it are shown with the name of the option, and no line.
func ParseOption(name, text string) (*Node, error) {
	return parse(&Source{Name: name, option: true}, []byte(text))
}

func parse(source *Source, data []byte) (n *Node, err error) {
	start := Position{Source: source}
	defer func() {
		if r := recover(); r != nil { // a defect of the YAML library
			n, err = nil, Mistakes{{At: start, Err: fmt.Errorf("cannot be read as YAML: %v", r)}}
		}
	}()
	switch {
	case len(data) > bytesMax:
		return nil, Mistakes{{At: start,
			Err: fmt.Errorf("has %s bytes, more than %s", words.Number(len(data)),
				words.Number(bytesMax))}}
	case !utf8.Valid(data):
		return nil, Mistakes{{At: start, Err: errors.New("is not UTF-8 text")}}
	}
	text := strings.ReplaceAll(strings.TrimPrefix(string(data), "\ufeff"), "\r\n", "\n")
	source.lines = strings.Split(text, "\n")
	t := &tree{source: source, anchors: map[string]*Node{}}
	file := t.syntax(text)
	if file == nil {
		return nil, t.mistakes.Err()
	}
	var bodies []ast.Node
	for _, d := range file.Docs {
		if d.Body != nil && d.Body.Type() != ast.CommentType {
			bodies = append(bodies, d.Body)
		}
	}
	if len(bodies) == 0 {
		return nil, Mistakes{{At: start, Err: errors.New("is empty")}}
	}
	n = t.node(bodies[0])
	if n.size > nodesMax {
		t.add(n.At, "has more than %s values once its aliases are expanded",
			words.Number(nodesMax))
	}
	if len(bodies) > 1 {
		t.add(t.node(bodies[1]).At, "has more than one document")
	}
	return n, t.mistakes.Err()
}

// tree is a text that is being read.
type tree struct {
	source   *Source
	anchors  map[string]*Node
	merges   int // fields that merges went through
	mistakes Mistakes
}

// wrong notes a mistake at a node of the syntax.
func (t *tree) wrong(n ast.Node, format string, args ...any) {
	t.add(t.at(n.GetToken()), format, args...)
}

func (t *tree) add(at Position, format string, args ...any) {
	t.mistakes = append(t.mistakes, &Mistake{At: at, Err: fmt.Errorf(format, args...)})
}

// at returns the place of a token.
func (t *tree) at(tk *token.Token) Position {
	p := Position{Source: t.source}
	if tk != nil && tk.Position != nil {
		p.Line, p.Column = tk.Position.Line, tk.Position.Column
	}
	return p
}

// syntax returns the text's syntax tree, or nil after it noted what is wrong. What takes the
// library's parser deep, or time or memory out of proportion, is refused before.
func (t *tree) syntax(text string) *ast.File {
	tokens := lexer.Tokenize(text)
	if !t.checkTokens(tokens) {
		return nil
	}
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err == nil {
		return file
	}
	var y yaml.Error
	if errors.As(err, &y) {
		t.add(t.at(y.GetToken()), "%s", y.GetMessage())
	} else {
		t.add(t.at(nil), "%w", err)
	}
	return nil
}

// checkTokens reports whether a text is within the limits, after it noted the first that is not.
func (t *tree) checkTokens(tokens token.Tokens) bool {
	brackets, prefixes, fields, headers := 0, 0, 0, 0
	for _, tk := range tokens {
		switch tk.Type {
		case token.SequenceStartType, token.MappingStartType:
			brackets++
		case token.SequenceEndType, token.MappingEndType:
			brackets--
		case token.MappingValueType:
			fields++
		case token.DocumentHeaderType:
			headers++
		}
		switch tk.Type {
		case token.SequenceEntryType, token.MappingKeyType, token.TagType, token.AnchorType:
			prefixes++
		default:
			prefixes = 0
		}
		switch {
		case brackets > depthMax || prefixes > depthMax:
			t.add(t.at(tk), "is nested more than %d levels deep", depthMax)
			return false
		case fields > fieldsMax:
			t.add(t.at(tk), "has more than %s fields", words.Number(fieldsMax))
			return false
		case headers > 1:
			t.add(t.at(tk), "has more than one document")
			return false
		case tk.Type == token.MappingKeyType: // no name that it can begin is taken
			t.add(t.at(tk), "the name of a field is a text, without a question mark before it")
			return false
		}
	}
	return true
}

// node returns the tree of a syntax node.
func (t *tree) node(n ast.Node) *Node {
	out := &Node{}
	if n == nil {
		return out.measured()
	}
	out.At = t.at(n.GetToken())
	switch n := n.(type) {
	case *ast.MappingNode:
		out.Kind = Mapping
		t.fields(out, n.Values)
	case *ast.MappingValueNode:
		out.Kind = Mapping
		t.fields(out, []*ast.MappingValueNode{n})
	case *ast.SequenceNode:
		out.Kind = List
		for _, item := range n.Values {
			if label := t.label(item); label != nil {
				out.Items = append(out.Items, label)
				continue
			}
			out.Items = append(out.Items, t.node(item))
		}
	case *ast.AnchorNode:
		value := t.node(n.Value)
		if n.Name != nil {
			t.anchors[n.Name.GetToken().Value] = value
		}
		return value
	case *ast.AliasNode:
		if n.Value != nil {
			if value := t.anchors[n.Value.GetToken().Value]; value != nil {
				return value
			}
		}
		t.wrong(n, "there is no anchor of this name before it")
	case *ast.TagNode:
		t.wrong(n, "tags such as !!str are not used here; quotes make a text of a value")
	default:
		t.scalar(out, n)
	}
	return out.measured()
}

// label returns the text of an element such as pool:a of the list in {labels: [pool:a]}, which the
// library takes for a mapping; YAML asks for a space behind the colon of one. It is nil for others.
func (t *tree) label(n ast.Node) *Node {
	if m, ok := n.(*ast.MappingNode); ok && len(m.Values) == 1 &&
		m.Start.Type != token.MappingStartType {
		n = m.Values[0]
	}
	m, ok := n.(*ast.MappingValueNode)
	if !ok || m.Key == nil || m.Value == nil || m.Start == nil {
		return nil
	}
	if _, ok := m.Value.(ast.ScalarNode); !ok {
		return nil
	}
	key, colon, value := m.Key.GetToken(), m.Start, m.Value.GetToken()
	for _, tk := range []*token.Token{key, value} {
		if tk == nil || tk.CharacterType != token.CharacterTypeMiscellaneous {
			return nil // it is in quotes, or a bracket
		}
	}
	if key.Position.Line != value.Position.Line ||
		key.Position.Column+utf8.RuneCountInString(key.Value) != colon.Position.Column ||
		colon.Position.Column+1 != value.Position.Column {
		return nil
	}
	text := key.Value + ":" + value.Value
	return (&Node{Kind: Text, Text: text, value: text, At: t.at(key)}).measured()
}

// exponent is a number such as 1e6, which the library takes for a text.
var exponent = regexp.MustCompile(`^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)[eE][-+]?[0-9]+$`)

// scalar fills a node with a single value.
func (t *tree) scalar(out *Node, n ast.Node) {
	tk := n.GetToken()
	if tk != nil {
		out.Text = strings.TrimSpace(tk.Value)
	}
	switch n := n.(type) {
	case *ast.NullNode:
		out.Kind = Null
	case *ast.BoolNode:
		out.Kind, out.value = Bool, n.Value
	case *ast.IntegerNode:
		out.Kind, out.value = Number, n.Value
	case *ast.FloatNode:
		out.Kind, out.value = Number, n.Value
	case *ast.InfinityNode:
		out.Kind, out.value = Number, n.Value
	case *ast.NanNode:
		out.Kind, out.value = Number, n.GetValue()
	case *ast.StringNode:
		out.Kind, out.Text, out.value = Text, n.Value, n.Value
		if tk.Type == token.StringType && exponent.MatchString(n.Value) {
			if x, err := strconv.ParseFloat(n.Value, 64); err == nil {
				out.Kind, out.value = Number, x
			}
		}
	case *ast.LiteralNode:
		out.Kind = Text
		if n.Value != nil {
			out.Text = n.Value.Value
		}
		out.value = out.Text
	default:
		t.wrong(n, "%s is not used here", strings.ToLower(n.Type().String()))
	}
}

// fields fills a mapping: its own fields first, then the fields that "<<" merges in.
func (t *tree) fields(out *Node, values []*ast.MappingValueNode) {
	seen := make(map[string]bool, len(values))
	var merged []*Node
	for _, v := range values {
		if v.Key == nil {
			continue
		}
		if _, ok := v.Key.(*ast.MergeKeyNode); ok {
			merged = append(merged, t.merged(v.Value)...)
			continue
		}
		name, ok := keyText(v.Key)
		switch {
		case !ok:
			t.wrong(v.Key, "the name of a field is a text")
		case seen[name]:
			t.wrong(v.Key, "%q stands twice in one mapping", name)
		default:
			seen[name] = true
			f := Field{Name: name, At: t.at(v.Key.GetToken()), Value: t.node(v.Value)}
			if f.Value.Kind == Null {
				f.Value.At = f.At
			}
			out.Fields = append(out.Fields, f)
		}
	}
	if len(out.Fields) > 0 {
		out.At = out.Fields[0].At // the syntax tree says where the first colon is
	}
	for _, m := range merged {
		if t.merges += len(m.Fields); t.merges > mergesMax {
			t.add(out.At, "merges more than %s fields with <<", words.Number(mergesMax))
			return
		}
		for _, f := range m.Fields {
			if !seen[f.Name] {
				seen[f.Name] = true
				out.Fields = append(out.Fields, f)
			}
		}
	}
}

// merged returns the mappings that a "<<" names.
func (t *tree) merged(n ast.Node) []*Node {
	value := t.node(n)
	all := []*Node{value}
	if value.Kind == List {
		all = value.Items
	}
	for _, m := range all {
		if m.Kind != Mapping {
			t.wrong(n, "<< takes a mapping or a list of mappings, not %v", m.Kind)
			return nil
		}
	}
	return all
}

// keyText returns the name of a field.
func keyText(key ast.MapKeyNode) (string, bool) {
	switch k := key.(type) {
	case *ast.StringNode:
		return k.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.NullNode, *ast.InfinityNode,
		*ast.NanNode:
		return strings.TrimSpace(k.GetToken().Value), true
	}
	return "", false
}
