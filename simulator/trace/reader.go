package trace

import (
	"time"

	"github.com/quotasched/quotasched/simulator"
)

// reader reads the records of a log in one format.
type reader interface {
	// fields are the names that templates can use.
	fields() []string
	// next reads a record. At the end of the log the error is io.EOF. A malformed one is a
	// *swf.LineError, and next goes on behind it; any other error ends the reading.
	next(r *record) error
	// field returns the text of a field of the record read last; "" if it is unknown.
	field(i int) string
	// line is where the record read last begins, from 1.
	line() int
	// about says what the log says of itself. It is complete when all records have been read.
	about() about
	// noun is what a record of this log is called.
	noun() string
	// close closes the file.
	close() error
}

// openReader is a reader of records that have fields beside those that it lists, such as tags.
type openReader interface {
	reader
	// place returns the place of a field, or -1 if no record can have it.
	place(name string) int
}

// about is what a log says of itself.
type about struct {
	// name is empty if the log does not say; then it is the file's.
	name string
	// start is the moment from which times are counted; zero if the log does not say.
	start time.Time
	// unix is true if times are counted from 1970, and not from the log's start.
	unix bool
	// processors is the size of the machine; 0 if the log does not say.
	processors int64
	// preemptions is true if the log knows how often its submissions were preempted.
	preemptions bool
	// facts are all that it says, for people.
	facts []Fact
	// notes are those of a native log, or say what the reader left out or assumed.
	notes []string
}

// Fact is something that a log says of itself.
type Fact struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// record is what a log says of a submission, or of one attempt to run it.
type record struct {
	// id is the log's name for it; empty if it has none.
	id string
	// task is what attempts of one task have in common; empty if records are not attempts.
	task string
	// submit is when it was submitted. If early, that was before the log begins.
	submit time.Duration
	early  bool
	// start is when it began to run; simulator.Unknown if it never did, or if that is not known.
	start time.Duration
	// run is how long it ran; meaningful only if fate is ran.
	run time.Duration
	// wait is how long it waited in reality, or simulator.Unknown.
	wait time.Duration
	// size is how much it had of the machine, in the log's own measure.
	size float64
	// fate says whether it ran. Open is true if it still ran at the end of the log.
	fate fate
	open bool
	// evictions counts how often it was preempted in reality.
	evictions int
	// given is what a native log has; nil in all others.
	given *simulator.Submission
}

// fate is whether a record ran, and if not, why not.
type fate int

const (
	ran fate = iota
	neverStarted
	noRunTime
	noSize
	noEnd
	numFates
)

// fateNames complete the sentence "left out: 3 ...".
var fateNames = [numFates]string{"that ran", "that never started", "without a run time",
	"without a size", "without an end"}
