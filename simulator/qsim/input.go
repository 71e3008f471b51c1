package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/quotasched/quotasched/examples/experiments"
	"github.com/quotasched/quotasched/internal/words"
	"github.com/quotasched/quotasched/simulator/experiment"
	"github.com/quotasched/quotasched/simulator/generate"
	"github.com/quotasched/quotasched/simulator/internal/draft"
	"github.com/quotasched/quotasched/simulator/trace"
)

// builtIn is the experiment that runs if no file is named.
const builtIn = "device-lab.yaml"

// isExperiment says whether a file is an experiment; else it is a log.
func isExperiment(path string) bool {
	return slices.Contains([]string{".yaml", ".yml"}, strings.ToLower(filepath.Ext(path)))
}

// readFile reads a file that is not large.
func readFile(path string) ([]byte, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, cause(err))
	}
	return b, nil
}

// loadOptions say how to load what the command line names: the built-in experiment, an experiment
// file, or a log.
func (f *runFlags) loadOptions(ctx context.Context, args []string) (experiment.LoadOptions, error) {
	if len(args) == 0 {
		o := f.options(builtIn)
		var err error
		o.Data, err = experiments.Files.ReadFile(builtIn)
		o.Only = f.only
		return o, err
	}
	if isExperiment(args[0]) {
		o := f.options(args[0])
		o.Only = f.only
		var err error
		o.Data, err = readFile(args[0])
		return o, err
	}
	text, err := f.logExperiment(ctx, args[0])
	o := f.options(args[0])
	o.Data, o.Trace, o.Only = text, args[0], f.only
	return o, err
}

// logExperiment returns the text of an experiment for a log: first come, first served, against
// equal shares.
func (f *runFlags) logExperiment(ctx context.Context, path string) ([]byte, error) {
	if _, err := os.Stat(path); err != nil && path != stdinName {
		return nil, fmt.Errorf("%s: %w", path, cause(err))
	}
	source, err := f.log.of(ctx, path)
	if err != nil {
		return nil, err
	}
	type policy struct {
		Name        string `yaml:"name"`
		Description string `yaml:"description"`
		Builtin     string `yaml:"builtin"`
	}
	file := map[string]any{
		"name":  experimentName(path),
		"trace": source,
		"policies": []policy{
			{"fifo", "No accounts; first come, first served; nothing is preempted.", "fifo"},
			{"fair", "Each account has an equal share of the workers at p1.", "fair"},
		},
	}
	fleet, err := f.fleetOf(ctx, source)
	if err != nil {
		return nil, err
	}
	if fleet != nil {
		file["fleet"] = fleet
	}
	text, err := yaml.MarshalWithOptions(file, yaml.UseSingleQuote(true))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return text, nil
}

// fleetOf returns the fleet for a log; nil if that is what the log says of its machine. Workers
// have the labels that the log asks for, in proportion to how many it used at once.
func (f *runFlags) fleetOf(ctx context.Context, source *trace.Source) (*generate.Fleet, error) {
	if !source.HasLabels() {
		if f.workers == 0 {
			return nil, nil
		}
		return &generate.Fleet{Total: f.workers}, nil
	}
	loaded, err := trace.Load(ctx, source)
	if err != nil {
		return nil, stopped(sourceMistakes(err))
	}
	fleet, _ := draft.Fleet(loaded.Workload, f.workers)
	return &fleet, nil
}

// warnMalformed says how many lines were skipped, and which were the first.
func warnMalformed(malformed int, first []string, path string, stderr io.Writer) {
	if malformed == 0 {
		return
	}
	fmt.Fprintf(stderr, "qsim: %s: malformed lines skipped: %s\n", path, words.Number(malformed))
	for _, bad := range first {
		fmt.Fprintf(stderr, "qsim:   %s\n", bad)
	}
	if more := malformed - len(first); more > 0 {
		fmt.Fprintf(stderr, "qsim:   and %d more\n", more)
	}
}
