package experiment

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/quotasched/quotasched/internal/field"
	"github.com/quotasched/quotasched/internal/yamltree"
	"github.com/quotasched/quotasched/simulator"
	"github.com/quotasched/quotasched/simulator/trace"
)

// LoadOptions say what to load.
type LoadOptions struct {
	// Path is the experiment's file. Data is its text; nil means to read the file.
	Path string
	Data []byte
	// Sets are overrides "path=value", as for Parse.
	Sets []string
	// With are paths of policy files, as ParsePolicy reads them, whose policies come after those of
	// the file. An experiment among them must have a single policy.
	With []string
	// Only are the names of the policies to run, in the order of the file; nil means all.
	Only []string
	// Trace, if it is not empty, is the path of the log, in place of what the file says.
	Trace string
	// TraceFolders are tried for a log with a relative path, after the experiment's own folder.
	TraceFolders []string
	// TraceHint is a sentence for the error about a log that is not there, which says how else a
	// user can name it.
	TraceHint string
	// Stdin, if not nil, opens standard input, for a log that is called "-".
	Stdin func() (io.ReadCloser, error)
	// Strict makes an error of a malformed line in a log, and of a first workload of which more than
	// 1 % is impossible.
	Strict bool
	// Workloads makes the workloads; nil means trace.Load and generate.Spec.Workload.
	Workloads WorkloadMaker
}

// WorkloadMaker makes the workload of a file. If that has a trace, the seed is the first one, and
// all seeds share the workload.
type WorkloadMaker func(ctx context.Context, f *File, seed uint64) (*trace.Loaded, error)

// loader is how an experiment gets its workloads.
type loader struct {
	make  WorkloadMaker
	find  func(file string) (string, error) // where the file of nodes is
	first *workload                         // of the first variant and seed
}

// Load reads an experiment's file, and the workload of its first variant and seed. Mistakes are as
// those of Parse, and in addition what is wrong with the log or the generated workload. Warnings
// about accounts go into the experiment. Cost: that of Parse and of making one workload.
func Load(ctx context.Context, o LoadOptions) (*Experiment, error) {
	data := o.Data
	if data == nil {
		var err error
		if data, err = os.ReadFile(o.Path); err != nil {
			return nil, err
		}
	}
	e, err := parseWith(o.Path, data, o.Sets, o.With)
	if err != nil {
		return nil, err
	}
	if err := e.choose(o.Only); err != nil {
		return nil, err
	}
	if o.Trace != "" && e.File.Trace == nil {
		return nil, fmt.Errorf("%s has no trace, so %s cannot take its place", o.Path, o.Trace)
	}
	finder := &traceFinder{override: o.Trace, hint: o.TraceHint, strict: o.Strict, stdin: o.Stdin,
		folders: append([]string{filepath.Dir(o.Path)}, o.TraceFolders...)}
	e.loader = &loader{make: o.Workloads,
		find: func(file string) (string, error) { return finder.find(file, false) }}
	if o.Workloads == nil {
		if err := e.findTraces(finder); err != nil {
			return nil, err
		}
		e.loader.make = finder.workload
	}
	v := e.variants[0]
	if e.loader.first, err = e.loader.workload(ctx, v, e.File.Seeds[0]); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, yamltree.Locate(e.root, err).Err()
	}
	if err := e.warn(ctx); err != nil {
		return nil, err
	}
	if o.Strict {
		return e, e.impossible.Err()
	}
	return e, nil
}

// findTraces returns an error if the log of a variant is not there.
func (e *Experiment) findTraces(p *traceFinder) error {
	var errs []error
	known := map[string]bool{}
	for _, v := range e.variants {
		if v.trace == "" || known[v.trace] {
			continue
		}
		known[v.trace] = true
		_, err := p.findTrace(v.trace)
		errs = append(errs, err)
	}
	return yamltree.Locate(e.root, errors.Join(errs...)).Err()
}

// choose leaves out the variants of all policies but these.
func (e *Experiment) choose(only []string) error {
	if len(only) == 0 {
		return nil
	}
	var names []string
	for i := range e.File.Policies {
		names = append(names, e.File.Policies[i].Name)
	}
	for _, name := range only {
		if !slices.Contains(names, name) {
			return fmt.Errorf("there is no policy %q; there are: %s", name,
				strings.Join(names, ", "))
		}
	}
	e.variants = slices.DeleteFunc(e.variants, func(v *variant) bool {
		return !slices.Contains(only, v.file().Policies[v.policy].Name)
	})
	return nil
}

// Workload describes the workload of the first variant and seed; the experiment must come from
// Load.
func (e *Experiment) Workload() WorkloadSummary {
	first := e.loader.first
	return WorkloadSummary{
		Name:        first.Workload.Name,
		Start:       first.Workload.Start,
		Submissions: len(first.Workload.Submissions),
		Requests:    first.requests,
		Accounts:    len(first.accounts),
		Workers:     first.workers,
		FromLog:     e.File.Trace != nil,
		Notes:       append([]string{}, first.Notes...),
	}
}

// workload reads the log of a file, or generates its workload. Errors are of package field.
func (p *traceFinder) workload(ctx context.Context, f *File, seed uint64) (*trace.Loaded, error) {
	if f.Trace == nil {
		w, err := f.Workload.Workload(f.Name, seed)
		if err != nil {
			return nil, field.In("workload", err)
		}
		return &trace.Loaded{Workload: w}, nil
	}
	source := *f.Trace
	var err error
	if source.File, err = p.findTrace(source.File); err != nil {
		return nil, err
	}
	source.Strict = source.Strict || p.strict
	if source.File == stdinName {
		source.Input = p.stdin
	}
	loaded, err := trace.Load(ctx, &source)
	return loaded, field.In("trace", err)
}

// workload makes the workload of a variant, and checks that there is something in it.
func (l *loader) workload(ctx context.Context, v *variant, seed uint64) (*workload, error) {
	f := v.file()
	loaded, err := l.make(ctx, f, seed)
	if err != nil {
		return nil, err
	}
	if len(loaded.Workload.Submissions) == 0 {
		return nil, errors.New("the workload is empty: nothing is submitted")
	}
	fleet, err := l.fleet(ctx, f, loaded.Workload)
	if err != nil {
		return nil, err
	}
	return &workload{Loaded: *loaded, accounts: loaded.Workload.AccountIDs(),
		requests: loaded.Workload.Requests(), workers: len(fleet)}, nil
}

// fleet makes the fleet of a file for a workload. Errors are of package field.
func (l *loader) fleet(ctx context.Context, f *File, w *simulator.Workload) ([]simulator.Worker,
	error) {
	if f.Nodes == nil {
		workers, err := machines(&f.Fleet, w.RealWorkers)
		return workers, field.In("fleet", err)
	}
	source := *f.Nodes
	var err error
	if source.File, err = l.find(source.File); err != nil {
		return nil, field.In("nodes", field.In("file", err))
	}
	workers, err := trace.LoadFleet(ctx, &source)
	if err != nil {
		return nil, field.In("nodes", err)
	}
	return trace.AddAlternatives(workers, w), nil
}
