package trace

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/quotasched/quotasched/internal/field"
	"github.com/quotasched/quotasched/simulator"
)

// units are what times of a table can be counted in.
var units = map[string]struct {
	length time.Duration
	// unix is true if instants are counted from the year 1970.
	unix bool
}{
	"":        {length: time.Second},
	"s":       {length: time.Second},
	"ms":      {length: time.Millisecond},
	"unix":    {length: time.Second, unix: true},
	"unix_ms": {length: time.Millisecond, unix: true},
}

// column is a column of a table: its name, for messages, and its place; -1 if there is none.
type column struct {
	name  string
	index int
}

// csvReader reads the rows of a CSV log by a Table.
type csvReader struct {
	*rows
	table *Table
	zone  *time.Location
	unit  time.Duration
	// unix is true if instants are counted from the year 1970: by the unit, or as they are dates.
	// Dates is true once there was a date, and numbers once there was a number.
	unix, dates, numbers bool
	// assumed is the unit that the first instant looked like, if the table names none.
	assumed string
	// begin and end bound the log; 0 if they are not known.
	begin, end                                         time.Duration
	id, submit, start, finish, run, wait, size, ending column
	task                                               []column
}

// newCSVReader reads the header line and finds the table's columns in it.
func newCSVReader(f *file, t *Table) (*csvReader, error) {
	delimiter, err := delimiterOf(t.Delimiter)
	if err != nil {
		return nil, field.In("table", field.In("delimiter", err))
	}
	zone, err := zoneOf(t.Zone)
	if err != nil {
		return nil, field.In("table", field.In("zone", err))
	}
	rows, err := newRows(f, delimiter)
	if err != nil {
		return nil, err
	}
	unit := units[t.Unit].length
	r := &csvReader{rows: rows, table: t, zone: zone, unit: unit, unix: units[t.Unit].unix,
		begin: time.Duration(t.StartOfLog * float64(unit)),
		end:   time.Duration(t.EndOfLog * float64(unit))}
	find := func(key, name string) column {
		c := column{name: name, index: slices.Index(rows.names, name)}
		if c.index < 0 && name != "" && err == nil {
			err = field.In("table", field.Errorf(key, "%s has no column %s%s", f.name,
				shorten(name), choices(rows.names)))
		}
		return c
	}
	r.id, r.submit, r.size = find("id", t.ID), find("submit", t.Submit), find("size", t.Size)
	r.start, r.finish = find("start", t.Start), find("end", t.End)
	r.run, r.wait, r.ending = find("run", t.Run), find("wait", t.Wait), find("outcome", t.Outcome)
	for _, name := range t.Task {
		r.task = append(r.task, find("task", name))
	}
	return r, err
}

func (r *csvReader) fields() []string { return r.names }
func (r *csvReader) line() int        { return r.began }
func (r *csvReader) noun() string     { return "row" }
func (r *csvReader) close() error     { return r.file.close() }

func (r *csvReader) about() about {
	a := about{preemptions: len(r.task) > 0 && r.table.Outcome != "", unix: r.unix}
	if r.assumed != "" {
		a.notes = []string{fmt.Sprintf("the unit of times is taken to be %s, as instants are of 1990 "+
			"or later that way", r.assumed)}
	}
	return a
}

// settleUnit finds out, at the first number, whether instants are counted from 1970: if the table
// does not say, by how large it is. A unit that makes a log begin decades after its own start is an
// error.
func (r *csvReader) settleUnit(c column, text string) error {
	if r.numbers || r.dates || r.unix {
		return nil
	}
	unit := unixUnit(text)
	switch {
	case unit == "" || r.table.Unit == "ms" && unit == "unix":
		return nil
	case r.table.Unit != "":
		return fmt.Errorf("column %s: %s looks like a time counted from 1970; the unit is then %s",
			c.name, shorten(text), unit)
	}
	r.assumed, r.unit, r.unix = unit, units[unit].length, true
	r.begin = time.Duration(r.table.StartOfLog * float64(r.unit))
	r.end = time.Duration(r.table.EndOfLog * float64(r.unit))
	return nil
}

func (r *csvReader) next(to *record) error {
	if err := r.rows.next(); err != nil {
		return err
	}
	*to = record{start: simulator.Unknown, wait: simulator.Unknown, size: 1}
	err := r.times(to)
	if err == nil {
		err = r.width(to)
	}
	if err != nil {
		return r.malformed("%w", err)
	}
	to.id = strings.Clone(r.field(r.id.index))
	if len(r.task) > 0 {
		var key []string
		for _, c := range r.task {
			key = append(key, r.field(c.index))
		}
		to.task = strings.Join(key, "\x00")
		if to.id == "" {
			to.id = strings.Join(key, "-")
		}
	}
	if r.ending.index >= 0 && r.field(r.ending.index) == r.table.Evicted {
		to.evictions = 1
	}
	return nil
}

// duration reads a duration. It is simulator.Unknown if the column is blank, or not there.
func (r *csvReader) duration(c column) (time.Duration, error) {
	text := r.field(c.index)
	if text == "" {
		return simulator.Unknown, nil
	}
	d, err := parseTime(text, r.unit)
	return checked(c, text, d, err)
}

// instant reads a point in time: a number of units, or a date. It is simulator.Unknown if the
// column is blank, or not there.
func (r *csvReader) instant(c column) (time.Duration, error) {
	text := r.field(c.index)
	if text == "" {
		return simulator.Unknown, nil
	}
	if d, ok := parseDate(text, r.zone); ok {
		if r.numbers {
			return 0, fmt.Errorf("column %s: %s is a date, and others are numbers", c.name,
				shorten(text))
		}
		r.dates, r.unix = true, true
		return checked(c, text, d, nil)
	}
	if err := r.settleUnit(c, text); err != nil {
		return 0, err
	}
	d, err := parseTime(text, r.unit)
	if err != nil && strings.ContainsAny(text[1:], "-:/") && !errors.Is(err, errTooLong) {
		err = fmt.Errorf("%s is neither a date such as 2026-01-05T09:30:00Z nor a number", shorten(text))
	}
	if err == nil && r.dates {
		err = fmt.Errorf("%s is a number, and others are dates", shorten(text))
	}
	r.numbers = r.numbers || err == nil
	return checked(c, text, d, err)
}

// checked adds the column's name to an error, and refuses times before 0.
func checked(c column, text string, d time.Duration, err error) (time.Duration, error) {
	if err == nil && d < 0 {
		err = fmt.Errorf("%s is negative, or before 1970", shorten(text))
	}
	if err != nil {
		return 0, fmt.Errorf("column %s: %w", c.name, err)
	}
	return d, nil
}

// times reads when the row was submitted, began and ended.
func (r *csvReader) times(to *record) error {
	var at [5]time.Duration
	for i, c := range [...]column{r.submit, r.start, r.finish, r.run, r.wait} {
		read := r.instant
		if i > 2 {
			read = r.duration
		}
		var err error
		if at[i], err = read(c); err != nil {
			return err
		}
	}
	submit, start, end, run, wait := at[0], at[1], at[2], at[3], at[4]
	switch {
	case submit < 0:
		return fmt.Errorf("column %s: the value is missing", r.submit.name)
	case start >= 0 && start < submit:
		return fmt.Errorf("column %s: it started before it was submitted", r.start.name)
	case start >= 0 && end >= 0 && end < start:
		return fmt.Errorf("column %s: it ended before it started", r.finish.name)
	}
	to.early = submit < r.begin
	to.submit = max(submit, r.begin)
	if start >= 0 {
		start = max(start, r.begin)
	}
	to.start = start
	switch {
	case wait >= 0 && !to.early:
		to.wait = wait
	case r.wait.index < 0 && start >= 0 && !to.early:
		to.wait = start - to.submit
	}
	r.runTime(to, end, run)
	return nil
}

// runTime finds out how long the row ran, or why it did not.
func (r *csvReader) runTime(to *record, end, run time.Duration) {
	if r.run.index >= 0 {
		to.run = run
	} else {
		if to.start >= 0 && end < 0 && r.end > 0 {
			end, to.open = r.end, true
		}
		to.run = end - to.start
		if end < 0 {
			to.fate = noEnd
		}
	}
	switch {
	case r.start.index >= 0 && to.start < 0:
		to.fate = neverStarted
	case to.fate == ran && to.run <= 0:
		to.fate = noRunTime
	}
}

// maxSize bounds the size of a submission, as in package swf.
const maxSize = 100_000_000

// width reads the size; a blank is none.
func (r *csvReader) width(to *record) error {
	if r.size.index < 0 {
		return nil
	}
	text := r.field(r.size.index)
	if text == "" {
		text = "0"
	}
	x, err := parseNumber(text)
	switch {
	case err != nil:
		return fmt.Errorf("column %s: %w", r.size.name, err)
	case x < 0:
		return fmt.Errorf("column %s: %s is negative", r.size.name, shorten(text))
	case x > maxSize:
		return fmt.Errorf("column %s: %s is more than a hundred million", r.size.name,
			shorten(text))
	case x == 0 && to.fate == ran:
		to.fate = noSize
	}
	to.size = math.Ceil(x)
	return nil
}
