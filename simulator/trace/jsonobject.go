package trace

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/quotasched/quotasched/simulator"
)

// object is a JSON object. Services write a field as createdTs or as created_ts; it is asked for by
// the first one.
type object map[string]any

// parseObject reads an object that fills the text.
func parseObject(text []byte) (object, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var o object
	if err := decoder.Decode(&o); err != nil {
		return nil, fmt.Errorf("not JSON: %w", err)
	}
	return o, nil
}

// get returns a field, or nil.
func (o object) get(name string) any {
	if v, ok := o[name]; ok {
		return v
	}
	var snake strings.Builder
	for _, r := range name {
		if r >= 'A' && r <= 'Z' {
			snake.WriteByte('_')
			r += 'a' - 'A'
		}
		snake.WriteRune(r)
	}
	return o[snake.String()]
}

// object returns a field that is an object; an empty one if it is not.
func (o object) object(name string) object {
	m, _ := o.get(name).(map[string]any)
	return m
}

// objects returns the objects of a field that is a list.
func (o object) objects(name string) []object {
	list, _ := o.get(name).([]any)
	var objects []object
	for _, one := range list {
		if m, ok := one.(map[string]any); ok {
			objects = append(objects, m)
		}
	}
	return objects
}

// texts returns the texts of a field that is a list.
func (o object) texts(name string) []string {
	list, _ := o.get(name).([]any)
	var texts []string
	for _, one := range list {
		texts = append(texts, textOf(one))
	}
	return texts
}

// text returns a field as text; empty for objects, lists and null.
func (o object) text(name string) string { return textOf(o.get(name)) }

func textOf(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		return fmt.Sprint(v)
	}
	return ""
}

// instant returns a field that is a date, counted from 1970; simulator.Unknown if it is not there.
func (o object) instant(name string) (time.Duration, error) {
	text := o.text(name)
	if text == "" {
		return simulator.Unknown, nil
	}
	at, ok := parseDate(text, time.UTC)
	if !ok {
		return 0, fmt.Errorf("%s: %s is not a date such as 2026-01-05T09:30:00Z", name, shorten(text))
	}
	return at, nil
}

// count returns a field that is a whole number of things; 0 if it is not there.
func (o object) count(name string) (int, error) {
	text := o.text(name)
	if text == "" {
		return 0, nil
	}
	x, err := parseNumber(text)
	if err == nil && !(x >= 0 && x <= maxSize && x == float64(int(x))) {
		err = fmt.Errorf("%s is not a whole number from 0 to a hundred million", shorten(text))
	}
	if err != nil {
		return 0, fmt.Errorf("%s: %w", name, err)
	}
	return int(x), nil
}

// span sets when a record was submitted, started and ended, and what follows from that.
func (r *record) span(submit, start, end time.Duration) error {
	switch {
	case submit < 0:
		return errors.New("it does not say when it was submitted")
	case start >= 0 && start < submit:
		return errors.New("it started before it was submitted")
	case start >= 0 && end >= 0 && end < start:
		return errors.New("it ended before it started")
	}
	r.submit, r.start, r.run = submit, start, end-start
	if start >= 0 {
		r.wait = start - submit
	}
	switch {
	case start < 0:
		r.fate = neverStarted
	case end < 0:
		r.fate = noEnd
	case end == start:
		r.fate = noRunTime
	}
	return nil
}
