package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/quotasched/quotasched/internal/cli"
	"github.com/quotasched/quotasched/internal/words"
	"github.com/quotasched/quotasched/internal/yamltree"
	"github.com/quotasched/quotasched/simulator/trace"
)

// traceFlags say how a log is read; `qsim run`, `qsim convert` and `qsim trace info` share them.
type traceFlags struct {
	source trace.Source
	format formatFlag
	tables tablesFlag
	from   time.Duration
	to     time.Duration
	// loadFactor is 0 if the flag is not there.
	loadFactor loadFactorFlag
}

// register adds the flags, under headings of their own.
func (f *traceFlags) register(set *pflag.FlagSet) {
	*f = traceFlags{}
	set.SortFlags = false
	cli.AddUnder(logGroup, set, f.registerMapping)
	cli.AddUnder(csvGroup, set, f.registerTable)
}

// registerStrict adds the flag for logs that may have no mistakes, in commands without experiments.
func (f *traceFlags) registerStrict(set *pflag.FlagSet) {
	cli.AddUnder(logGroup, set, func(set *pflag.FlagSet) {
		set.BoolVar(&f.source.Strict, "strict", false,
			"stop at the first malformed line, instead of skipping and counting them")
	})
}

// registerMapping adds the flags for logs of all formats.
func (f *traceFlags) registerMapping(set *pflag.FlagSet) {
	set.Var(&f.format, "format", "how the log is written: auto, "+formatNames())
	set.StringVar(&f.source.Preset, "preset", "",
		"`name` of a ready mapping for a known log: "+strings.Join(presetNames(), ", "))
	set.StringVar(&f.source.Account, "account", "",
		"`template` of the account, or none for no accounts (default: the preset's; else that of "+
			"the format, such as group-{group} for SWF; none for CSV)")
	set.StringArrayVar(&f.source.BaseLabels, "base-label", nil,
		"`template` of a label that workers must have; once for each")
	set.StringArrayVar(&f.source.ProvisionableLabels, "provisionable-label", nil,
		"`template` of a label that a worker can be given; once for each")
	set.StringVar(&f.source.Importance, "importance", "",
		"`template` of the importance, by which figures are grouped")
	set.Var(&f.tables, "table", "`table` for templates: NAME=KEY:VALUE,KEY:VALUE; the key * is "+
		"all others; once for each")
	set.StringVar((*string)(&f.source.Size), "size", "",
		"`mode`: expand makes n requests of a submission of n workers, single one (default expand)")
	set.StringVar(&f.source.PerWorker, "per-worker", "",
		"`template` of how much of the log's size a worker has (default 1)")
	set.Var((*timeFlag)(&f.from), "from",
		"leave out what was submitted before this time, from the log's start: 36h, 7d, 1h30m")
	set.Var((*endFlag)(&f.to), "to", "leave out what was submitted at this time or later")
	set.Var(&f.loadFactor, "load-factor",
		"let the same submissions arrive in 1/`x` of the time (default 1)")
}

// registerTable adds the flags for the columns of CSV files.
func (f *traceFlags) registerTable(set *pflag.FlagSet) {
	t := &f.source.Table
	for _, c := range []struct {
		name, usage string
		to          *string
	}{
		{"id-column", "names the submission (default: the row's number)", &t.ID},
		{"submit-column", "says when it was submitted; needed", &t.Submit},
		{"start-column", "says when it started", &t.Start},
		{"end-column", "says when it ended", &t.End},
		{"run-column", "says how long it ran, in place of start and end", &t.Run},
		{"wait-column", "says how long it waited, in place of start", &t.Wait},
		{"size-column", "says how many workers it had (default: one)", &t.Size},
	} {
		set.StringVar(c.to, c.name, "", "`column` that "+c.usage)
	}
	set.StringVar(&t.Unit, "unit", "", "`unit` of all times: s, ms, unix or unix_ms, the last two "+
		"from 1970 (default: s, or what the first instant looks like)")
	set.StringVar(&t.Zone, "zone", "",
		"time `zone` of dates that name none, such as Europe/Berlin (default UTC)")
	set.StringVar(&t.Delimiter, "delimiter", "", "`character` between columns, or the word tab "+
		"(default: found out by the header line)")
}

// plain returns the source for a file as the flags say it, and nothing more.
func (f *traceFlags) plain(path string) *trace.Source {
	source := f.source
	source.File, source.Format, source.Tables = path, trace.Format(f.format), f.tables
	source.From, source.To, source.LoadFactor = f.from, f.to, float64(f.loadFactor)
	fromStdin(&source)
	return &source
}

// suggested returns the source for a file, with what the log suggests where the flags say nothing.
// A CSV log whose columns nobody could guess is an error.
func (f *traceFlags) suggested(ctx context.Context, path string) (*trace.Source, error) {
	p, err := trace.Propose(ctx, f.plain(path))
	if err != nil {
		return nil, stopped(sourceMistakes(err))
	}
	if p.Columns != nil && !p.Complete() {
		return nil, askMapping(p, path)
	}
	return &p.Source, nil
}

// of returns the source for a file. Without a preset or an account, the format says what accounts,
// labels and importances are. A CSV log must be told; the error says what it could be told.
func (f *traceFlags) of(ctx context.Context, path string) (*trace.Source, error) {
	source := f.plain(path)
	isTable := source.Table.Submit != ""
	if source.Preset != "" || source.Account != "" && (isTable || source.Format != trace.FormatAuto) ||
		isTable && source.Format == trace.FormatCSV {
		return source, nil
	}
	p, err := trace.Propose(ctx, source)
	if err != nil {
		return nil, stopped(sourceMistakes(err))
	}
	switch {
	case p.Columns != nil:
		return nil, askMapping(p, path)
	case source.Account != "":
		return source, nil
	}
	return &p.Source, nil
}

// presetNames are the names of all presets.
func presetNames() []string {
	var names []string
	for _, p := range trace.Presets() {
		names = append(names, p.Name)
	}
	return names
}

// timeFlag is a time of a log, written as in experiments.
type timeFlag time.Duration

func (f *timeFlag) Type() string { return "time" }

func (f *timeFlag) String() string {
	if *f == 0 {
		return ""
	}
	return time.Duration(*f).String()
}

func (f *timeFlag) Set(s string) error {
	d, err := yamltree.Duration(s)
	*f = timeFlag(d)
	return err
}

// endFlag is a time of a log that ends what is read of it.
type endFlag time.Duration

func (f *endFlag) Type() string   { return "time" }
func (f *endFlag) String() string { return (*timeFlag)(f).String() }

func (f *endFlag) Set(s string) error {
	d, err := yamltree.Duration(s)
	if err == nil && d == 0 {
		err = fmt.Errorf("want a time after the log's start, such as 36h")
	}
	*f = endFlag(d)
	return err
}

// formatFlag is the format of a log; empty to find out.
type formatFlag trace.Format

func (f *formatFlag) Type() string { return "format" }

func (f *formatFlag) String() string {
	if *f == formatFlag(trace.FormatAuto) {
		return "auto"
	}
	return string(*f)
}

func (f *formatFlag) Set(s string) error {
	switch {
	case s == "auto":
		*f = formatFlag(trace.FormatAuto)
	case slices.Contains(trace.Formats(), trace.Format(s)):
		*f = formatFlag(s)
	default:
		return fmt.Errorf("want auto, %s", formatNames())
	}
	return nil
}

// formatNames lists the formats.
func formatNames() string {
	var names []string
	for _, f := range trace.Formats() {
		names = append(names, string(f))
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " or " + names[last]
}

// loadFactorFlag is a load factor.
type loadFactorFlag float64

func (f *loadFactorFlag) Type() string { return "x" }

func (f *loadFactorFlag) String() string {
	if *f == 0 {
		return ""
	}
	return strconv.FormatFloat(float64(*f), 'g', -1, 64)
}

func (f *loadFactorFlag) Set(s string) error {
	x, err := strconv.ParseFloat(s, 64)
	if err != nil || !(x >= trace.MinLoadFactor && x <= trace.MaxLoadFactor) {
		return fmt.Errorf("want a number from %s to %s, such as 1.5",
			words.Plain(trace.MinLoadFactor), words.Plain(trace.MaxLoadFactor))
	}
	*f = loadFactorFlag(x)
	return nil
}

// tablesFlag are tables for templates.
type tablesFlag map[string]map[string]string

func (f *tablesFlag) Type() string   { return "table" }
func (f *tablesFlag) String() string { return "" }

// Set reads name=key:value,key:value. The same name again adds to the table.
func (f *tablesFlag) Set(s string) error {
	name, entries, ok := strings.Cut(s, "=")
	if !ok || name == "" || entries == "" {
		return fmt.Errorf("want NAME=KEY:VALUE,KEY:VALUE")
	}
	for entry := range strings.SplitSeq(entries, ",") {
		key, value, ok := strings.Cut(entry, ":")
		if !ok || key == "" {
			return fmt.Errorf("entry %q: want KEY:VALUE", entry)
		}
		if *f == nil {
			*f = tablesFlag{}
		}
		if (*f)[name] == nil {
			(*f)[name] = map[string]string{}
		}
		if old, twice := (*f)[name][key]; twice {
			return fmt.Errorf("key %q has a value already, %q", key, old)
		}
		(*f)[name][key] = value
	}
	return nil
}
