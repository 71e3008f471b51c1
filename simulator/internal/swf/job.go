package swf

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Unknown is what a field holds that the log does not know.
const Unknown = -1

// Job is one line of a log: all 18 fields, in the format's order. A field that the log does not
// know is -1.
type Job struct {
	Number           int64
	SubmitSeconds    int64 // from the log's start; 0 or more
	WaitSeconds      int64
	RunSeconds       int64
	Processors       int64
	CPUSeconds       float64 // average over the processors; the only field that may be a fraction
	MemoryKB         int64   // per processor
	AskedProcessors  int64
	AskedSeconds     int64
	AskedMemoryKB    int64 // per processor
	Status           int64 // 1 ok, 0 failed, 5 cancelled; 2, 3, 4 are parts of a job
	User             int64
	Group            int64
	Application      int64
	Queue            int64
	Partition        int64
	PrecedingJob     int64
	ThinkTimeSeconds int64
}

// Size is the number of processors that the job had, or, where the log does not say, asked for. It
// is 0 if neither is known.
func (j *Job) Size() int64 {
	if j.Processors > 0 {
		return j.Processors
	}
	return max(j.AskedProcessors, 0)
}

// Ran says whether the job ran at all: it has a size and a run time above 0.
func (j *Job) Ran() bool {
	return j.RunSeconds > 0 && j.Size() > 0
}

const (
	numFields = 18
	// maxNumber bounds every field, so that sums of them are far from wrapping.
	maxNumber = 1_000_000_000_000
	// maxProcessors bounds the size of a job.
	maxProcessors = 100_000_000
	// maxSeconds bounds the times that a replay uses: a hundred years.
	maxSeconds = 100 * 366 * 86_400
)

// fieldNames are what error messages call the fields.
var fieldNames = [numFields]string{
	"job number", "submit time", "wait time", "run time", "processors", "cpu time", "memory",
	"requested processors", "requested time", "requested memory", "status", "user", "group",
	"application", "queue", "partition", "preceding job", "think time",
}

// parseJob reads the 18 fields of a line. It returns an error that names the field.
func parseJob(line string) (Job, error) {
	fields := strings.Fields(line)
	if len(fields) != numFields {
		return Job{}, fmt.Errorf("%d fields, want %d", len(fields), numFields)
	}
	var n [numFields]int64
	var cpuSeconds float64
	for i, f := range fields {
		x, err := parseNumber(i, f)
		if err != nil {
			return Job{}, fmt.Errorf("field %d (%s): %w", i+1, fieldNames[i], err)
		}
		n[i] = int64(x)
		if i == 5 {
			cpuSeconds = x
		}
	}
	return Job{
		Number: n[0], SubmitSeconds: n[1], WaitSeconds: n[2], RunSeconds: n[3],
		Processors: n[4], CPUSeconds: cpuSeconds, MemoryKB: n[6], AskedProcessors: n[7],
		AskedSeconds: n[8], AskedMemoryKB: n[9], Status: n[10], User: n[11], Group: n[12],
		Application: n[13], Queue: n[14], Partition: n[15], PrecedingJob: n[16],
		ThinkTimeSeconds: n[17],
	}, nil
}

// parseNumber reads field i. Whole numbers may be written with a fraction of zero ("12.0"); only
// cpu time, which nothing here is computed from, may have another one.
func parseNumber(i int, s string) (float64, error) {
	x, err := strconv.ParseFloat(s, 64)
	switch {
	case err != nil || math.IsNaN(x):
		return 0, fmt.Errorf("%s is not a number", shorten(s))
	case math.Abs(x) > maxNumber:
		return 0, fmt.Errorf("%s is out of range", shorten(s))
	case i == 5:
		return x, nil
	case x != math.Trunc(x):
		return 0, fmt.Errorf("%s is not a whole number", shorten(s))
	case i == 1 && x < 0:
		return 0, fmt.Errorf("%s is negative", shorten(s))
	case i >= 1 && i <= 4 && x < Unknown:
		return 0, fmt.Errorf("%s is below -1", shorten(s))
	case i >= 1 && i <= 3 && x > maxSeconds:
		return 0, fmt.Errorf("%s seconds is more than a hundred years", shorten(s))
	case (i == 4 || i == 7) && x > maxProcessors:
		return 0, fmt.Errorf("%s is more than a hundred million processors", shorten(s))
	}
	return x, nil
}

// shorten quotes s, cut to a length that fits a message.
func shorten(s string) string {
	const limit = 24
	if len(s) > limit {
		return strconv.Quote(s[:limit]) + "…"
	}
	return strconv.Quote(s)
}
