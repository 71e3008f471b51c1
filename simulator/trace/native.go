package trace

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/quotasched/quotasched/internal/words"
	"github.com/quotasched/quotasched/scheduler"
	"github.com/quotasched/quotasched/simulator"
)

// nativeName and nativeVersion begin every native log.
const (
	nativeName    = "quotasched-trace"
	nativeVersion = 1
)

// nativeHeader is the first line of a native log.
type nativeHeader struct {
	// Format is nativeName, and Version is nativeVersion. It grows when a field changes its
	// meaning or is added: a reader refuses fields that it does not know.
	Format  string `json:"format"`
	Version int    `json:"version"`
	// Name, Start, RealWorkers and RealPreemptionsKnown are those of the simulator.Workload.
	Name                 string    `json:"name,omitempty"`
	Start                time.Time `json:"start_time"`
	RealWorkers          int       `json:"real_workers,omitempty"`
	RealPreemptionsKnown bool      `json:"real_preemptions_known,omitempty"`
	// Notes say for people where the log is from, and what was left out.
	Notes []string `json:"notes,omitempty"`
}

// nativeSubmission is every other line of a native log: a simulator.Submission.
type nativeSubmission struct {
	ID                  string   `json:"id"`
	Account             string   `json:"account,omitempty"`
	BaseLabels          []string `json:"base_labels,omitempty"`
	ProvisionableLabels []string `json:"provisionable_labels,omitempty"`
	// Submit is counted from the start_time of the log.
	Submit seconds `json:"submit_seconds"`
	Run    seconds `json:"run_seconds"`
	// Size is 1 where it is not there.
	Size int `json:"size,omitempty"`
	// RealWait is not there where it is not known.
	RealWait        *seconds `json:"real_wait_seconds,omitempty"`
	RealPreemptions int      `json:"real_preemptions,omitempty"`
	Importance      string   `json:"importance,omitempty"`
}

// seconds is a duration that JSON has as an exact decimal number of seconds.
type seconds time.Duration

// MarshalJSON writes 3477, or 0.25.
func (s seconds) MarshalJSON() ([]byte, error) {
	return appendSeconds(nil, time.Duration(s)), nil
}

// UnmarshalJSON reads a number of seconds.
func (s *seconds) UnmarshalJSON(b []byte) error {
	d, err := parseTime(string(b), time.Second)
	*s = seconds(d)
	return err
}

// WriteNative writes a workload as a native log. Read with Load and an empty Mapping, it is the
// same workload again, with the same notes. Cost: O(n) in submissions.
func WriteNative(out io.Writer, w *simulator.Workload, notes []string) error {
	buffered := bufio.NewWriter(out)
	encoder := json.NewEncoder(buffered)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(&nativeHeader{Format: nativeName, Version: nativeVersion, Name: w.Name,
		Start: w.Start.UTC(), RealWorkers: w.RealWorkers, RealPreemptionsKnown: w.RealPreemptionsKnown,
		Notes: notes})
	for i := 0; err == nil && i < len(w.Submissions); i++ {
		s := &w.Submissions[i]
		line := nativeSubmission{ID: s.ID, Account: string(s.Account), BaseLabels: s.BaseLabels,
			ProvisionableLabels: s.ProvisionableLabels, Submit: seconds(s.Submit),
			Run: seconds(s.Run), Size: s.Size, RealPreemptions: s.RealPreemptions,
			Importance: s.Importance}
		if s.Size == 1 {
			line.Size = 0
		}
		if s.RealWait >= 0 {
			wait := seconds(s.RealWait)
			line.RealWait = &wait
		}
		err = encoder.Encode(&line)
	}
	return errors.Join(err, buffered.Flush())
}

// nativeFields are the names of a native log's fields.
var nativeFields = []string{"id", "account", "importance", "size"}

// nativeReader reads a native log.
type nativeReader struct {
	lines
	header nativeHeader
	given  simulator.Submission
}

// newNativeReader reads the first line.
func newNativeReader(f *file) (*nativeReader, error) {
	r := &nativeReader{lines: lines{file: f}}
	line, err := r.lines.next()
	if err == io.EOF {
		return nil, fmt.Errorf("%s: the file is empty; want a line with the log's version", f.name)
	}
	if err != nil {
		return nil, err
	}
	line = bytes.TrimPrefix(line, []byte(byteOrderMark))
	if err := decode(line, &r.header); err != nil {
		return nil, r.malformed(err)
	}
	h := &r.header
	switch {
	case h.Format != nativeName:
		return nil, r.malformed(fmt.Errorf("not a native log: format is %s, want %q",
			shorten(h.Format), nativeName))
	case h.Version != nativeVersion:
		return nil, r.malformed(fmt.Errorf("version %d of the format is not known, only %d",
			h.Version, nativeVersion))
	case h.RealWorkers < 0 || h.RealWorkers > maxProcessors:
		return nil, r.malformed(fmt.Errorf("real_workers: %s is not from 0 to a billion",
			words.Number(h.RealWorkers)))
	case h.Start.Year() < 1 || h.Start.Year() > 9000:
		return nil, r.malformed(fmt.Errorf("start_time: the year %d is out of range",
			h.Start.Year()))
	}
	return r, nil
}

func (r *nativeReader) fields() []string { return nativeFields }
func (r *nativeReader) line() int        { return r.number }
func (r *nativeReader) noun() string     { return "submission" }
func (r *nativeReader) close() error     { return r.file.close() }

func (r *nativeReader) field(i int) string {
	switch nativeFields[i] {
	case "id":
		return r.given.ID
	case "account":
		return string(r.given.Account)
	case "importance":
		return r.given.Importance
	default:
		return fmt.Sprint(r.given.Size)
	}
}

func (r *nativeReader) about() about {
	h := &r.header
	return about{name: h.Name, start: h.Start.UTC(), processors: int64(h.RealWorkers),
		preemptions: h.RealPreemptionsKnown, notes: h.Notes}
}

func (r *nativeReader) next(to *record) error {
	for {
		line, err := r.lines.next()
		if err != nil {
			return err
		}
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		var s nativeSubmission
		if err := decode(line, &s); err != nil {
			return r.malformed(err)
		}
		if err := r.take(&s); err != nil {
			return r.malformed(err)
		}
		*to = record{id: r.given.ID, submit: r.given.Submit, start: simulator.Unknown,
			run: r.given.Run, wait: r.given.RealWait, size: float64(r.given.Size),
			evictions: r.given.RealPreemptions, given: &r.given}
		return nil
	}
}

// take checks a submission and keeps it.
func (r *nativeReader) take(s *nativeSubmission) error {
	if s.Size == 0 {
		s.Size = 1
	}
	switch {
	case s.ID == "":
		return errors.New("id is missing")
	case s.Submit < 0:
		return errors.New("submit_seconds is negative")
	case s.Run <= 0:
		return errors.New("run_seconds is missing, or not above 0")
	case s.Size < 0 || s.Size > maxSize:
		return fmt.Errorf("size: %s is not from 1 to a hundred million", words.Number(s.Size))
	case s.RealWait != nil && *s.RealWait < 0:
		return errors.New("real_wait_seconds is negative")
	case s.RealPreemptions < 0:
		return errors.New("real_preemptions is negative")
	}
	wait := simulator.Unknown
	if s.RealWait != nil {
		wait = time.Duration(*s.RealWait)
	}
	r.given = simulator.Submission{ID: s.ID, Account: scheduler.AccountID(s.Account),
		BaseLabels: s.BaseLabels, ProvisionableLabels: s.ProvisionableLabels,
		Submit: time.Duration(s.Submit), Run: time.Duration(s.Run), Size: s.Size, RealWait: wait,
		RealPreemptions: s.RealPreemptions, Importance: s.Importance}
	return nil
}

// decode reads one JSON value that fills the line, without fields that are not known.
func decode(line []byte, to any) error {
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(to); err != nil {
		return plain(err)
	}
	if len(bytes.TrimSpace(line[d.InputOffset():])) > 0 {
		return errors.New("there is more behind the object")
	}
	return nil
}

// plain says in the words of the log what package json says in those of Go.
func plain(err error) error {
	if t, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		if t.Field == "" {
			return fmt.Errorf("a %s, and not a JSON object", t.Value)
		}
		return fmt.Errorf("%s: a %s does not belong here", t.Field, t.Value)
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("the JSON object is cut short")
	}
	return fmt.Errorf("not JSON of a native log: %w", err)
}
