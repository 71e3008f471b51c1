package yamltree

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/quotasched/quotasched/internal/field"
)

// ParsePath takes a path such as policies.quota.accounts."team.a".rates.p0 apart. An element of a
// list is called by its name, its number (policies.0) or both (policies[0]).
func ParsePath(text string) ([]string, error) {
	var path []string
	rest := text
	for first := true; rest != "" || first; first = false {
		name := ""
		switch {
		case !first && strings.HasPrefix(rest, "["):
			end := strings.IndexByte(rest, ']')
			if end < 0 {
				return nil, fmt.Errorf("path %q: a bracket is not closed", text)
			}
			name, rest = rest[:end+1], rest[end+1:]
			if _, err := strconv.ParseUint(name[1:end], 10, 31); err != nil {
				return nil, fmt.Errorf("path %q: %s is not the number of an element", text, name)
			}
		default:
			if !first {
				var ok bool
				if rest, ok = strings.CutPrefix(rest, "."); !ok {
					return nil, fmt.Errorf("path %q: a point is missing before %q", text, rest)
				}
			}
			if quoted, err := strconv.QuotedPrefix(rest); err == nil {
				name, _ = strconv.Unquote(quoted)
				rest = rest[len(quoted):]
			} else {
				end := strings.IndexAny(rest, ".[")
				if end < 0 {
					end = len(rest)
				}
				name, rest = rest[:end], rest[end:]
			}
		}
		if name == "" {
			return nil, fmt.Errorf("path %q: a name is empty", text)
		}
		path = append(path, name)
	}
	return path, nil
}

// Set returns the tree with another value at a path. Mappings that are missing on the way are made;
// elements of lists must be there. Errors name the part of the path that is not there.
func Set(root *Node, path []string, value *Node) (*Node, error) {
	return set(root, nil, path, value)
}

func set(n *Node, done, path []string, value *Node) (*Node, error) {
	if len(path) == 0 {
		return value, nil
	}
	name := path[0]
	out := *n
	switch n.Kind {
	case List:
		i, ok := element(n, name)
		if !ok {
			return nil, fmt.Errorf("%s has no element %s; there are %s", shownPath(done),
				name, elements(n))
		}
		item, err := set(n.Items[i], append(done, name), path[1:], value)
		if err != nil {
			return nil, err
		}
		out.Items = slices.Clone(n.Items)
		out.Items[i] = item
	case Mapping, Null:
		i := slices.IndexFunc(n.Fields, func(f Field) bool { return f.Name == name })
		old := &Node{At: value.At}
		if i >= 0 {
			old = n.Fields[i].Value
		}
		item, err := set(old, append(done, name), path[1:], value)
		if err != nil {
			return nil, err
		}
		out.Kind, out.Text, out.value = Mapping, "", nil
		out.Fields = slices.Clone(n.Fields)
		if i < 0 {
			out.Fields = append(out.Fields, Field{Name: name, At: value.At, Value: item})
		} else {
			out.Fields[i] = Field{Name: name, At: value.At, Value: item}
		}
	default:
		return nil, fmt.Errorf("%s is %v, and has no field %s", shownPath(done), n.Kind, name)
	}
	return out.measured(), nil
}

// Get returns the node at a path, or nil if there is none.
func Get(root *Node, path []string) *Node {
	n := root
	for _, name := range path {
		if n == nil {
			return nil
		}
		if n.Kind == List {
			i, ok := element(n, name)
			if !ok {
				return nil
			}
			n = n.Items[i]
			continue
		}
		n = n.Field(name)
	}
	return n
}

// Append returns a list with one more item.
func Append(list, item *Node) *Node {
	out := *list
	out.Items = append(slices.Clone(list.Items), item)
	return out.measured()
}

func shownPath(path []string) string {
	if len(path) == 0 {
		return "the file"
	}
	return field.Path(path)
}

// element finds the element of a list that a part of a path means.
func element(n *Node, name string) (int, bool) {
	for i, item := range n.Items {
		if itemName(item) == name {
			return i, true
		}
	}
	digits := strings.TrimSuffix(strings.TrimPrefix(name, "["), "]")
	i, err := strconv.ParseUint(digits, 10, 31)
	return int(i), err == nil && int(i) < len(n.Items)
}

// itemName is the name of an element of a list, or what it matches; empty if it has neither.
func itemName(item *Node) string {
	for _, key := range []string{"name", "match"} {
		if f := item.Field(key); f != nil && f.Kind > Null && f.Kind < List {
			return f.Text
		}
	}
	return ""
}

// elements lists the elements of a list by name, for a message.
func elements(n *Node) string {
	if len(n.Items) == 0 {
		return "none"
	}
	names := make([]string, len(n.Items))
	for i, item := range n.Items {
		if names[i] = itemName(item); names[i] == "" {
			names[i] = field.Index(i)
		}
	}
	return strings.Join(names, ", ")
}

// Merge returns base with what over has on top: fields of mappings are merged one by one, a null
// removes a field, and everything else takes the place of what base has.
func Merge(base, over *Node) *Node {
	if base.Kind != Mapping || over.Kind != Mapping {
		return over
	}
	out := *over
	out.Fields = nil
	for _, f := range base.Fields {
		if over.Field(f.Name) == nil {
			out.Fields = append(out.Fields, f)
		}
	}
	for _, f := range over.Fields {
		if f.Value.Kind == Null {
			continue
		}
		if old := base.Field(f.Name); old != nil {
			f.Value = Merge(old, f.Value)
		}
		out.Fields = append(out.Fields, f)
	}
	return out.measured()
}

// Without returns a mapping without some of its fields.
func Without(n *Node, names ...string) *Node {
	out := *n
	out.Fields = slices.DeleteFunc(slices.Clone(n.Fields), func(f Field) bool {
		return slices.Contains(names, f.Name)
	})
	return out.measured()
}
