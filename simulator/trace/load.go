package trace

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/quotasched/quotasched/internal/field"
	"github.com/quotasched/quotasched/internal/words"
	"github.com/quotasched/quotasched/simulator"
	"github.com/quotasched/quotasched/simulator/internal/swf"
)

// Loaded is a workload made from a log, and what was met on the way.
type Loaded struct {
	Workload *simulator.Workload
	// Records counts the records of the log: jobs, rows or submissions. NeverRan are those of them
	// (or, of attempts, the tasks) that never ran, and were left out.
	Records, NeverRan int
	// Malformed counts rows that were skipped.
	Malformed int
	// Notes say for people what was read, skipped and assumed: one sentence each.
	Notes []string
	// Warnings are malformed rows and the like that were skipped: the first ones, in full.
	Warnings []string
}

// maxWarnings is how many malformed rows are described.
const maxWarnings = 5

// maxRecords bounds a log, so that one without end does not take all memory.
const maxRecords = 20_000_000

// Load reads a log and maps it. Errors name the file and line, or the field of the source (package
// field) that is wrong. It ends early, with ctx's error, when ctx does. Cost: O(n log n) in
// records; it holds the submissions, and of the log one record at a time.
func Load(ctx context.Context, source *Source) (*Loaded, error) {
	l, err := newLoader(source)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(l.read(ctx), l.in.close()); err != nil {
		return nil, err
	}
	return l.finish()
}

// loader reads one log.
type loader struct {
	source *Source // with its preset, if it has one
	in     reader
	mapper *mapper
	// drafts are large, and there may be a million, so their list is of pointers.
	drafts []*draft
	// tasks has the draft of each task, in logs of attempts.
	tasks map[string]int
	// observe, if not nil, is told of each record read, before it is mapped.
	observe func(*record)
	// groups are read beside the mapping, and kept in draft.groups.
	groups []template

	loaded Loaded
	// fates counts submissions by how they ended; open counts those still running at the log's end.
	fates [numFates]int
	open  int
	first error // the first malformed row
}

// draft is a submission that is being made.
type draft struct {
	simulator.Submission
	// record is the number of its first record, from 1.
	record int
	fate   fate
	early  bool
	open   bool
	// first and last are the starts of its first and of its last attempt; simulator.Unknown if
	// there were none.
	first, last time.Duration
	groups      []string
}

// newLoader opens the log and checks the source against it.
func newLoader(source *Source) (*loader, error) {
	if err := source.Validate(); err != nil {
		return nil, err
	}
	full, err := source.withPreset()
	if err != nil {
		return nil, err
	}
	f, err := full.open()
	if err != nil {
		return nil, err
	}
	l, err := newLoaderOf(f, &full)
	if err != nil {
		return nil, errors.Join(err, f.close())
	}
	return l, nil
}

// newLoaderOf checks the source, which has its preset, against an open log.
func newLoaderOf(f *file, full *Source) (*loader, error) {
	if full.Format == FormatAuto {
		full.Format = f.format()
		if full.Format == FormatSacct && full.Table.Submit != "" {
			full.Format = FormatCSV // its columns are named
		}
	}
	l := &loader{source: full, tasks: map[string]int{}}
	var err error
	if l.in, err = newReader(f, full); err != nil {
		return nil, err
	}
	l.mapper, err = newMapper(l.in, &full.Mapping)
	return l, err
}

// newReader returns the reader of the source's format.
func newReader(f *file, s *Source) (reader, error) {
	switch s.Format {
	case FormatNative:
		return newNativeReader(f)
	case FormatSacct:
		return newSacctReader(f, &s.Table)
	case FormatKueue, FormatSwarming, FormatBuildbucket:
		return newJSONReader(f, s.Format, &s.Table)
	case FormatCSV:
		// If the format was not known before, nobody has looked at the table yet.
		if err := s.Table.validate(); err != nil {
			return nil, field.In("table", err)
		}
		return newCSVReader(f, &s.Table)
	default:
		return newSWFReader(f)
	}
}

// read reads all records.
func (l *loader) read(ctx context.Context) error {
	const often = 4096
	var r record
	for {
		if l.loaded.Records%often == 0 && ctx.Err() != nil {
			return fmt.Errorf("%s: %w", l.source.File, ctx.Err())
		}
		if l.loaded.Records >= maxRecords {
			return fmt.Errorf("%s:%d: more than %s", l.source.File, l.in.line(),
				words.Count(maxRecords, l.in.noun()))
		}
		err := l.in.next(&r)
		if err == io.EOF {
			return nil
		}
		if err == nil {
			l.loaded.Records++
			if l.observe != nil {
				l.observe(&r)
			}
			if err = l.add(&r); err != nil {
				err = &swf.LineError{File: l.source.File, Line: l.in.line(), Err: err}
				l.loaded.Records--
			}
		}
		if err != nil {
			if err := l.skip(err); err != nil {
				return err
			}
		}
	}
}

// skip counts a malformed row; it returns other errors, and with Source.Strict all.
func (l *loader) skip(err error) error {
	if _, malformed := errors.AsType[*swf.LineError](err); !malformed || l.source.Strict {
		return err
	}
	l.loaded.Malformed++
	if l.first == nil {
		l.first = err
	}
	if len(l.loaded.Warnings) < maxWarnings {
		l.loaded.Warnings = append(l.loaded.Warnings, err.Error())
	}
	return nil
}

// add makes a draft of a record, or takes it as one more attempt of a task.
func (l *loader) add(r *record) error {
	if r.task != "" {
		if i, ok := l.tasks[r.task]; ok {
			l.drafts[i].again(r)
			return nil
		}
	} else if r.fate != ran {
		l.fates[r.fate]++
		return nil
	}
	d := &draft{record: l.loaded.Records}
	if err := l.mapper.submission(r, &d.Submission); err != nil {
		return err
	}
	if d.ID == "" {
		d.ID = fmt.Sprint(d.record)
	}
	d.begin(r)
	if len(l.groups) > 0 {
		var groups []string
		for i := range l.groups {
			text, _, err := l.mapper.text(&l.groups[i])
			if err != nil {
				return err
			}
			groups = append(groups, text)
		}
		d.groups = l.mapper.interner.list(groups)
	}
	if r.task != "" {
		l.tasks[strings.Clone(r.task)] = len(l.drafts)
	}
	l.drafts = append(l.drafts, d)
	return nil
}

// finish makes the workload of what was read.
func (l *loader) finish() (*Loaded, error) {
	a := l.in.about()
	w := &simulator.Workload{
		Name:                 a.name,
		Start:                a.start,
		RealWorkers:          l.mapper.realWorkers(a.processors),
		RealPreemptionsKnown: a.preemptions,
	}
	if w.Name == "" {
		w.Name = filepath.Base(l.source.File)
	}
	l.loaded.Workload = w
	l.settle()
	l.loaded.Notes = append(a.notes, l.notes()...)
	if len(l.drafts) == 0 {
		return nil, l.nothing()
	}
	l.tellApart()
	l.sort()
	switch {
	case a.unix:
		l.rebase()
	case w.Start.IsZero():
		w.Start = defaultStart
		l.note("the log does not say when it began; its time 0 is taken to be %s",
			defaultStart.Format(time.DateTime))
	}
	if err := l.window(); err != nil {
		return nil, err
	}
	w.Submissions = make([]simulator.Submission, len(l.drafts))
	for i := range l.drafts {
		w.Submissions[i] = l.drafts[i].Submission
	}
	l.loaded.Notes = append(l.loaded.Notes, l.mapper.notes()...)
	return &l.loaded, nil
}

// defaultStart is when a log begins that does not say when it began.
var defaultStart = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// rebase counts times from the first submission instead of from 1970.
func (l *loader) rebase() {
	base := l.drafts[0].Submit.Truncate(time.Second)
	l.loaded.Workload.Start = time.Unix(0, 0).UTC().Add(base)
	for i := range l.drafts {
		l.drafts[i].Submit -= base
	}
}

// settle decides for each draft what its attempts come to, leaves out drafts that never ran, and
// counts.
func (l *loader) settle() {
	kept := l.drafts[:0]
	for i := range l.drafts {
		d := l.drafts[i]
		l.fates[d.fate]++
		if d.fate != ran {
			continue
		}
		if d.open {
			l.open++
		}
		if len(l.tasks) > 0 {
			d.RealWait = simulator.Unknown
			if d.first >= 0 && !d.early {
				d.RealWait = max(0, d.first-d.Submit)
			}
		}
		kept = append(kept, d)
	}
	l.drafts = kept
	for f := ran + 1; f < numFates; f++ {
		l.loaded.NeverRan += l.fates[f]
	}
}

// nothing says that there is nothing to simulate in the log.
func (l *loader) nothing() error {
	err := fmt.Errorf("%s: no %s in it ran (%s, %s)", l.source.File, l.in.noun(),
		words.Count(l.loaded.Records, l.in.noun()), words.Count(l.loaded.Malformed, "malformed line"))
	if l.first != nil {
		err = fmt.Errorf("%w; the first of them: %w", err, l.first)
	}
	return err
}
