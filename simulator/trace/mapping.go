package trace

import "time"

// Format is how a log is written.
type Format string

// The formats. FormatAuto tells them apart by the file's name and its first line.
const (
	FormatAuto   Format = ""
	FormatSWF    Format = "swf"
	FormatCSV    Format = "csv"
	FormatNative Format = "native"
)

// Source names a log and says how to read it.
type Source struct {
	// File is the log's path.
	File string `yaml:"file" json:"file"`
	// Format is how it is written; empty to find out.
	Format Format `yaml:"format,omitempty" json:"format,omitempty"`
	// Preset is the name of a ready table and mapping for a known log: see Presets. What Table and
	// Mapping say takes its place, field by field.
	Preset string `yaml:"preset,omitempty" json:"preset,omitempty"`
	// Table says what the columns of a CSV log are.
	Table Table `yaml:"table,omitempty" json:"table,omitempty"`
	// Strict stops at the first malformed row, instead of skipping and counting it.
	Strict bool `yaml:"strict,omitempty" json:"strict,omitempty"`

	Mapping `yaml:",inline"`
}

// Table names the columns of a CSV file that have a meaning of their own. All columns are fields
// for templates, under their own names. A name that is empty means that there is no such column.
type Table struct {
	// ID names the submission; without it, the number of the row does.
	ID string `yaml:"id,omitempty" json:"id,omitempty"`
	// Submit, Start and End are instants, and Run and Wait are durations, in Unit: "s" or "ms", from
	// the log's start, or "unix" or "unix_ms", where instants are counted from 1970. Instants may
	// also be dates, such as 2026-01-05T09:30:00Z. In both of these cases, the log starts with its
	// first submission, rounded down to a second.
	// Needed are Submit, and Run or both of Start and End. Where Wait is empty and Start is there,
	// the wait is between Submit and Start.
	Submit string `yaml:"submit,omitempty" json:"submit,omitempty"`
	Start  string `yaml:"start,omitempty" json:"start,omitempty"`
	End    string `yaml:"end,omitempty" json:"end,omitempty"`
	Run    string `yaml:"run,omitempty" json:"run,omitempty"`
	Wait   string `yaml:"wait,omitempty" json:"wait,omitempty"`
	Unit   string `yaml:"unit,omitempty" json:"unit,omitempty"`
	// Size is the number of workers; without it, 1. A fraction is rounded up. What has none, or 0,
	// is left out.
	Size string `yaml:"size,omitempty" json:"size,omitempty"`
	// Task has the columns that name a task together, in logs with a row for each attempt to run
	// it. Its submission is that of the first attempt, and its run time that of the last one;
	// attempts that ended in Evicted, in the column Outcome, were preempted.
	Task    []string `yaml:"task,omitempty" json:"task,omitempty"`
	Outcome string   `yaml:"outcome,omitempty" json:"outcome,omitempty"`
	Evicted string   `yaml:"evicted,omitempty" json:"evicted,omitempty"`
	// EndOfLog is when the log ends, in Unit: what had not ended ran on until then. 0 leaves out
	// what has no end.
	EndOfLog float64 `yaml:"end_of_log,omitempty" json:"end_of_log,omitempty"`
	// StartOfLog is when the log begins, in Unit. Instants before it count as this one, and waits
	// that began before it are not known. Times are still counted from 0.
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
	// Account pays. Empty: a record has no account, and its tasks are free; in a native log, it is
	// that of the log. NoAccount takes away what a preset or a native log has.
	Account string `yaml:"account,omitempty" json:"account,omitempty"`
	// BaseLabels and ProvisionableLabels are one template a label. One that comes to nothing, or
	// in which a field is unknown, is left out.
	BaseLabels          []string `yaml:"base_labels,omitempty" json:"base_labels,omitempty"`
	ProvisionableLabels []string `yaml:"provisionable_labels,omitempty" json:"provisionable_labels"`
	// Importance groups figures, and evictions of reality are counted by it.
	Importance string `yaml:"importance,omitempty" json:"importance,omitempty"`
	// Tables has, for each table's name, what stands for which value; "*" is for all others.
	// Without it, a value that the table lacks stands for itself, and a note says so.
	Tables map[string]map[string]string `yaml:"tables,omitempty" json:"tables,omitempty"`
	// Size is SizeExpand or SizeSingle; empty means SizeExpand.
	Size SizeMode `yaml:"size,omitempty" json:"size,omitempty"`
	// PerWorker comes to a number: how much of the log's size one worker has, such as the
	// processors of a node. Sizes are divided by it and rounded up. Empty means 1.
	PerWorker string `yaml:"per_worker,omitempty" json:"per_worker,omitempty"`
	// From and To cut a window of submissions out, from the log's start; To 0 means its end.
	From time.Duration `yaml:"from,omitempty" json:"from,omitempty"`
	To   time.Duration `yaml:"to,omitempty" json:"to,omitempty"`
	// LoadFactor compresses the arrivals: 2 lets the same submissions arrive in half the time.
	// Run times stay. 0 means 1.
	LoadFactor float64 `yaml:"load_factor,omitempty" json:"load_factor,omitempty"`
}
