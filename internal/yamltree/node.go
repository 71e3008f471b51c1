package yamltree

import (
	"encoding/json"
	"fmt"
)

// Kind is what a node is.
type Kind uint8

// The kinds of nodes.
const (
	Null Kind = iota
	Bool
	Number
	Text
	List
	Mapping
)

// String says it as a message does: "a list".
func (k Kind) String() string {
	return [...]string{"nothing", "true or false", "a number", "a text", "a list",
		"a mapping"}[k]
}

// Node is a value of a YAML text. It is not changed once it is made.
type Node struct {
	Kind Kind
	// Text is a scalar as it was written, without quotes.
	Text string
	// Items are those of a list, and Fields those of a mapping, in the order of the text.
	Items  []*Node
	Fields []Field
	// At is where it was written.
	At Position

	value any // a scalar's: bool, int64, uint64, float64 or string
	size  int // nodes in it, itself included; a long text counts as several
}

// Field is an entry of a mapping.
type Field struct {
	Name  string
	At    Position // of the name
	Value *Node
}

// Field returns the value of a field of a mapping, or nil.
func (n *Node) Field(name string) *Node {
	for i := range n.Fields {
		if n.Fields[i].Name == name {
			return n.Fields[i].Value
		}
	}
	return nil
}

// Any returns the node as Go values: nil, bool, int64, uint64, float64, string, []any and
// map[string]any.
func (n *Node) Any() any {
	switch n.Kind {
	case List:
		items := make([]any, len(n.Items))
		for i, item := range n.Items {
			items[i] = item.Any()
		}
		return items
	case Mapping:
		fields := make(map[string]any, len(n.Fields))
		for _, f := range n.Fields {
			fields[f.Name] = f.Value.Any()
		}
		return fields
	}
	return n.value
}

// String writes a scalar as it was written, and others as JSON, for people.
func (n *Node) String() string {
	if n.Kind < List {
		return n.Text
	}
	b, err := json.Marshal(n.Any())
	if err != nil { // a number that JSON does not have, such as .inf
		return fmt.Sprint(n.Any())
	}
	return string(b)
}

// textBytesPerNode is how much text counts as one more node.
const textBytesPerNode = 64

// measured sets a new node's size.
func (n *Node) measured() *Node {
	n.size = 1 + len(n.Text)/textBytesPerNode
	for _, item := range n.Items {
		n.size = min(n.size+item.size, nodesMax+1)
	}
	for _, f := range n.Fields {
		n.size = min(n.size+f.Value.size+len(f.Name)/textBytesPerNode, nodesMax+1)
	}
	return n
}
