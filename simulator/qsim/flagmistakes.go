package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/quotasched/quotasched/internal/field"
	"github.com/quotasched/quotasched/internal/yamltree"
)

// flagOf returns the flag that stands for a field of a trace.Source.
func flagOf(path []string) string {
	path = slices.DeleteFunc(slices.Clone(path), func(s string) bool {
		return strings.HasPrefix(s, "[")
	})
	switch {
	case len(path) == 0 || path[0] == "file":
		return ""
	case path[0] == "table" && len(path) > 1 && path[1] != "unit":
		return "--" + strings.ReplaceAll(path[1], "_", "-") + "-column"
	case path[0] == "table" && len(path) > 1:
		return "--unit"
	case path[0] == "base_labels" || path[0] == "provisionable_labels" || path[0] == "tables":
		return "--" + strings.ReplaceAll(strings.TrimSuffix(path[0], "s"), "_", "-")
	}
	return "--" + strings.ReplaceAll(path[0], "_", "-")
}

// inFlag says what is wrong with a flag, or, without one, with the log.
func inFlag(flag string, err error) error {
	if flag == "" {
		return err
	}
	return fmt.Errorf("%s: %w", flag, err)
}

// sourceMistakes names flags where an error about a trace.Source names fields.
func sourceMistakes(err error) error {
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		var out []error
		for _, one := range many.Unwrap() {
			out = append(out, sourceMistakes(one))
		}
		return errors.Join(out...)
	}
	if e, ok := errors.AsType[*field.Error](err); ok {
		return inFlag(flagOf(e.Path), e.Err)
	}
	return err
}

// logMistakes names flags where an error about the experiment that was made of a log names fields
// and lines of it: nobody has seen its text. What is wrong with options such as --set stays.
func logMistakes(log string, err error) error {
	mistakes, ok := errors.AsType[yamltree.Mistakes](err)
	if !ok {
		return err
	}
	var out []error
	for _, m := range mistakes {
		switch {
		case m.At.Source == nil || m.At.Source.Name != log || len(m.Path) == 0:
			out = append(out, m)
		case m.Path[0] == "trace":
			out = append(out, inFlag(flagOf(m.Path[1:]), m.Err))
		case m.Path[0] == "fleet":
			out = append(out, inFlag("--workers", m.Err))
		default:
			out = append(out, fmt.Errorf("%s: %w", field.Path(m.Path), m.Err))
		}
	}
	return errors.Join(out...)
}
