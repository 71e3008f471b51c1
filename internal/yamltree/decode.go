package yamltree

import (
	"encoding"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/quotasched/quotasched/internal/field"
)

// Unmarshaler is a type with a form of its own in a text, such as one that may be a number or a
// list.
type Unmarshaler interface {
	// UnmarshalTree takes the node's value over. Mistakes go to d.
	UnmarshalTree(n *Node, d *Decoder)
}

// Defaulter is a type whose values are not zero where a text leaves them out.
type Defaulter interface {
	// SetDefaults fills a zero value.
	SetDefaults()
}

// mistakesMax is how many mistakes are kept: one of a mapping with many aliases counts for each.
const mistakesMax = 10_000

// Decode fills what into points to with a node. What the node leaves out stays as it is. The error,
// Mistakes, has everything that is wrong, up to 10,000 mistakes; what is right is filled in
// nevertheless.
func Decode(n *Node, into any) error {
	d := &Decoder{}
	d.Decode(n, into)
	return d.mistakes.Err()
}

// Decoder decodes one tree.
type Decoder struct {
	path     []string
	mistakes Mistakes
}

// Decode fills what into, a pointer, points to.
func (d *Decoder) Decode(n *Node, into any) { d.value(n, reflect.ValueOf(into).Elem()) }

// Wrong notes a mistake at a node.
func (d *Decoder) Wrong(n *Node, format string, args ...any) {
	d.wrongAt(n.At, format, args...)
}

func (d *Decoder) wrongAt(at Position, format string, args ...any) {
	if len(d.mistakes) >= mistakesMax {
		return
	}
	d.mistakes = append(d.mistakes, &Mistake{At: at, Path: slices.Clone(d.path),
		Err: fmt.Errorf(format, args...)})
}

// in decodes something one step further down.
func (d *Decoder) in(name string, n *Node, v reflect.Value) {
	d.path = append(d.path, name)
	d.value(n, v)
	d.path = d.path[:len(d.path)-1]
}

// fresh returns a new value with its defaults.
func fresh(t reflect.Type) reflect.Value {
	v := reflect.New(t)
	if d, ok := v.Interface().(Defaulter); ok {
		d.SetDefaults()
	}
	return v
}

var (
	durationType = reflect.TypeFor[time.Duration]()
	timeType     = reflect.TypeFor[time.Time]()
	nodeType     = reflect.TypeFor[*Node]()
)

// value fills v, which can be set.
func (d *Decoder) value(n *Node, v reflect.Value) {
	if v.Type() == nodeType {
		v.Set(reflect.ValueOf(n))
		return
	}
	if n.Kind == Null {
		return
	}
	switch v.Type() {
	case durationType:
		d.duration(n, v)
		return
	case timeType:
		d.time(n, v)
		return
	}
	if v.CanAddr() && d.byItself(n, v.Addr().Interface()) {
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		p := fresh(v.Type().Elem())
		d.value(n, p.Elem())
		v.Set(p)
	case reflect.Struct:
		d.structure(n, v)
	case reflect.Map:
		d.mapping(n, v)
	case reflect.Slice:
		d.list(n, v)
	case reflect.Array:
		d.array(n, v)
	default:
		d.scalar(n, v)
	}
}

// byItself lets a value decode itself, if it can.
func (d *Decoder) byItself(n *Node, pointer any) bool {
	var err error
	switch u := pointer.(type) {
	case Unmarshaler:
		u.UnmarshalTree(n, d)
	case yaml.InterfaceUnmarshaler:
		err = u.UnmarshalYAML(func(into any) error { return Decode(n, into) })
	case yaml.BytesUnmarshaler:
		var text []byte
		if text, err = yaml.MarshalWithOptions(n.Any(), yaml.JSON()); err == nil {
			err = u.UnmarshalYAML(text)
		}
	case encoding.TextUnmarshaler:
		if n.Kind >= List {
			d.Wrong(n, "is %v, want a text", n.Kind)
			return true
		}
		err = u.UnmarshalText([]byte(n.Text))
	default:
		return false
	}
	if err == nil {
		return true
	}
	for _, m := range Locate(n, err) {
		if m.At.Line == 0 {
			m.At = n.At
		}
		m.Path = append(slices.Clone(d.path), m.Path...)
		d.mistakes = append(d.mistakes, m)
	}
	return true
}

// want notes a mistake unless the node is of a kind.
func (d *Decoder) want(n *Node, kind Kind) bool {
	if n.Kind != kind {
		d.Wrong(n, "is %v, want %v", n.Kind, kind)
	}
	return n.Kind == kind
}

func (d *Decoder) structure(n *Node, v reflect.Value) {
	if !d.want(n, Mapping) {
		return
	}
	fields := StructFields(v.Type())
	for _, f := range fields {
		if f.Required && n.Field(f.Name) == nil {
			d.path = append(d.path, f.Name)
			d.Wrong(n, "is missing")
			d.path = d.path[:len(d.path)-1]
		}
	}
	for _, f := range n.Fields {
		i := slices.IndexFunc(fields, func(s StructField) bool { return s.Name == f.Name })
		if i < 0 {
			d.wrongAt(f.At, "%s", unknown(f.Name, fields))
			continue
		}
		before := len(d.mistakes)
		d.in(f.Name, f.Value, v.FieldByIndex(fields[i].Index))
		if len(d.mistakes) == before && fields[i].Nonzero && f.Value.Kind != Null &&
			v.FieldByIndex(fields[i].Index).IsZero() {
			d.path = append(d.path, f.Name)
			d.Wrong(f.Value, "is %s, which is not possible; leave it out for the default",
				f.Value.Text)
			d.path = d.path[:len(d.path)-1]
		}
	}
}

func (d *Decoder) mapping(n *Node, v reflect.Value) {
	if !d.want(n, Mapping) {
		return
	}
	m := reflect.MakeMapWithSize(v.Type(), len(n.Fields))
	for _, f := range n.Fields {
		key, item := reflect.New(v.Type().Key()).Elem(), fresh(v.Type().Elem()).Elem()
		d.path = append(d.path, f.Name)
		d.key(&f, key)
		d.value(f.Value, item)
		d.path = d.path[:len(d.path)-1]
		m.SetMapIndex(key, item)
	}
	v.Set(m)
}

// key fills a name of a mapping, which is a text or a whole number.
func (d *Decoder) key(f *Field, v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(f.Name)
	case reflect.Int:
		i, err := strconv.Atoi(f.Name)
		if err != nil {
			d.wrongAt(f.At, "the name %q is not a whole number", shorten(f.Name))
		}
		v.SetInt(int64(i))
	default:
		d.wrongAt(f.At, "a %v cannot be read from a text", v.Type())
	}
}

func (d *Decoder) list(n *Node, v reflect.Value) {
	if !d.want(n, List) {
		return
	}
	list := reflect.MakeSlice(v.Type(), len(n.Items), len(n.Items))
	for i, item := range n.Items {
		list.Index(i).Set(fresh(v.Type().Elem()).Elem())
		d.in(field.Index(i), item, list.Index(i))
	}
	v.Set(list)
}

func (d *Decoder) array(n *Node, v reflect.Value) {
	if !d.want(n, List) {
		return
	}
	if len(n.Items) != v.Len() {
		d.Wrong(n, "has %d elements, want %d", len(n.Items), v.Len())
		return
	}
	for i, item := range n.Items {
		d.in(field.Index(i), item, v.Index(i))
	}
}

// Schemer is a type that describes its own form in a text, as an Unmarshaler should.
type Schemer interface {
	// JSONSchema returns a JSON Schema (draft 2020-12), and what a value is in a few words, such as
	// "number or list of numbers".
	JSONSchema() (schema, words string)
}
