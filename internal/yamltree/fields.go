package yamltree

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"unicode"
)

// StructField is a field of a Go struct as a mapping has it.
type StructField struct {
	// Name is the name in the mapping.
	Name string
	// Required is true if a mapping must have it, and Nonzero if it may not be 0 where it is there.
	Required, Nonzero bool
	// Owner is the struct that declares it, which is another one than asked for if that one is
	// inlined, and Go the field.
	Owner reflect.Type
	Go    reflect.StructField
	// Index leads to it from the struct asked for, as in reflect.
	Index []int
}

// fieldsOf remembers the fields of each struct, by reflect.Type.
var fieldsOf sync.Map

// StructFields returns the fields of a struct that a mapping may have, in the order of the Go type.
// They must not be changed.
func StructFields(t reflect.Type) []StructField {
	if known, ok := fieldsOf.Load(t); ok {
		return known.([]StructField)
	}
	fields := structFields(t)
	fieldsOf.Store(t, fields)
	return fields
}

func structFields(t reflect.Type) []StructField {
	var all []StructField
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		inline := slices.Contains(strings.Split(options, ","), "inline")
		if name == "-" || !f.IsExported() {
			continue
		}
		if inline && f.Type.Kind() == reflect.Struct {
			for _, inner := range StructFields(f.Type) {
				inner.Index = slices.Concat([]int{i}, inner.Index)
				all = append(all, inner)
			}
			continue
		}
		if name == "" {
			name = snake(f.Name)
		}
		all = append(all, StructField{
			Name:     name,
			Required: slices.Contains(strings.Split(options, ","), "required"),
			Nonzero:  slices.Contains(strings.Split(options, ","), "nonzero"),
			Owner:    t,
			Go:       f,
			Index:    []int{i},
		})
	}
	return all
}

// snake writes KeepAlive as keep_alive.
func snake(name string) string {
	var b strings.Builder
	runes := []rune(name)
	for i, r := range runes {
		if unicode.IsUpper(r) && i > 0 && (!unicode.IsUpper(runes[i-1]) ||
			i+1 < len(runes) && unicode.IsLower(runes[i+1])) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// unknown says that there is no field of this name, and which ones there are, or which was meant.
func unknown(name string, fields []StructField) string {
	known := make([]string, len(fields))
	best, distance := "", 3
	for i, f := range fields {
		k := f.Name
		known[i] = k
		if d := editDistance(name, k); d < distance && 2*d <= len(name) && len(name) > 2 {
			best, distance = k, d
		}
	}
	if best != "" {
		return fmt.Sprintf("unknown field %q; was %q meant?", name, best)
	}
	known = slices.Sorted(slices.Values(known))
	return fmt.Sprintf("unknown field %q; there are %s", name, strings.Join(known, ", "))
}

// editDistance counts the letters to insert, remove or replace to make one name of another.
func editDistance(a, b string) int {
	if len(a) > 100 {
		return len(a)
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost = min(diagonal, row[j], row[j+1]) + 1
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}
