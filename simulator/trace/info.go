package trace

import (
	"time"

	"github.com/quotasched/quotasched/simulator"
)

// InfoVersion is the version of the JSON form of Info. It grows when a field changes its meaning or
// goes away; new fields do not change it.
const InfoVersion = 1

// Info is what is in a log: what it says of itself, and what it comes to by a mapping.
type Info struct {
	// Version is InfoVersion.
	Version int `json:"version"`
	// File and Format are the source's, and Name is what the log is called.
	File   string `json:"file"`
	Format Format `json:"format"`
	Name   string `json:"name"`
	// Start is the moment from which times are counted.
	Start time.Time `json:"start_time"`
	// Facts are what the log says of itself, in its order.
	Facts []Fact `json:"facts"`
	// Notes say what was read, skipped and assumed, and Warnings describe malformed rows.
	Notes    []string `json:"notes"`
	Warnings []string `json:"warnings"`
	// Records, NeverRan and Malformed are as in Loaded.
	Records   int `json:"records"`
	NeverRan  int `json:"never_ran"`
	Malformed int `json:"malformed"`
	// Submissions and Requests are what a simulation would have.
	Submissions int `json:"submissions"`
	Requests    int `json:"requests"`
	// FirstSubmitSeconds and LastSubmitSeconds are counted from Start; SpanSeconds is between them.
	FirstSubmitSeconds float64 `json:"first_submit_seconds"`
	LastSubmitSeconds  float64 `json:"last_submit_seconds"`
	SpanSeconds        float64 `json:"span_seconds"`
	// WorkerSeconds is the run time of all requests.
	WorkerSeconds float64 `json:"worker_seconds"`
	// RealWorkers is the size of the machine; 0 if it is not known. RealUtilisation is the part of
	// its time that was used, from the first submission to the last end; nil if that is not known.
	RealWorkers     int      `json:"real_workers"`
	RealUtilisation *float64 `json:"real_utilisation,omitempty"`
	// RealPreemptions counts the preemptions of reality; nil if they are not known.
	RealPreemptions *int `json:"real_preemptions,omitempty"`
	// Run is over submissions. RealWait is, too, over those whose wait is known.
	Run      simulator.Distribution `json:"run"`
	RealWait simulator.Distribution `json:"real_wait"`
	// Widths are ranges of sizes, in order; ranges with no submission are left out.
	Widths []Width `json:"widths"`
	// Load follows what arrived, in twentieths of the span, rounded up to whole seconds.
	Load []LoadStep `json:"load"`
	// Groups sum submissions up by account, and by importance, labels, queue and partition where
	// there are some.
	Groups []Grouping `json:"groups"`
	// Fields are the fields that templates can use.
	Fields []FieldInfo `json:"fields"`
}

// Width is a range of sizes.
type Width struct {
	// Least and Most are the sizes between which the range is, both included.
	Least         int     `json:"least"`
	Most          int     `json:"most"`
	Submissions   int     `json:"submissions"`
	WorkerSeconds float64 `json:"worker_seconds"`
}

// LoadStep is what arrived in a part of the span.
type LoadStep struct {
	Start       time.Time `json:"start_time"`
	Seconds     float64   `json:"seconds"`
	Submissions int       `json:"submissions"`
	Requests    int       `json:"requests"`
	// WorkerSeconds is the run time of the requests that arrived, and Workers is that in workers:
	// how many would be busy if the step went on for ever.
	WorkerSeconds float64 `json:"worker_seconds"`
	Workers       float64 `json:"workers"`
}

// Grouping sums submissions up by one of their properties.
type Grouping struct {
	// By is "account", "importance", "labels", or the name of a field.
	By string `json:"by"`
	// Rows are in order of WorkerSeconds, the largest first.
	Rows []Group `json:"rows"`
}

// Group is the sum of some submissions.
type Group struct {
	Value         string  `json:"value"`
	Submissions   int     `json:"submissions"`
	Requests      int     `json:"requests"`
	WorkerSeconds float64 `json:"worker_seconds"`
	// Share is the part that WorkerSeconds is of those of all.
	Share float64 `json:"share"`
	// RealWait is over the submissions whose wait is known, and RealPreemptions are in Info's
	// sense.
	RealWait        simulator.Distribution `json:"real_wait"`
	RealPreemptions int                    `json:"real_preemptions"`
}

// FieldInfo is what a field of the log's records has, over all records.
type FieldInfo struct {
	Name string `json:"name"`
	// Distinct counts the values; AndMore is true if there are more of them,
	// or some that are longer than a kilobyte.
	Distinct int  `json:"distinct"`
	AndMore  bool `json:"and_more,omitempty"`
	// Unknown counts the records that do not know it.
	Unknown int `json:"unknown"`
	// Top are the most frequent values, if all are counted, and else the first ones.
	Top []ValueCount `json:"top"`
}

// ValueCount is how often a field has a value.
type ValueCount struct {
	Value   string `json:"value"`
	Records int    `json:"records"`
}
