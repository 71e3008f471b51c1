package report

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/quotasched/quotasched/scheduler"
	"github.com/quotasched/quotasched/simulator"
)

// taskColumns are the columns of a CSV file of tasks:
//
//   - variant, seed: the run.
//   - request, submission, account, importance: whose it is; an account may be empty.
//   - outcome: completed, impossible, expired, dropped, lost or unfinished.
//   - submit_seconds, first_start_seconds, start_seconds, end_seconds: when it was submitted, when
//     its first and its last run began, and when that ended, from the workload's start.
//   - wait_seconds: from its submission to the start of the run that completed.
//   - worker, level: where its last run was, and at which level it ended: p0 to p4, or free.
//   - runs, preemptions: how often it ran and was preempted.
//   - provision_seconds: what its last run spent on provisioning; lost_seconds: what its other
//     runs had done.
//   - real_wait_seconds: what its submission waited in reality.
//
// What is not known, or never came, is empty.
var taskColumns = []string{
	"variant", "seed", "request", "submission", "account", "importance", "outcome",
	"submit_seconds", "first_start_seconds", "start_seconds", "end_seconds", "wait_seconds",
	"worker", "level", "runs", "preemptions", "provision_seconds", "lost_seconds",
	"real_wait_seconds",
}

// completed is the outcome of a request that ran to its end.
const completed = "completed"

// appendTask adds the row of a task.
func appendTask(b []byte, run taskRun, r *simulator.TaskRecord) []byte {
	wait := simulator.Unknown
	if r.Outcome == completed && r.Start != simulator.Unknown {
		wait = r.Start - r.Submit
	}
	level := ""
	if r.FirstStart != simulator.Unknown {
		level = levelName(r.Level)
	}
	b = append(appendText(b, run.variant), ',')
	b = strconv.AppendUint(b, run.seed, 10)
	for _, text := range [...]string{string(r.Request), r.Submission, string(r.Account),
		r.Importance, r.Outcome} {
		b = appendText(append(b, ','), text)
	}
	for _, d := range [...]time.Duration{r.Submit, r.FirstStart, r.Start, r.End, wait} {
		b = appendSeconds(append(b, ','), d)
	}
	b = appendText(append(b, ','), string(r.Worker))
	b = append(append(b, ','), level...)
	b = strconv.AppendInt(append(b, ','), int64(r.Runs), 10)
	b = strconv.AppendInt(append(b, ','), int64(r.Preemptions), 10)
	for _, d := range [...]time.Duration{r.Provision, r.Lost, r.RealWait} {
		b = appendSeconds(append(b, ','), d)
	}
	return append(b, '\r', '\n')
}

// levelName is p0 to p4, or free.
func levelName(level scheduler.Priority) string {
	if level >= scheduler.FreeBucket {
		return "free"
	}
	return "p" + strconv.Itoa(int(level))
}

// appendSeconds adds a duration in seconds, with milliseconds where there are any; nothing if it is
// not known.
func appendSeconds(b []byte, d time.Duration) []byte {
	if d < 0 {
		return b
	}
	millis := d.Milliseconds()
	b = strconv.AppendInt(b, millis/1000, 10)
	if rest := millis % 1000; rest > 0 {
		digits := strconv.AppendInt(nil, 1000+rest, 10)
		digits[0] = '.'
		for digits[len(digits)-1] == '0' {
			digits = digits[:len(digits)-1]
		}
		b = append(b, digits...)
	}
	return b
}

// appendText adds a text as RFC 4180 has it. A text that a spreadsheet would take for a formula
// gets an apostrophe before it, and so does one that begins with an apostrophe: taking one off the
// texts that begin with it gives every text back.
func appendText(b []byte, text string) []byte {
	if text != "" && strings.IndexByte("=+-@\t\r'", text[0]) >= 0 {
		text = "'" + text
	}
	if !strings.ContainsAny(text, ",\"\r\n") {
		return append(b, text...)
	}
	b = slices.Grow(b, len(text)+2)
	b = append(b, '"')
	b = append(b, strings.ReplaceAll(text, `"`, `""`)...)
	return append(b, '"')
}
