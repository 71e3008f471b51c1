package experiment

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/quotasched/quotasched/internal/words"
	"github.com/quotasched/quotasched/simulator"
)

// ErrBroken is a run in which the pool broke a promise: a request was lost or ran twice, an
// invariant did not hold, or an operation was refused.
var ErrBroken = errors.New("the run broke a promise")

// GCPercent is how far a program that runs experiments should let memory grow between collections,
// as debug.SetGCPercent takes it: a simulation makes much that lives long.
const GCPercent = 300

// RunOptions say how to run an experiment. The zero value is fine.
type RunOptions struct {
	// Parallel is how many runs go at once; 0 means as many as there are processors for the
	// program.
	Parallel int
	// Progress, if not nil, is told now and then how far all runs have come, one call at a time.
	Progress func(Progress)
	// Tasks, if not nil, is called when a run begins, and returns what is told of its tasks. Runs
	// begin in any order, and several go at once. An error ends the experiment.
	Tasks func(RunID) (TaskSink, error)
	// Shard is the part of the runs to do; the zero value is all of them.
	Shard Shard
	// SkipChecks leaves out the checks of the invariants, as in simulator.Setup.
	SkipChecks bool
	// NewPool makes the pools; nil means simulator.NewPool.
	NewPool simulator.PoolMaker
	// Stopwatch, if not nil, reads a clock of the real world, for Results.WallSeconds.
	Stopwatch func() time.Duration
}

// RunID names a run.
type RunID struct {
	Variant string
	Seed    uint64
	// Index counts the runs in the order of the results: the seeds of the first variant, then
	// those of the second one, and so on. What is written in this order is the same each time.
	Index int
}

// TaskSink is told of the tasks of one run, in order of their ends.
type TaskSink interface {
	// Record takes a task; it may not keep the record.
	Record(*simulator.TaskRecord) error
	// Close is called once, when the run has ended, however it did.
	Close() error
}

// Progress is how far an experiment has come.
type Progress struct {
	// Ended and Requests count requests over all runs. As long as workloads are not made yet,
	// Requests takes them to be as large as the first one.
	Ended, Requests int64
	// EndedRuns and Runs count runs.
	EndedRuns, Runs int
}

// planned is a run that is to be.
type planned struct {
	id       RunID
	variant  *variant
	seed     uint64
	workload string
	// variantIndex and seedIndex are its place in the results.
	variantIndex, seedIndex int
}

// Run runs all variants with all seeds; the experiment must come from Load. The results are in the
// order of the file, and the same whatever the number of processors. If ctx ends before, they are
// what there is so far, marked as partial, without an error. A run that fails or breaks a promise
// (ErrBroken) ends the experiment: the error names its variant and seed, and what there is so far
// is returned with it. Cost: that of the runs; in memory, one workload for each run that goes at
// once, and the figures of all runs.
func (e *Experiment) Run(ctx context.Context, o RunOptions) (*Results, error) {
	if e.loader == nil {
		return nil, errors.New("the experiment was not loaded")
	}
	begin := time.Duration(0)
	if o.Stopwatch != nil {
		begin = o.Stopwatch()
	}
	runs := slices.DeleteFunc(e.plan(), func(p planned) bool { return !o.Shard.Has(p.id.Index) })
	r := &running{
		options:  o,
		shelf:    newShelf(e, runs),
		progress: newProgress(&o, e, runs),
		outcomes: make([]outcome, e.Runs()),
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	next := make(chan *planned)
	var wait sync.WaitGroup
	for range min(len(runs), cmp.Or(max(o.Parallel, 0), runtime.GOMAXPROCS(0))) {
		wait.Go(func() {
			for p := range next {
				if err := r.one(ctx, p); err != nil {
					cancel(err)
				}
			}
		})
	}
	for i := range runs {
		if ctx.Err() != nil {
			break
		}
		select {
		case next <- &runs[i]:
		case <-ctx.Done():
		}
	}
	close(next)
	wait.Wait()
	results := e.results(runs, r.outcomes)
	if o.Stopwatch != nil {
		results.WallSeconds = (o.Stopwatch() - begin).Seconds()
	}
	return results, r.err()
}

// plan lists the runs in an order in which those that share a workload follow each other.
func (e *Experiment) plan() []planned {
	var runs []planned
	first := map[string]int{}
	for i, v := range e.variants {
		for j, seed := range e.File.Seeds {
			p := planned{variant: v, seed: seed, variantIndex: i, seedIndex: j,
				workload: workloadOf(v, seed),
				id:       RunID{Variant: v.name, Seed: seed, Index: len(runs)}}
			if _, known := first[p.workload]; !known {
				first[p.workload] = len(runs)
			}
			runs = append(runs, p)
		}
	}
	slices.SortStableFunc(runs, func(a, b planned) int {
		return first[a.workload] - first[b.workload]
	})
	return runs
}

// running is an experiment that runs.
type running struct {
	options  RunOptions
	shelf    *shelf
	progress *progress
	outcomes []outcome // by RunID.Index; each is written by one run
}

// outcome is what a run came to; the zero value is that of one that never began.
type outcome struct {
	figures  *simulator.Figures
	accounts []AccountQuota
	err      error
}

// err returns the error of the first run that failed, in the order of the results.
func (r *running) err() error {
	for _, o := range r.outcomes {
		if o.err != nil {
			return o.err
		}
	}
	return nil
}

// one does one run. It returns an error if the experiment is to end.
func (r *running) one(ctx context.Context, p *planned) error {
	defer r.shelf.giveBack(p)
	out := &r.outcomes[p.id.Index]
	err := r.simulate(ctx, p, out)
	if err != nil && ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return nil // it ended because the experiment did
	}
	if err == nil && out.figures.BrokenCount > 0 {
		err = fmt.Errorf("%w (%s in all): %s", ErrBroken,
			words.Number(out.figures.BrokenCount), out.figures.Broken[0])
	}
	if err != nil {
		out.err = fmt.Errorf("%s, seed %d: %w", p.variant.name, p.seed, err)
	}
	return out.err
}

// simulate makes a run's setup and runs it.
func (r *running) simulate(ctx context.Context, p *planned, out *outcome) (err error) {
	w, err := r.shelf.take(ctx, p)
	if err != nil {
		return err
	}
	r.progress.begin(p, w.requests)
	f := p.variant.file()
	workers, err := r.shelf.loader.fleet(ctx, f, w.Workload)
	if err != nil {
		return err
	}
	policy := f.Policies[p.variant.policy].simulated(&surroundings{accounts: w.accounts,
		workers: len(workers), fromLog: f.Trace != nil})
	out.accounts = accountQuotas(&policy)
	setup := &simulator.Setup{
		Workload:   w.Workload,
		Workers:    workers,
		Policy:     policy,
		Timing:     f.Timing,
		Seed:       p.seed,
		Faults:     f.Faults,
		WarmUp:     f.WarmUp,
		GroupBy:    f.Report.groupBy(w.Workload, workers),
		SkipChecks: r.options.SkipChecks,
		NewPool:    r.options.NewPool,
		Progress:   func(at simulator.Progress) { r.progress.moved(p, at.Ended) },
	}
	if p.seedIndex == 0 {
		setup.SeriesPoints = f.Report.SeriesPoints
	}
	recorded := true
	if r.options.Tasks != nil {
		sink, err := r.options.Tasks(p.id)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, sink.Close()) }()
		setup.Record = func(t *simulator.TaskRecord) error {
			err := sink.Record(t)
			recorded = recorded && err == nil
			return err
		}
	}
	out.figures, err = simulator.Run(ctx, setup)
	switch {
	case err == nil && !out.figures.Partial:
		r.progress.ended(p)
	case err != nil && recorded && !errors.Is(err, simulator.ErrSetup):
		err = fmt.Errorf("%w: %w", ErrBroken, err) // it was neither the input nor the sink
	}
	return err
}

// results puts the outcomes in order.
func (e *Experiment) results(runs []planned, outcomes []outcome) *Results {
	results := &Results{
		Version:     ResultsVersion,
		Name:        e.File.Name,
		Description: e.File.Description,
		Workload:    e.Workload(),
	}
	for _, v := range e.variants {
		results.Variants = append(results.Variants, Variant{Name: v.name, Policy: v.policyName,
			Description: v.description, Parameters: append([]Parameter{}, v.parameters...),
			Accounts: []AccountQuota{}, Runs: []Run{}})
	}
	slices.SortFunc(runs, func(a, b planned) int { return a.id.Index - b.id.Index })
	for _, p := range runs {
		o := &outcomes[p.id.Index]
		v := &results.Variants[p.variantIndex]
		if o.figures == nil {
			results.Partial = true
			continue
		}
		if len(v.Runs) == 0 {
			v.Accounts = o.accounts
		}
		results.Partial = results.Partial || o.figures.Partial
		v.Runs = append(v.Runs, Run{Seed: p.seed, Figures: o.figures})
	}
	results.compare()
	return results
}
