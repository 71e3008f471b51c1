package main

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/quotasched/quotasched/internal/yamltree"
	"github.com/quotasched/quotasched/simulator/experiment"
)

// object is a piece of a JSON Schema.
type object map[string]any

// walk goes through the types of an experiment file.
type walk struct {
	comments *comments
	sections []*section
	known    map[reflect.Type]*section
	err      error
}

// section is a mapping with fixed fields: a struct.
type section struct {
	name   string // of the definition
	path   string // where it stands first
	doc    string
	rows   []row
	schema object
}

// row is a field of a section.
type row struct {
	name, kind, defaults, doc string
	required                  bool
}

// experiment goes through everything from the top, and returns its section.
func (w *walk) experiment() *section {
	w.known = map[reflect.Type]*section{}
	f := &experiment.File{}
	f.SetDefaults()
	return w.structure(reflect.ValueOf(f).Elem(), "")
}

// structure describes a struct, whose values are defaults, once.
func (w *walk) structure(v reflect.Value, path string) *section {
	t := v.Type()
	if s := w.known[t]; s != nil {
		return s
	}
	source, err := w.comments.of(t)
	if err != nil {
		w.err = err
		return &section{}
	}
	s := &section{name: t.Name(), path: path, doc: source.forPeople(t)}
	for _, other := range w.known {
		if other.name == s.name {
			s.name = t.String() // with its package
		}
	}
	w.known[t] = s
	w.sections = append(w.sections, s)
	properties, required := object{}, []string{}
	for _, f := range yamltree.StructFields(t) {
		doc, err := w.comments.field(f.Owner, &f)
		if err != nil {
			w.err = err
		}
		schema, kind := w.value(v.FieldByIndex(f.Index), join(path, f.Name))
		r := row{name: f.Name, kind: kind, doc: doc, required: f.Required}
		if _, isRef := schema["$ref"]; isRef {
			schema = object{"allOf": []object{schema}}
		}
		schema["description"] = doc
		if f.Nonzero {
			schema["not"] = object{"enum": []any{0, "0s"}}
		}
		if value, text := defaultOf(v.FieldByIndex(f.Index)); value != nil && !f.Required &&
			!f.Nonzero {
			schema["default"] = value
			r.defaults = text
		}
		properties[f.Name] = schema
		if f.Required {
			required = append(required, f.Name)
		}
		s.rows = append(s.rows, r)
	}
	s.schema = object{"type": "object", "description": s.doc, "properties": properties,
		"additionalProperties": false}
	if len(required) > 0 {
		s.schema["required"] = required
	}
	return s
}

// join adds a name to a path.
func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// fresh returns a new value with its defaults.
func fresh(t reflect.Type) reflect.Value {
	p := reflect.New(t)
	if d, ok := p.Interface().(yamltree.Defaulter); ok {
		d.SetDefaults()
	}
	return p.Elem()
}

// duration is the schema of durations.
var duration = object{"anyOf": []object{
	{"type": "string", "minLength": 2, "pattern": `^-?([0-9.]+w)?([0-9.]+d)?` +
		`([0-9.]+(ns|us|µs|ms|s|m|h))*$`},
	{"const": 0},
}}

// value describes what a value may be: its schema, and its kind in words.
func (w *walk) value(v reflect.Value, path string) (object, string) {
	t := v.Type()
	switch t {
	case reflect.TypeFor[time.Duration]():
		return object{"$ref": "#/$defs/duration"}, "duration"
	case reflect.TypeFor[time.Time]():
		return object{"type": "string"}, "time"
	case reflect.TypeFor[*yamltree.Node]():
		return object{}, "any value"
	}
	pointer := reflect.New(t).Interface()
	if s, ok := pointer.(yamltree.Schemer); ok {
		return w.ofItself(s)
	}
	switch t.Kind() {
	case reflect.Pointer:
		return w.value(fresh(t.Elem()), path)
	case reflect.Slice, reflect.Array:
		item, kind := w.value(fresh(t.Elem()), path+"[]")
		return object{"type": "array", "items": item}, "list of " + kind
	case reflect.Map:
		item, kind := w.value(fresh(t.Elem()), path+".*")
		// A null takes an entry of a base away.
		item = object{"anyOf": []object{item, {"type": "null"}}}
		return object{"type": "object", "additionalProperties": item}, "mapping of names to " + kind
	}
	switch pointer.(type) {
	case yaml.InterfaceUnmarshaler, yaml.BytesUnmarshaler, yamltree.Unmarshaler:
		return object{}, t.Name()
	case encoding.TextUnmarshaler:
		return object{"type": "string"}, "text"
	}
	if t.Kind() == reflect.Struct {
		s := w.structure(v, path)
		return object{"$ref": "#/$defs/" + s.name}, fmt.Sprintf("[%s](#%s)", s.name, anchor(s))
	}
	return w.scalar(t)
}

// ofItself takes what a type says of itself.
func (w *walk) ofItself(s yamltree.Schemer) (object, string) {
	text, kind := s.JSONSchema()
	var o object
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		w.err = fmt.Errorf("%T: %w", s, err)
	}
	return o, kind
}

// scalar describes single values.
func (w *walk) scalar(t reflect.Type) (object, string) {
	switch t.Kind() {
	case reflect.String:
		source, err := w.comments.of(t)
		if err != nil {
			w.err = err
			return nil, ""
		}
		if values := source.values[t.Name()]; len(values) > 0 {
			return object{"enum": values}, "`" + strings.Join(values, "`, `") + "`"
		}
		return object{"type": "string"}, "text"
	case reflect.Bool:
		return object{"type": "boolean"}, "`true` or `false`"
	case reflect.Int, reflect.Int64:
		return object{"type": "integer"}, "whole number"
	case reflect.Uint64:
		return object{"type": "integer", "minimum": 0}, "whole number"
	case reflect.Float64:
		return object{"type": "number"}, "number"
	}
	w.err = fmt.Errorf("no schema for %v", t)
	return nil, ""
}

// defaultOf returns the value of a single value, and how a file writes it; nil for others.
func defaultOf(v reflect.Value) (any, string) {
	if d, ok := v.Interface().(time.Duration); ok {
		text := shortDuration(d)
		return text, text
	}
	switch v.Kind() {
	case reflect.Bool, reflect.Int, reflect.Int64, reflect.Float64:
		return v.Interface(), fmt.Sprint(v.Interface())
	}
	return nil, ""
}

// shortDuration writes 8m0s as 8m, and 168h0m0s as 7d.
func shortDuration(d time.Duration) string {
	const day = 24 * time.Hour
	if d > day && d%day == 0 {
		return fmt.Sprintf("%dd", d/day)
	}
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// schema writes the JSON Schema.
func (w *walk) schema(root *section) ([]byte, error) {
	definitions := object{"duration": duration}
	for _, s := range w.sections[1:] {
		definitions[s.name] = s.schema
	}
	out := object{
		"$schema": "https://json-schema.org/draft/2020-12/schema",
		"title":   "An experiment of qsim",
		"$defs":   definitions,
	}
	for key, value := range root.schema { // in any order: JSON sorts it
		out[key] = value
	}
	text, err := json.MarshalIndent(out, "", "  ")
	return append(text, '\n'), err
}
