package trace

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/quotasched/quotasched/internal/field"
	"github.com/quotasched/quotasched/internal/words"
)

// Validate returns nil, or an error (package field) that names all mistakes in the source that
// show without reading the log.
func (s *Source) Validate() error {
	var errs []error
	add := func(name, format string, args ...any) {
		errs = append(errs, field.Errorf(name, format, args...))
	}
	if s.File == "" {
		add("file", "no file is named")
	}
	if s.Format != FormatAuto && !slices.Contains(Formats(), s.Format) {
		add("format", "%q is none of %s", s.Format, formatNames())
	}
	full, err := s.withPreset()
	if err != nil {
		errs = append(errs, err)
		full = *s
	}
	if full.Format == FormatCSV {
		errs = append(errs, field.In("table", full.Table.validate()))
	} else {
		errs = append(errs, field.In("table", full.Table.validateForm()))
	}
	return errors.Join(append(errs, full.Mapping.validate())...)
}

// formatNames lists the formats for messages.
func formatNames() string {
	var names []string
	for _, f := range Formats() {
		names = append(names, string(f))
	}
	return list(names)
}

// validate returns nil, or all mistakes in the table.
func (t *Table) validate() error {
	var errs []error
	add := func(name, format string, args ...any) {
		errs = append(errs, field.Errorf(name, format, args...))
	}
	if t.Submit == "" {
		add("submit", "no column is named; it is needed")
	}
	if t.Run == "" && (t.Start == "" || t.End == "") {
		add("run", "no column is named; it is needed, or both start and end")
	}
	errs = append(errs, t.validateForm())
	unit := units[t.Unit].length
	for _, bound := range []struct {
		name  string
		value float64
	}{{"start_of_log", t.StartOfLog}, {"end_of_log", t.EndOfLog}} {
		if !(bound.value >= 0 && bound.value*float64(unit) <= float64(maxDuration)) {
			add(bound.name, "%v is not from 0 to a hundred years", bound.value)
		}
	}
	if (t.Outcome == "") != (t.Evicted == "") {
		add("outcome", "outcome and evicted go together")
	}
	return errors.Join(errs...)
}

// validateForm returns nil, or all mistakes in how values are written.
func (t *Table) validateForm() error {
	var errs []error
	if _, ok := units[t.Unit]; !ok {
		errs = append(errs, field.Errorf("unit", "%q is none of s, ms, unix and unix_ms", t.Unit))
	}
	_, err := zoneOf(t.Zone)
	errs = append(errs, field.In("zone", err))
	_, err = delimiterOf(t.Delimiter)
	return errors.Join(append(errs, field.In("delimiter", err))...)
}

// validate returns nil, or all mistakes in the mapping.
func (m *Mapping) validate() error {
	var errs []error
	check := func(name, text string) {
		_, err := m.template(text)
		errs = append(errs, field.In(name, err))
	}
	check("account", m.Account)
	for i, text := range m.BaseLabels {
		_, err := m.template(text)
		errs = append(errs, field.In("base_labels", field.In(field.Index(i), err)))
	}
	for i, text := range m.ProvisionableLabels {
		_, err := m.template(text)
		errs = append(errs, field.In("provisionable_labels", field.In(field.Index(i), err)))
	}
	check("importance", m.Importance)
	check("per_worker", m.PerWorker)
	add := func(name, format string, args ...any) {
		errs = append(errs, field.Errorf(name, format, args...))
	}
	for _, name := range slices.Sorted(maps.Keys(m.Tables)) {
		if len(m.Tables[name]) == 0 {
			errs = append(errs, field.In("tables", field.Errorf(name, "the table is empty")))
		}
	}
	if m.Size != "" && m.Size != SizeExpand && m.Size != SizeSingle {
		add("size", "%q is neither %s nor %s", m.Size, SizeExpand, SizeSingle)
	}
	if m.From < 0 || m.From > maxDuration {
		add("from", "%v is not from 0 to a hundred years", m.From)
	}
	if m.To != 0 && (m.To <= m.From || m.To > maxDuration) {
		add("to", "%v is not after %v, or more than a hundred years", m.To, m.From)
	}
	if m.LoadFactor != 0 && !(m.LoadFactor >= MinLoadFactor && m.LoadFactor <= MaxLoadFactor) {
		add("load_factor", "%s is not from %v to %s", words.Plain(m.LoadFactor), MinLoadFactor,
			words.Plain(MaxLoadFactor))
	}
	return errors.Join(errs...)
}

// MinLoadFactor and MaxLoadFactor bound a load factor: one below or above them makes nothing that
// anybody would want to simulate.
const (
	MinLoadFactor = 0.01
	MaxLoadFactor = 1000
)

// template reads a template of the mapping and finds its tables.
func (m *Mapping) template(text string) (template, error) {
	t, err := parseTemplate(text)
	if err != nil {
		return template{}, err
	}
	if err := t.bindTables(m.Tables); err != nil {
		return template{}, err
	}
	if text, ok := t.constant(); ok && len(text) > maxTextBytes {
		return template{}, fmt.Errorf("the text is longer than %s bytes",
			words.Number(maxTextBytes))
	}
	return t, nil
}

// loadFactor is the load factor as a number that can be divided by.
func (m *Mapping) loadFactor() float64 {
	if m.LoadFactor == 0 {
		return 1
	}
	return m.LoadFactor
}

// compress moves an arrival towards the window's start by the load factor.
func (m *Mapping) compress(at time.Duration) time.Duration {
	after := math.Round(float64(at-m.From) / m.loadFactor())
	return m.From + time.Duration(after)
}
