package experiment

import "sync"

// progress adds up how far the runs have come.
type progress struct {
	mu       sync.Mutex
	report   func(Progress)
	sum      Progress
	done     []int // requests of each run that have ended, by RunID.Index
	expected []int // requests of each run
}

// newProgress expects of every run what the first workload has.
func newProgress(o *RunOptions, e *Experiment, runs []planned) *progress {
	p := &progress{report: o.Progress, done: make([]int, e.Runs()),
		expected: make([]int, e.Runs())}
	for i := range runs {
		p.expected[runs[i].id.Index] = e.loader.first.requests
		p.sum.Requests += int64(e.loader.first.requests)
	}
	p.sum.Runs = len(runs)
	return p
}

// begin says how many requests a run has.
func (p *progress) begin(r *planned, requests int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sum.Requests += int64(requests - p.expected[r.id.Index])
	p.expected[r.id.Index] = requests
	p.tell()
}

// moved says how many requests of a run have ended.
func (p *progress) moved(r *planned, ended int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.set(r, ended)
	p.tell()
}

// ended says that a run is complete.
func (p *progress) ended(r *planned) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sum.EndedRuns++
	p.set(r, p.expected[r.id.Index])
	p.tell()
}

func (p *progress) set(r *planned, ended int) {
	p.sum.Ended += int64(ended - p.done[r.id.Index])
	p.done[r.id.Index] = ended
}

func (p *progress) tell() {
	if p.report != nil {
		p.report(p.sum)
	}
}
