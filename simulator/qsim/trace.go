package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/quotasched/quotasched/internal/cli"
	"github.com/quotasched/quotasched/simulator/internal/report"
	"github.com/quotasched/quotasched/simulator/trace"
)

const traceInfoHelp = `Show what is in a log: what it says of itself, when how much was submitted
and how long it ran and waited, accounts, sizes, queues and partitions, and the
fields that templates can use. What it shows is what a simulation would get: the
flags that map the log are those of 'qsim convert'.`

const traceInfoExamples = `  qsim trace info LOG.swf.gz
  qsim trace info --account 'user-{user}' --importance '{queue}' LOG.swf
  qsim trace info --preset google-2011-tasks --json - google2011_tasks_19h.csv.gz`

// newTraceCommand returns the command `qsim trace`, which holds others.
func newTraceCommand(stdout, stderr io.Writer) *cobra.Command {
	c := &cobra.Command{
		Use:   "trace",
		Short: "Look into a log: 'qsim trace info FILE'",
		Args:  noArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newTraceInfoCommand(stdout, stderr))
	return c
}

// newTraceInfoCommand returns the command `qsim trace info`.
func newTraceInfoCommand(stdout, stderr io.Writer) *cobra.Command {
	var f traceFlags
	var top int
	var jsonPath string
	c := &cobra.Command{
		Use:     "info FILE",
		Short:   "Show what is in a log",
		Long:    traceInfoHelp,
		Example: traceInfoExamples,
		Args:    exactly(1, "want one file"),
		RunE: func(c *cobra.Command, args []string) error {
			if top < 0 {
				return cli.Usagef("--top %d is negative", top)
			}
			if c.Flags().Changed("json") && jsonPath == "" {
				return cli.Usagef("--json names no file")
			}
			source, err := f.of(c.Context(), args[0])
			if err != nil {
				return err
			}
			info, err := trace.Inspect(c.Context(), source)
			if err != nil {
				return stopped(sourceMistakes(err))
			}
			warnMalformed(info.Malformed, info.Warnings, args[0], stderr)
			return showInfo(c.Context(), info, top, jsonPath, stdout)
		},
	}
	c.Flags().IntVar(&top, "top", 20,
		"accounts and other groups with a row of their own, by use; 0 shows all")
	c.Flags().StringVar(&jsonPath, "json", "", "also write everything to this `file`, as JSON; - is "+
		"standard output, in place of the tables")
	f.register(c.Flags())
	f.registerStrict(c.Flags())
	return c
}

// showInfo prints what is in a log, and writes it as JSON where that was asked for.
func showInfo(ctx context.Context, info *trace.Info, top int, jsonPath string,
	stdout io.Writer) error {
	if jsonPath != "" {
		err := writeWhole(ctx, jsonPath, stdout, func(out io.Writer) error {
			encoder := json.NewEncoder(out)
			encoder.SetIndent("", "  ")
			return encoder.Encode(info)
		})
		if err != nil || jsonPath == "-" {
			return err
		}
	}
	if err := report.Trace(stdout, info, top); err != nil {
		return fmt.Errorf("standard output: %w", cause(err))
	}
	return nil
}

// exactly refuses any other number of arguments.
func exactly(n int, want string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) != n {
			return cli.Usagef("%d files were named, %s", len(args), want)
		}
		return nil
	}
}

// errStopped is a command without a result that was stopped by a signal.
var errStopped = errors.New("interrupted: nothing was written")

// stopped says so where an error is only that of a signal.
func stopped(err error) error {
	if errors.Is(err, context.Canceled) {
		return errStopped
	}
	return err
}
