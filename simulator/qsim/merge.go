package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/quotasched/quotasched/internal/cli"
	"github.com/quotasched/quotasched/simulator/experiment"
	"github.com/quotasched/quotasched/simulator/tune"
	"github.com/quotasched/quotasched/simulator/tuning"
)

const mergeHelp = `Put the parts together that 'qsim run --shard K/N -o PART' or
'qsim tune --shard K/N -o PART' have written on several machines, all
N of them. The result is that of one machine, to the last byte: that of a run as it
is, that of a tuning after the phases that need what all starts have found, which
happen here. The experiment's file, and its log, must be where they were.`

const mergeExamples = `  qsim run my.yaml --shard 1/2 -o part1.json    on one machine
  qsim run my.yaml --shard 2/2 -o part2.json    on another one
  qsim merge part1.json part2.json --html my.html
  qsim tune my.yaml --shard 1/2 -o start1.json
  qsim tune my.yaml --shard 2/2 -o start2.json
  qsim merge start1.json start2.json -o policy.yaml`

// mergeFlags are the flags of qsim merge.
type mergeFlags struct {
	out, html, json string
	parallel        int
	progress        progressFlag
}

// newMergeCommand returns the command `qsim merge`.
func newMergeCommand(stdout, stderr io.Writer) *cobra.Command {
	f := mergeFlags{progress: "auto"}
	c := &cobra.Command{
		Use:     "merge PART...",
		Short:   "Put the parts of a run or a tuning on several machines together",
		Long:    mergeHelp,
		Example: mergeExamples,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cli.Usagef("want the parts of all shards")
			}
			return nil
		},
		RunE: func(c *cobra.Command, paths []string) error {
			return f.merge(c.Context(), paths, stdout, stderr)
		},
	}
	set := c.Flags()
	set.SortFlags = false
	set.StringVarP(&f.out, "out", "o", "", "of a tuning, write the policy with its new settings to "+
		"this `file`")
	set.StringVar(&f.html, "html", "", "also write a `file` with charts, for a browser")
	set.StringVar(&f.json, "json", "", "also write everything to a `file`; - is standard output, "+
		"without the tables")
	set.IntVar(&f.parallel, "parallel", 0, "runs that go at once (default: one for each processor)")
	set.Var(&f.progress, "progress", "a bar on stderr; auto: if that is a terminal")
	return c
}

// merge reads parts, puts them together and reports.
func (f *mergeFlags) merge(ctx context.Context, paths []string, stdout, stderr io.Writer) error {
	var parts []*part
	for _, path := range paths {
		p, err := readPart(path)
		if err != nil {
			return err
		}
		parts = append(parts, p)
	}
	if err := checkParts(parts, paths); err != nil {
		return err
	}
	if parts[0].Kind == "run" {
		return f.mergeRuns(parts, stdout, stderr)
	}
	return f.mergeStarts(ctx, parts, stdout, stderr)
}

// mergeRuns puts the runs of an experiment together.
func (f *mergeFlags) mergeRuns(parts []*part, stdout, stderr io.Writer) error {
	if f.out != "" {
		return cli.Usagef("-o is for the parts of a tuning")
	}
	var list []*experiment.Results
	for _, p := range parts {
		list = append(list, p.Results)
	}
	results, err := experiment.MergeResults(list, parts[0].Seeds)
	if err != nil {
		return err
	}
	run := runFlags{html: f.html, json: f.json}
	if err := run.checkOutputs(); err != nil {
		return err
	}
	out, err := createOutputs(&run, stdout)
	if err != nil {
		return err
	}
	warnImpossible(results, stderr)
	errs := []error{verdict(results, false), out.write(results, parts[0].Top, parts[0].Args)}
	if !run.onStdout() {
		errs = append(errs, printResults(results, parts[0].Top, stdout))
	}
	return errors.Join(errs...)
}

// mergeStarts finishes a tuning with what all starts have found.
func (f *mergeFlags) mergeStarts(ctx context.Context, parts []*part,
	stdout, stderr io.Writer) error {
	var flags tuneFlags
	set := pflag.NewFlagSet("tune", pflag.ContinueOnError)
	flags.register(set)
	if err := set.Parse(parts[0].Args); err != nil {
		return fmt.Errorf("the command of the parts: %w", err)
	}
	flags.Starts = max(flags.Starts, 1)
	if !set.Changed("starts") {
		flags.Starts = parts[0].Shard.Of
	}
	flags.Outputs = tuning.Outputs{Policy: f.out, HTML: f.html, JSON: f.json}
	flags.Parallel, flags.progress = f.parallel, f.progress
	files := set.Args()[1:] // the first one is "tune"
	t, text, err := flags.prepare(ctx, files, stderr)
	if err != nil {
		return err
	}
	if digestOf(text) != parts[0].Digest {
		return errors.New("the experiment's file is not that of the parts any more")
	}
	var starts []*tune.Start
	for _, p := range parts {
		starts = append(starts, p.Starts...)
	}
	bar := newProgressBar(flags.progress, stderr)
	result, err := tune.Finish(ctx, t.Problem(), flags.search(t, bar), starts)
	bar.close()
	if err != nil {
		return tuneError(err)
	}
	return flags.write(ctx, t, result, parts[0].Args, stdout)
}
