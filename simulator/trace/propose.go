package trace

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/quotasched/quotasched/internal/field"
)

// Proposal is how a log can be read.
type Proposal struct {
	// Source is what was asked for, with what the log suggests wherever that says nothing: the
	// table, the account, labels and the importance.
	Source Source
	// Columns are those of a CSV log, with the first values of each; of other logs there are none.
	Columns []Column
}

// Column is a column of a CSV log.
type Column struct {
	Name string
	// Examples are the first different values, three at most.
	Examples []string
}

// HasLabels says whether submissions of the source have base labels by its mapping or preset, or
// may have some of their own.
func (s *Source) HasLabels() bool {
	full, err := s.withPreset()
	return err == nil && (len(full.BaseLabels) > 0 || full.Format == FormatNative ||
		full.Format == FormatAuto && isJSONLines(full.File))
}

// Complete says whether the log can be read in this way.
func (p *Proposal) Complete() bool { return p.Source.Validate() == nil }

// Propose looks at the beginning of a log and proposes how to read it: by its format or, for CSV,
// by the names of its columns and by what is in them. What the source says stays. The proposal for
// a CSV log may lack what is needed, as no column looks like it. Errors are those of opening a log.
func Propose(ctx context.Context, source *Source) (*Proposal, error) {
	full, err := source.withPreset()
	if err != nil {
		return nil, err
	}
	if err := field.In("table", full.Table.validateForm()); err != nil {
		return nil, err
	}
	p := &Proposal{Source: *source}
	if full.Format == FormatAuto && formatByName(full.File) == FormatSWF {
		full.Format = FormatSWF
	}
	if full.Format != FormatAuto && full.Format != FormatCSV && full.Format != FormatSacct {
		suggested, err := mappingOf(nil, &full) // nothing needs to be looked at
		p.suggest(&full.Mapping, &suggested)
		return p, err
	}
	if full.Input == nil && !isRegular(full.File) {
		return nil, fmt.Errorf("%s: %w", full.File, errReadOnce)
	}
	f, err := full.open()
	if err != nil {
		return nil, err
	}
	if full.Format == FormatAuto {
		full.Format = f.format()
		p.Source.Format = full.Format
	}
	switch {
	case full.Format == FormatCSV && full.Table.Submit == "":
		err = p.columns(ctx, f, &full.Table)
	default:
		var suggested Mapping
		suggested, err = mappingOf(f, &full)
		p.suggest(&full.Mapping, &suggested)
	}
	return p, errors.Join(err, f.close())
}

// suggest takes what a mapping suggests where the log's own, with its preset, says nothing.
func (p *Proposal) suggest(own, suggested *Mapping) {
	if own.Account == "" {
		p.Source.Account = suggested.Account
	}
	if len(own.BaseLabels) == 0 {
		p.Source.BaseLabels = suggested.BaseLabels
	}
	if own.Importance == "" {
		p.Source.Importance = suggested.Importance
	}
}

// mappingOf returns the mapping that suits logs of a format with the fields of this one.
func mappingOf(f *file, s *Source) (Mapping, error) {
	switch s.Format {
	case FormatSWF:
		return Mapping{Account: "group-{group}"}, nil
	case FormatKueue:
		return Mapping{Account: "{namespace}/{queue}", BaseLabels: []string{"flavor:{flavor}"},
			Importance: "{priority_class}"}, nil
	case FormatSwarming:
		return Mapping{Account: "{owner}", BaseLabels: []string{"pool:{pool}"},
			Importance: "{priority}"}, nil
	case FormatBuildbucket:
		return Mapping{Account: "{project}/{bucket}", BaseLabels: []string{"pool:{pool}"}}, nil
	case FormatSacct:
		return sacctMapping(f, s)
	}
	return Mapping{}, nil
}

// sacctMapping takes the columns that there are.
func sacctMapping(f *file, s *Source) (Mapping, error) {
	r, err := newSacctReader(f, &s.Table)
	if err != nil {
		return Mapping{}, err
	}
	has := func(name string) bool { return slices.Contains(r.names, name) }
	var m Mapping
	switch {
	case has("Account"):
		m.Account = "{Account}"
	case has("User"):
		m.Account = "{User}"
	}
	if has("Partition") {
		m.BaseLabels = []string{"partition:{Partition}"}
	}
	if has("QOS") {
		m.Importance = "{QOS}"
	}
	return m, nil
}

// sampledRows is how many rows of a table are looked at.
const sampledRows = 500

// columns reads the first rows of a CSV log, and finds out what its columns are.
func (p *Proposal) columns(ctx context.Context, f *file, t *Table) error {
	delimiter, err := delimiterOf(t.Delimiter)
	if err != nil {
		return err
	}
	rows, err := newRows(f, delimiter)
	if err != nil {
		return err
	}
	g := newGuess(rows.names, t)
	for range sampledRows {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		err := rows.next()
		if err == io.EOF {
			break
		}
		if err == nil { // a malformed row is one that says nothing
			g.see(rows)
		}
	}
	p.Columns = g.examples()
	p.Source.Table = t.or(g.table())
	suggested := g.mapping()
	p.suggest(&p.Source.Mapping, &suggested)
	return nil
}
