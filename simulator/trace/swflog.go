package trace

import (
	"strconv"
	"strings"
	"time"

	"github.com/quotasched/quotasched/simulator"
	"github.com/quotasched/quotasched/simulator/internal/swf"
)

// swfFields are the names of the 18 fields of a job, in the format's order.
var swfFields = strings.Fields("job submit wait run processors cpu memory asked_processors " +
	"asked_seconds asked_memory status user group application queue partition preceding think")

// swfReader reads jobs of a log in SWF.
type swfReader struct {
	file *file
	in   *swf.Reader
	job  swf.Job
	// jobs counts those that were read, and unix is true if the first one was submitted decades after
	// time 0: then times are counted from 1970, and not from the log's start.
	jobs int
	unix bool
}

func newSWFReader(f *file) (*swfReader, error) {
	in, err := swf.NewReader(f.in, f.name)
	if err != nil {
		return nil, err
	}
	return &swfReader{file: f, in: in}, nil
}

func (r *swfReader) fields() []string { return swfFields }
func (r *swfReader) line() int        { return r.in.Line() }
func (r *swfReader) noun() string     { return "job" }
func (r *swfReader) close() error     { return r.file.close() }

func (r *swfReader) next(to *record) error {
	job, err := r.in.Next()
	if err != nil {
		return err
	}
	r.job = job
	if r.jobs++; r.jobs == 1 {
		r.unix = job.SubmitSeconds >= unixSeconds
	}
	*to = record{
		id:     strconv.FormatInt(job.Number, 10),
		submit: time.Duration(job.SubmitSeconds) * time.Second,
		start:  simulator.Unknown,
		run:    time.Duration(job.RunSeconds) * time.Second,
		wait:   simulator.Unknown,
		size:   float64(job.Size()),
	}
	if job.WaitSeconds >= 0 {
		to.wait = time.Duration(job.WaitSeconds) * time.Second
	}
	switch {
	case job.RunSeconds <= 0:
		to.fate = noRunTime
	case job.Size() <= 0:
		to.fate = noSize
	}
	return nil
}

func (r *swfReader) field(i int) string {
	j := &r.job
	if i == 5 {
		if j.CPUSeconds < 0 {
			return ""
		}
		return strconv.FormatFloat(j.CPUSeconds, 'f', -1, 64)
	}
	n := [...]int64{j.Number, j.SubmitSeconds, j.WaitSeconds, j.RunSeconds, j.Processors, 0,
		j.MemoryKB, j.AskedProcessors, j.AskedSeconds, j.AskedMemoryKB, j.Status, j.User, j.Group,
		j.Application, j.Queue, j.Partition, j.PrecedingJob, j.ThinkTimeSeconds}[i]
	if n < 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}

func (r *swfReader) about() about {
	header := r.in.Header()
	a := about{processors: header.Processors(), unix: r.unix}
	if r.unix {
		a.notes = []string{"times are taken to be counted from 1970, as they are of 1990 or later " +
			"that way"}
	}
	if start, ok := header.Start(); ok {
		a.start = start
	}
	for _, f := range header.Facts {
		a.facts = append(a.facts, Fact{Key: f.Key, Value: f.Value})
	}
	return a
}
