package simulator

import (
	"time"

	"github.com/quotasched/quotasched/internal/field"
	"github.com/quotasched/quotasched/internal/words"
)

// Faults says what goes wrong in a run, and how often. Each fault is off while its rate is 0. News
// is what the dispatcher tells the pool of requests and workers. Which faults happen depends on
// Setup.Seed alone.
type Faults struct {
	// WorkerDeaths is how often a worker dies, per worker and day, from 0 to 86,400. What it ran is
	// lost. It comes back with the labels that it had at the start.
	WorkerDeaths float64 `json:"worker_deaths" yaml:"worker_deaths"`
	// WorkerAbsence is how long a dead worker stays away, on average.
	WorkerAbsence time.Duration `json:"worker_absence" yaml:"worker_absence"`
	// PollLost is the part, from 0 to 1, of answers to polls that never reach their worker, which
	// then polls again, and of orders to stop a task, which are repeated. Answers with no task do
	// not count.
	PollLost float64 `json:"poll_lost" yaml:"poll_lost"`
	// NewsLost is the part of the news, from 0 to 1, that never reaches the pool.
	NewsLost float64 `json:"news_lost" yaml:"news_lost"`
	// NewsRepeated is the part of the news, from 0 to 1, that reaches the pool twice.
	NewsRepeated float64 `json:"news_repeated" yaml:"news_repeated"`
	// NewsShuffled is the part of the news, from 0 to 1, that changes its place with other news of
	// the same tick.
	NewsShuffled float64 `json:"news_shuffled" yaml:"news_shuffled"`
	// NewsDelayed is the part of the news, from 0 to 1, that reaches the pool late.
	NewsDelayed float64 `json:"news_delayed" yaml:"news_delayed"`
	// NewsDelay is by how much such news is late, on average. It is needed where NewsDelayed is more
	// than 0.
	NewsDelay time.Duration `json:"news_delay" yaml:"news_delay"`
	// ClockSkew is by how much the clock of a worker is wrong at most, either way; each one by its
	// own time. News from a worker carries its clock's time. At most a day.
	ClockSkew time.Duration `json:"clock_skew" yaml:"clock_skew"`
	// Restarts is how often the dispatcher restarts, per day, from 0 to 86,400: it takes its last
	// snapshot, and repeats the operations since. What it knows of its requests stays.
	Restarts float64 `json:"restarts" yaml:"restarts"`
	// SnapshotPeriod is the time from one snapshot to the next. It is needed where Restarts is more
	// than 0.
	SnapshotPeriod time.Duration `json:"snapshot_period" yaml:"snapshot_period"`
	// Until ends all faults, counted from the first submission: after it, everything that waits
	// must come to its end. Without it, that is the last submission.
	Until time.Duration `json:"until" yaml:"until,nonzero"`
}

// skewMax bounds ClockSkew.
const skewMax = 24 * time.Hour

// perDayMax bounds what happens so often a day: once a second.
const perDayMax = 86_400

// any says whether there is a fault.
func (f *Faults) any() bool {
	return f.WorkerDeaths > 0 || f.PollLost > 0 || f.NewsLost > 0 || f.NewsRepeated > 0 ||
		f.NewsShuffled > 0 || f.NewsDelayed > 0 || f.ClockSkew > 0 || f.Restarts > 0
}

// validate returns nil, or an error (ErrSetup) in the field that is out of range.
func (f *Faults) validate(w *Workload) error {
	for _, r := range []struct {
		name       string
		value, max float64
	}{
		{"worker_deaths", f.WorkerDeaths, perDayMax},
		{"poll_lost", f.PollLost, 1},
		{"news_lost", f.NewsLost, 1},
		{"news_repeated", f.NewsRepeated, 1},
		{"news_shuffled", f.NewsShuffled, 1},
		{"news_delayed", f.NewsDelayed, 1},
		{"restarts", f.Restarts, perDayMax},
	} {
		if !(r.value >= 0 && r.value <= r.max) { // not a number is out of range too
			return field.Errorf(r.name, "%w: %s is not from 0 to %s", ErrSetup, words.Plain(r.value),
				words.Plain(r.max))
		}
	}
	for _, d := range []struct {
		name       string
		value, max time.Duration
		needed     bool
	}{
		{"worker_absence", f.WorkerAbsence, maxSubmit, false},
		{"news_delay", f.NewsDelay, maxSubmit, f.NewsDelayed > 0},
		{"clock_skew", f.ClockSkew, skewMax, false},
		{"snapshot_period", f.SnapshotPeriod, maxSubmit, f.Restarts > 0},
		{"until", f.Until, maxSubmit, false},
	} {
		if d.value < 0 || d.value > d.max {
			return field.Errorf(d.name, "%w: %v is not from 0 to %v", ErrSetup, d.value, d.max)
		}
		if d.needed && d.value == 0 {
			return field.Errorf(d.name, "%w: it must be more than 0", ErrSetup)
		}
	}
	first := w.Start.Add(w.Submissions[0].Submit)
	if first.Add(-f.ClockSkew).Before(time.Unix(0, 0)) && f.ClockSkew > 0 {
		return field.Errorf("clock_skew", "%w: clocks that are %v slow would be before 1970",
			ErrSetup, f.ClockSkew)
	}
	return nil
}
