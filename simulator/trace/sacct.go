package trace

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/quotasched/quotasched/internal/field"
	"github.com/quotasched/quotasched/internal/words"
	"github.com/quotasched/quotasched/simulator"
)

// sacctCommand is what writes all that the reader uses.
const sacctCommand = "sacct --allusers --parsable2 --format=JobID,User,Account,Partition,QOS," +
	"Submit,Start,End,State,AllocCPUS,AllocTRES"

// sacctReader reads the jobs in the output of Slurm's sacct with --parsable or --parsable2: a
// header line, and a line for each job and each of its steps, with bars between the columns. Steps
// are parts of jobs, and are left out.
type sacctReader struct {
	lines
	zone      *time.Location
	delimiter string
	// columns are those of the file, and names those with the fields that are found out of
	// AllocTRES.
	columns, names []string
	row            []string
	// Places of columns; -1 where there is none.
	id, submit, start, end, elapsed, size, tres int
	steps                                       int
}

// isSacct says whether a line is the header of sacct's output.
func isSacct(header []byte) bool {
	columns := strings.FieldsFunc(string(header), func(r rune) bool {
		return strings.ContainsRune(delimiters, r) || r == ' '
	})
	has := func(name string) bool { return slices.Contains(columns, name) }
	return (has("JobID") || has("JobIDRaw")) && (has("Submit") || has("State") || has("Start"))
}

// newSacctReader reads the header line and finds the columns in it.
func newSacctReader(f *file, t *Table) (*sacctReader, error) {
	r := &sacctReader{lines: lines{file: f}}
	var err error
	if r.zone, err = zoneOf(t.Zone); err != nil {
		return nil, field.In("table", field.In("zone", err))
	}
	line, err := r.lines.next()
	if err != nil {
		return nil, fmt.Errorf("%s: want a header line, as sacct writes it", f.name)
	}
	header := string(bytes.TrimSpace(bytes.TrimPrefix(line, []byte(byteOrderMark))))
	if !strings.ContainsAny(header, delimiters) {
		return nil, fmt.Errorf("%s:1: no bars between the columns; write the file with: %s", f.name,
			sacctCommand)
	}
	delimiter, err := delimiterOf(t.Delimiter)
	if err != nil {
		return nil, field.In("table", field.In("delimiter", err))
	}
	if delimiter == 0 {
		delimiter = delimiterIn([]byte(header))
	}
	r.delimiter = string(delimiter)
	r.columns = strings.Split(strings.TrimSuffix(header, r.delimiter), r.delimiter)
	if len(r.columns) > maxColumns {
		return nil, fmt.Errorf("%s:1: %s, more than %s", f.name,
			words.Count(len(r.columns), "column"), words.Number(maxColumns))
	}
	r.names = r.columns
	if err := r.findColumns(t); err != nil {
		return nil, err
	}
	return r, nil
}

// findColumns finds the columns that have a meaning.
func (r *sacctReader) findColumns(t *Table) error {
	find := func(names ...string) int {
		for _, name := range names {
			if i := slices.Index(r.columns, name); i >= 0 {
				return i
			}
		}
		return -1
	}
	r.id, r.submit = find("JobID", "JobIDRaw"), find("Submit")
	r.start, r.end, r.elapsed = find("Start"), find("End"), find("Elapsed", "ElapsedRaw")
	r.tres = find("AllocTRES", "ReqTRES")
	if r.tres >= 0 {
		r.names = append(slices.Clone(r.columns), "gpus", "gpu_type")
	}
	if r.id < 0 || r.submit < 0 || r.start < 0 || r.end < 0 && r.elapsed < 0 {
		return fmt.Errorf("%s:1: the columns JobID, Submit, Start and End are needed; write the "+
			"file with: %s", r.file.name, sacctCommand)
	}
	r.size = find("AllocCPUS", "NCPUS", "ReqCPUS", "AllocNodes", "NNodes")
	if t.Size != "" {
		if r.size = slices.Index(r.names, t.Size); r.size < 0 {
			return field.In("table", field.Errorf("size", "%s has no column %s%s", r.file.name,
				shorten(t.Size), choices(r.names)))
		}
	}
	return nil
}

func (r *sacctReader) fields() []string { return r.names }
func (r *sacctReader) line() int        { return r.number }
func (r *sacctReader) noun() string     { return "job" }
func (r *sacctReader) close() error     { return r.file.close() }

func (r *sacctReader) about() about {
	a := about{unix: true}
	if r.steps > 0 {
		a.notes = append(a.notes, fmt.Sprintf("%s left out, as parts of their jobs",
			words.Count(r.steps, "job step")))
	}
	return a
}

// field returns a column, or what AllocTRES says of GPUs.
func (r *sacctReader) field(i int) string {
	switch {
	case i < len(r.row):
		return known(r.row[i])
	case r.tres < 0:
		return ""
	}
	count, kind := gpusIn(r.row[r.tres])
	if i == len(r.columns) {
		return strconv.Itoa(count)
	}
	return kind
}

// known makes the words of sacct for what is not known empty.
func known(text string) string {
	text = strings.TrimSpace(text)
	if text == "Unknown" || text == "None" || text == "N/A" {
		return ""
	}
	return text
}

// gpusIn returns how many GPUs are in a list of resources such as "cpu=8,gres/gpu:a100=2,node=1",
// and the first type that it names.
func gpusIn(tres string) (count int, kind string) {
	const gpu = "gres/gpu"
	all, typed := 0, 0
	for one := range strings.SplitSeq(tres, ",") {
		name, text, _ := strings.Cut(strings.TrimSpace(one), "=")
		n, err := strconv.Atoi(text)
		switch {
		case err != nil || n < 0 || n > maxSize:
		case name == gpu:
			all = n
		case strings.HasPrefix(name, gpu+":"):
			if typed += n; kind == "" {
				kind = strings.TrimPrefix(name, gpu+":")
			}
		}
	}
	return min(max(all, typed), maxSize), kind
}

func (r *sacctReader) next(to *record) error {
	for {
		line, err := r.lines.next()
		if err != nil {
			return err
		}
		text := strings.TrimRight(string(line), "\r\n")
		if strings.TrimSpace(text) == "" {
			continue
		}
		r.row = strings.Split(text, r.delimiter)
		if len(r.row) == len(r.columns)+1 && r.row[len(r.columns)] == "" {
			r.row = r.row[:len(r.columns)] // --parsable ends lines with a bar
		}
		if len(r.row) != len(r.columns) {
			return r.malformed(fmt.Errorf("%d fields, want %d", len(r.row), len(r.columns)))
		}
		if strings.Contains(r.row[r.id], ".") {
			r.steps++
			continue
		}
		if err := r.job(to); err != nil {
			return r.malformed(err)
		}
		return nil
	}
}

// job takes what a line says of a job.
func (r *sacctReader) job(to *record) error {
	*to = record{id: strings.Clone(known(r.row[r.id])), start: simulator.Unknown,
		wait: simulator.Unknown, size: 1}
	submit, err := r.instant(r.submit)
	if err != nil {
		return err
	}
	start, err := r.instant(r.start)
	if err != nil {
		return err
	}
	end, err := r.instant(r.end)
	if err != nil {
		return err
	}
	if end < 0 && start >= 0 && r.elapsed >= 0 && r.end < 0 {
		elapsed, err := parseElapsed(known(r.row[r.elapsed]))
		if err != nil {
			return fmt.Errorf("column %s: %w", r.columns[r.elapsed], err)
		}
		end = start + elapsed
	}
	if err := to.span(submit, start, end); err != nil {
		return err
	}
	return r.width(to)
}

// instant reads a date, or seconds from 1970 on; simulator.Unknown if it is not known.
func (r *sacctReader) instant(i int) (time.Duration, error) {
	if i < 0 || known(r.row[i]) == "" {
		return simulator.Unknown, nil
	}
	text := known(r.row[i])
	if at, ok := parseDate(text, r.zone); ok {
		return at, nil
	}
	at, err := parseTime(text, time.Second)
	if err != nil || at < unixSeconds*time.Second {
		return 0, fmt.Errorf("column %s: %s is not a date such as 2026-01-05T09:30:00",
			r.columns[i], shorten(text))
	}
	return at, nil
}

// width reads the size; a blank is none.
func (r *sacctReader) width(to *record) error {
	if r.size < 0 {
		return nil
	}
	text := r.field(r.size)
	if text == "" {
		text = "0"
	}
	x, err := parseNumber(text)
	if err == nil && !(x >= 0 && x <= maxSize) {
		err = fmt.Errorf("%s is not from 0 to a hundred million", shorten(text))
	}
	if err != nil {
		return fmt.Errorf("column %s: %w", r.names[r.size], err)
	}
	if to.size = math.Ceil(x); x == 0 && to.fate == ran {
		to.fate = noSize
	}
	return nil
}

// parseElapsed reads a duration as sacct writes it: MM:SS, HH:MM:SS or D-HH:MM:SS, with or without
// a fraction, or a number of seconds.
func parseElapsed(text string) (time.Duration, error) {
	bad := fmt.Errorf("%s is not a duration such as 01:30:00 or 2-01:30:00", shorten(text))
	days, clock, hasDays := strings.Cut(text, "-")
	if !hasDays {
		days, clock = "0", text
	}
	parts := append([]string{days}, strings.Split(clock, ":")...)
	scales := map[int][]time.Duration{ // by the number of parts, the days included
		2: {24 * time.Hour, time.Second},
		3: {24 * time.Hour, time.Minute, time.Second},
		4: {24 * time.Hour, time.Hour, time.Minute, time.Second},
	}[len(parts)]
	if scales == nil || hasDays && len(parts) != 4 {
		return 0, bad
	}
	total := time.Duration(0)
	for i, part := range parts {
		last := i == len(parts)-1
		if part == "" || !last && !digits(part) || strings.HasPrefix(part, "-") {
			return 0, bad
		}
		d, err := parseTime(part, scales[i])
		if err != nil || d < 0 {
			return 0, bad
		}
		if total += d; total > maxDuration {
			return 0, fmt.Errorf("%s is %w", shorten(text), errTooLong)
		}
	}
	return total, nil
}
