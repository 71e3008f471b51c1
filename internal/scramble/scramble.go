// Package scramble overwrites values, for tests which show that a value shares nothing with the
// state that it came from or went into, and sets the fields of messages at random, for tests of
// what holds for each message.
package scramble

import "reflect"

// Everything overwrites all that can be reached from v through exported fields: numbers and texts
// change, elements of slices too, and maps lose their entries and get others. It follows each
// pointer once.
func Everything(v any) {
	s := scrambler{seen: map[uintptr]bool{}}
	s.value(reflect.ValueOf(v))
}

type scrambler struct {
	seen map[uintptr]bool
}

func (s *scrambler) value(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() && !s.seen[v.Pointer()] {
			s.seen[v.Pointer()] = true
			s.value(v.Elem())
		}
	case reflect.Interface:
		s.value(v.Elem())
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				s.value(v.Field(i))
			}
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			s.value(v.Index(i))
		}
	case reflect.Map:
		s.entries(v)
	default:
		scalar(v)
	}
}

// entries overwrites what the values of a map point to, and then the map.
func (s *scrambler) entries(m reflect.Value) {
	if m.IsNil() {
		return
	}
	for _, key := range m.MapKeys() {
		s.value(m.MapIndex(key))
		m.SetMapIndex(key, reflect.Value{})
	}
	key := reflect.New(m.Type().Key()).Elem()
	scalar(key)
	m.SetMapIndex(key, reflect.Zero(m.Type().Elem()))
}

func scalar(v reflect.Value) {
	if !v.CanSet() {
		return
	}
	switch {
	case v.CanInt():
		v.SetInt(v.Int() ^ 5)
	case v.CanUint():
		v.SetUint(v.Uint() ^ 5)
	case v.Kind() == reflect.String:
		v.SetString(v.String() + "!")
	case v.Kind() == reflect.Bool:
		v.SetBool(!v.Bool())
	}
}
