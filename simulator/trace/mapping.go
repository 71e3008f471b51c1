package trace

import (
	"io"
	"time"
)

// Format is how a log is written.
type Format string

// The formats. FormatAuto tells them apart by the file's name and its beginning.
const (
	FormatAuto        Format = ""
	FormatSWF         Format = "swf"
	FormatCSV         Format = "csv"
	FormatNative      Format = "native"
	FormatSacct       Format = "sacct"
	FormatKueue       Format = "kueue"
	FormatSwarming    Format = "swarming"
	FormatBuildbucket Format = "buildbucket"
)

// Formats returns all formats but FormatAuto.
func Formats() []Format {
	return []Format{FormatSWF, FormatCSV, FormatNative, FormatSacct, FormatKueue, FormatSwarming,
		FormatBuildbucket}
}

// Source names a log and says how to read it.
type Source struct {
	// File is the log's path. A relative one is looked for beside the experiment's file, and in the
	// folder that the environment variable QSIM_TRACES names.
	File string `yaml:"file" json:"file"`
	// Input, if not nil, opens the log in place of File, which then only names it.
	Input func() (io.ReadCloser, error) `yaml:"-" json:"-"`
	// Format is how it is written: swf, csv, native, sacct, kueue, swarming or buildbucket. Without
	// it, the ending of the name and the beginning of the text tell.
	Format Format `yaml:"format,omitempty" json:"format,omitempty"`
	// Preset is the name of a ready table and mapping for a known log, such as kth-sp2; the README of
	// the simulator lists them all. What the other fields here say takes its place, field by field.
	Preset string `yaml:"preset,omitempty" json:"preset,omitempty"`
	// Table says what the columns of a CSV log are. Of it, zone and size are for logs of other formats
	// that name their fields, too.
	Table Table `yaml:"table,omitempty" json:"table,omitempty"`
	// Strict stops at the first malformed row, instead of skipping and counting it.
	Strict bool `yaml:"strict,omitempty" json:"strict,omitempty"`

	Mapping `yaml:",inline"`
}

// Table names the columns of a CSV file that have a meaning of their own. All columns are fields
// for templates, under their own names. Without a name there is no such column. Needed are when a
// row was submitted, and how long it ran, or both when it started and when it ended.
type Table struct {
	// ID is the column that names the submission; without it, the number of the row does.
	ID string `yaml:"id,omitempty" json:"id,omitempty"`
	// Submit is the column that says when the row was submitted: an instant, which is a number in
	// Unit or a date such as 2026-01-05T09:30:00Z. It is needed.
	Submit string `yaml:"submit,omitempty" json:"submit,omitempty"`
	// Start is the column that says when it started, an instant. What has none never ran, and is
	// left out and counted.
	Start string `yaml:"start,omitempty" json:"start,omitempty"`
	// End is the column that says when it ended, an instant. What has none is left out and counted,
	// unless EndOfLog says otherwise.
	End string `yaml:"end,omitempty" json:"end,omitempty"`
	// Run is the column that says how long it ran, a duration in Unit; without it, that is the time
	// between Start and End.
	Run string `yaml:"run,omitempty" json:"run,omitempty"`
	// Wait is the column that says how long it waited, a duration in Unit; without it, that is the
	// time between Submit and Start, and not known where there is no Start.
	Wait string `yaml:"wait,omitempty" json:"wait,omitempty"`
	// Unit is that of all times in the log: s or ms, with instants counted from the log's start, or
	// unix or unix_ms, with instants counted from 1970. Without it, s, or what the first instant looks
	// like: unix from 1990 on in seconds, unix_ms from 1990 on in milliseconds. Where instants are
	// counted from 1970, or are dates, the log starts with its first submission, rounded down to a
	// second.
	Unit string `yaml:"unit,omitempty" json:"unit,omitempty"`
	// Zone is the time zone of dates that name none, such as Europe/Berlin; without it, UTC.
	Zone string `yaml:"zone,omitempty" json:"zone,omitempty"`
	// Delimiter is the character between columns, or the word tab. Without it, it is the one of comma,
	// semicolon, tab and bar that the header line has most of.
	Delimiter string `yaml:"delimiter,omitempty" json:"delimiter,omitempty"`
	// Size is the column that says how many workers it used; without it, 1. A fraction is rounded
	// up. What has none, or 0, is left out and counted. Of sacct it is AllocCPUS, or another column of
	// its kind, and of Kueue the field pods, if it is not named.
	Size string `yaml:"size,omitempty" json:"size,omitempty"`
	// Task are the columns that name a task together, in a log with a row for each attempt to run
	// one. The task's submission is that of its first attempt, and its run time that of its last
	// one. Without it, each row is a submission.
	Task []string `yaml:"task,omitempty" json:"task,omitempty"`
	// Outcome is the column that says how an attempt ended. With it and Task, evictions count as
	// the log's own preemptions.
	Outcome string `yaml:"outcome,omitempty" json:"outcome,omitempty"`
	// Evicted is the value of the column Outcome of an attempt that was evicted.
	Evicted string `yaml:"evicted,omitempty" json:"evicted,omitempty"`
	// EndOfLog is when the log ends, an instant in Unit: what had not ended ran on until then.
	// Without it, what has no end is left out.
	EndOfLog float64 `yaml:"end_of_log,omitempty,nonzero" json:"end_of_log,omitempty"`
	// StartOfLog is when the log begins, an instant in Unit. Instants before it count as this one,
	// and waits that began before it are not known. Times are still counted from 0.
	StartOfLog float64 `yaml:"start_of_log,omitempty" json:"start_of_log,omitempty"`
}

// NoAccount is the Mapping.Account of a workload without accounts.
const NoAccount = "none"

// SizeMode says what becomes of a submission that used several workers at once.
type SizeMode string

const (
	// SizeExpand makes as many requests of it, which are scheduled one by one. The default.
	SizeExpand SizeMode = "expand"
	// SizeSingle makes one request of it.
	SizeSingle SizeMode = "single"
)

// Mapping says what of a log's records becomes what of submissions. Texts are templates.
type Mapping struct {
	// Account is the template of the account that pays, such as "{group}/{queue}". Without it,
	// records of a native log keep their accounts, and others have none, so that their tasks are
	// free. The text "none" takes away what a preset or a native log has.
	Account string `yaml:"account,omitempty" json:"account,omitempty"`
	// BaseLabels are the templates of the labels that a worker must have to run the tasks, one
	// template a label, such as "partition:{partition}". A label that comes to nothing, or in which
	// a field is unknown, is left out.
	BaseLabels []string `yaml:"base_labels,omitempty" json:"base_labels,omitempty"`
	// ProvisionableLabels are those of the labels that a worker is given before it runs the tasks,
	// if it lacks them.
	ProvisionableLabels []string `yaml:"provisionable_labels,omitempty" json:"provisionable_labels"`
	// Importance is the template of the importance, such as the name of a queue. Figures, and
	// evictions in reality, are grouped by it; the scheduler does not know it.
	Importance string `yaml:"importance,omitempty" json:"importance,omitempty"`
	// Tables are what templates such as "{queue|queues}" look values up in: for each table's name,
	// what stands for which value. "*" stands for all others; without it, a value that the table
	// lacks stands for itself, and a note says so.
	Tables map[string]map[string]string `yaml:"tables,omitempty" json:"tables,omitempty"`
	// Size says what becomes of a submission that used n workers at once: with SizeExpand n requests
	// of one worker each, which are scheduled one by one, and with SizeSingle one request. Without
	// it, SizeExpand.
	Size SizeMode `yaml:"size,omitempty" json:"size,omitempty"`
	// PerWorker is a template that comes to a number: how much of the log's size one worker has,
	// such as 8 for nodes of 8 processors. Sizes are divided by it and rounded up. Without it, 1.
	PerWorker string `yaml:"per_worker,omitempty" json:"per_worker,omitempty"`
	// From leaves out what was submitted before this time, counted from the log's start.
	From time.Duration `yaml:"from,omitempty" json:"from,omitempty"`
	// To leaves out what was submitted at this time, counted from the log's start, or later. Without
	// it, the log's end.
	To time.Duration `yaml:"to,omitempty,nonzero" json:"to,omitempty"`
	// LoadFactor compresses the arrivals: 2 lets the same submissions arrive in half the time.
	// Run times stay, and what the log says of waits and preemptions is left out, as it was that of
	// another load. Without it, 1.
	LoadFactor float64 `yaml:"load_factor,omitempty,nonzero" json:"load_factor,omitempty"`
}
