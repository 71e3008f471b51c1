package simulator

import "time"

// Faults says what goes wrong in a run, and how often. Each fault is off while its rate is 0. Which
// ones happen depends on Setup.Seed alone.
type Faults struct {
	// WorkerDeaths is how often a worker dies, per worker and day. What it ran is lost. It comes
	// back after WorkerAbsence on average, with the labels that it had at the start.
	WorkerDeaths  float64       `json:"worker_deaths" yaml:"worker_deaths"`
	WorkerAbsence time.Duration `json:"worker_absence" yaml:"worker_absence"`
	// PollLost is the part of answers to polls that never reach their worker.
	PollLost float64 `json:"poll_lost" yaml:"poll_lost"`
	// NewsLost, NewsRepeated and NewsShuffled are the parts of the news to the pool that never
	// reach it, that reach it twice, and that reach it in another order than they happened.
	NewsLost     float64 `json:"news_lost" yaml:"news_lost"`
	NewsRepeated float64 `json:"news_repeated" yaml:"news_repeated"`
	NewsShuffled float64 `json:"news_shuffled" yaml:"news_shuffled"`
	// NewsDelayed is the part that comes late, by NewsDelay on average.
	NewsDelayed float64       `json:"news_delayed" yaml:"news_delayed"`
	NewsDelay   time.Duration `json:"news_delay" yaml:"news_delay"`
	// ClockSkew is by how much the clock of a worker is wrong at most, either way; each one by its
	// own time. News from a worker carries its clock's time.
	ClockSkew time.Duration `json:"clock_skew" yaml:"clock_skew"`
	// Restarts is how often the dispatcher restarts, per day: it takes its last snapshot, one each
	// SnapshotPeriod, and repeats the operations since.
	Restarts       float64       `json:"restarts" yaml:"restarts"`
	SnapshotPeriod time.Duration `json:"snapshot_period" yaml:"snapshot_period"`
	// Until ends all faults, counted from the first submission: after it, everything that waits
	// must come to its end. 0 means the last submission.
	Until time.Duration `json:"until" yaml:"until"`
}
