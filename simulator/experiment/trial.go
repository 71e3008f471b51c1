package experiment

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/quotasched/quotasched/internal/words"
	"github.com/quotasched/quotasched/simulator"
	"github.com/quotasched/quotasched/simulator/tune"
)

// tuneCase is a window of the workload of a seed: submissions from begin on, before end, counted
// from the first one, as shares of the whole span.
type tuneCase struct {
	seed       uint64
	begin, end float64
}

// searchedShare is the part of a log that is searched; the verdict is on the rest.
const searchedShare = 0.5

// cases returns those of a part.
func (t *Tuning) cases(part tune.Part) []tuneCase {
	seeds := t.experiment.File.Seeds
	selecting, heldOut := cmp.Or(t.options.Selecting, 10), cmp.Or(t.options.HeldOut, 10)
	if t.experiment.File.Trace != nil {
		return logCases(part, seeds)
	}
	more := slices.Max(seeds) + 1
	if missing := searchedSeeds - len(seeds); missing > 0 {
		seeds = append(slices.Clone(seeds), seedsFrom(more, missing)...)
		more += uint64(missing)
	}
	switch part.Use {
	case tune.Searched:
		return windows(seeds, part.Share, 0, 1)
	case tune.Selecting:
		return windows(seedsFrom(more, selecting), 1, 0, 1)
	case tune.HeldOut:
		return windows(seedsFrom(more+uint64(selecting), heldOut), 1, 0, 1)
	}
	return nil
}

// searchedSeeds is how many made-up workloads a search sees at least: with three, the settings that
// look best are those that suit these three.
const searchedSeeds = 6

// logCases returns those of a log, which is the same for all seeds.
func logCases(part tune.Part, seeds []uint64) []tuneCase {
	one := []uint64{seeds[0]}
	switch part.Use {
	case tune.Searched:
		if part.Share < 1 && len(seeds) == 1 {
			seeds = []uint64{seeds[0], seeds[0]}
		}
		return windows(seeds, part.Share, 0, searchedShare)
	case tune.Selecting:
		return windows(slices.Repeat(one, 4), 0.25, 0, searchedShare)
	case tune.HeldOut:
		return windows(one, 1, searchedShare, 1)
	case tune.HeldOutParts:
		return windows(slices.Repeat(one, 5), 0.2, searchedShare, 1)
	}
	return nil
}

// windows gives each seed a window of a share of a range; they are spread evenly over it.
func windows(seeds []uint64, share, begin, end float64) []tuneCase {
	length := share * (end - begin)
	var cases []tuneCase
	for i, seed := range seeds {
		from := begin
		if len(seeds) > 1 {
			from += (end - begin - length) * float64(i) / float64(len(seeds)-1)
		}
		cases = append(cases, tuneCase{seed, from, from + length})
	}
	return cases
}

func seedsFrom(first uint64, n int) []uint64 {
	seeds := make([]uint64, n)
	for i := range seeds {
		seeds[i] = first + uint64(i)
	}
	return seeds
}

// caseShelf has the workloads of all seeds, from their first use on.
type caseShelf struct {
	experiment *Experiment
	mu         sync.Mutex
	places     map[uint64]*casePlace
}

type casePlace struct {
	once     sync.Once
	workload *workload
	err      error
}

func newCaseShelf(e *Experiment) *caseShelf {
	s := &caseShelf{experiment: e, places: map[uint64]*casePlace{}}
	first := &casePlace{workload: e.loader.first}
	first.once.Do(func() {})
	s.places[s.key(e.File.Seeds[0])] = first
	return s
}

// key is the seed of a workload: a log is the same for all.
func (s *caseShelf) key(seed uint64) uint64 {
	if s.experiment.File.Trace != nil {
		return 0
	}
	return seed
}

// take returns the workload of a seed.
func (s *caseShelf) take(ctx context.Context, seed uint64) (*workload, error) {
	s.mu.Lock()
	p := s.places[s.key(seed)]
	if p == nil {
		p = &casePlace{}
		s.places[s.key(seed)] = p
	}
	s.mu.Unlock()
	p.once.Do(func() {
		v := s.experiment.variants[0]
		p.workload, p.err = s.experiment.loader.workload(context.WithoutCancel(ctx), v, seed)
	})
	return p.workload, p.err
}

// window returns the submissions of a case.
func (w *workload) window(c *tuneCase) *simulator.Workload {
	all := w.Workload.Submissions
	if c.begin == 0 && c.end == 1 {
		return w.Workload
	}
	first, span := all[0].Submit, float64(all[len(all)-1].Submit-all[0].Submit)
	at := func(share float64) int {
		if share >= 1 {
			return len(all)
		}
		i, _ := slices.BinarySearchFunc(all, first+time.Duration(share*span),
			func(s simulator.Submission, t time.Duration) int { return cmp.Compare(s.Submit, t) })
		return i
	}
	part := *w.Workload
	part.Submissions = all[at(c.begin):at(c.end)]
	return &part
}

// trial is a run whose outcome is wanted.
type trial struct {
	file    *File
	part    tune.Part
	number  int // of the case
	outcome *tune.Outcome
}

// runAll runs trials, several at once. The first error, in their order, ends it.
func (t *Tuning) runAll(ctx context.Context, trials []trial) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	errs := make([]error, len(trials))
	next := make(chan int)
	var wait sync.WaitGroup
	for range min(len(trials), cmp.Or(max(t.options.Parallel, 0), runtime.GOMAXPROCS(0))) {
		wait.Go(func() {
			for i := range next {
				if errs[i] = t.run(ctx, &trials[i]); errs[i] != nil {
					cancel()
				}
			}
		})
	}
	for i := range trials {
		if ctx.Err() != nil {
			break
		}
		next <- i
	}
	close(next)
	wait.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return ctx.Err()
}

// caseCount returns how many cases a part has.
func (t *Tuning) caseCount(part tune.Part) int {
	if w := t.options.World; w != nil {
		return w.Cases(part)
	}
	return len(t.cases(part))
}

// run does a trial.
func (t *Tuning) run(ctx context.Context, one *trial) error {
	var figures *simulator.Figures
	var factor float64
	var err error
	if w := t.options.World; w != nil {
		figures, factor, err = w.Measure(ctx, &PolicyFile{Policy: t.policy(one.file)}, one.part,
			one.number)
	} else {
		c := t.cases(one.part)[one.number]
		factor = 1 / (c.end - c.begin)
		figures, err = t.simulate(ctx, one.file, &c)
	}
	switch {
	case err != nil:
		return err
	case figures.Partial:
		return ctx.Err()
	case figures.BrokenCount > 0:
		return fmt.Errorf("%w: %s", ErrBroken, figures.Broken[0])
	}
	*one.outcome = t.outcome(figures, factor)
	return nil
}

// simulate runs a file in a case.
func (t *Tuning) simulate(ctx context.Context, f *File, c *tuneCase) (*simulator.Figures, error) {
	w, err := t.shelf.take(ctx, c.seed)
	if err != nil {
		return nil, err
	}
	part := w.window(c)
	n := len(part.Submissions)
	if n < 2 || part.Submissions[n-1].Submit == part.Submissions[0].Submit {
		return nil, fmt.Errorf("a window of the workload has only %s; want a longer workload",
			words.Count(n, "submission"))
	}
	workers, err := t.experiment.loader.fleet(ctx, f, w.Workload)
	if err != nil {
		return nil, err
	}
	length := part.Submissions[n-1].Submit - part.Submissions[0].Submit
	return simulator.Run(ctx, &simulator.Setup{
		Workload: part,
		Workers:  workers,
		Policy: t.policy(f).simulated(&surroundings{accounts: w.accounts, workers: len(workers),
			fromLog: f.Trace != nil}),
		Timing:     f.Timing,
		Seed:       c.seed,
		Faults:     f.Faults,
		WarmUp:     min(f.WarmUp, length/4),
		SkipChecks: true,
	})
}

// outcome reads the objective and the goals from figures; sums are multiplied by a factor.
func (t *Tuning) outcome(f *simulator.Figures, factor float64) tune.Outcome {
	out := tune.Outcome{Objective: t.Minimize.of(f, factor)}
	if t.Minimize.metric.atLeast {
		out.Objective = -out.Objective
	}
	for i := range t.Goals {
		out.Goals = append(out.Goals, t.Goals[i].of(f, factor))
	}
	return out
}
