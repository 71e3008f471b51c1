package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/quotasched/quotasched/internal/cli"
	"github.com/quotasched/quotasched/internal/words"
	"github.com/quotasched/quotasched/simulator/experiment"
)

const validateHelp = `Check experiment files: every mistake is shown with its line and column. The
log of an experiment is read too, or its workload made, unless --file-only is set;
accounts that do not fit to it are warnings.`

const validateExamples = `  qsim validate lab.yaml
  qsim validate --file-only examples/experiments/*.yaml
  qsim validate --trace KTH-SP2-1996-2.1-cln.swf.gz --set seeds=3 kth.yaml`

// newValidateCommand returns the command `qsim validate`.
func newValidateCommand(stdout, stderr io.Writer) *cobra.Command {
	var f experimentFlags
	var fileOnly bool
	c := &cobra.Command{
		Use:     "validate FILE.yaml...",
		Short:   "Check experiment files",
		Long:    validateHelp,
		Example: validateExamples,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cli.Usagef("no experiment file was named")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			bad := 0
			for _, path := range args {
				text, err := check(c.Context(), &f, path, fileOnly, stderr)
				if c.Context().Err() != nil {
					return errInterrupted
				}
				if err != nil {
					fmt.Fprintln(stderr, err)
					bad++
					continue
				}
				if _, err := fmt.Fprintf(stdout, "%s: %s\n", path, text); err != nil {
					return fmt.Errorf("standard output: %w", cause(err))
				}
			}
			if bad > 0 {
				return fmt.Errorf("files with mistakes: %d of %d", bad, len(args))
			}
			return nil
		},
	}
	c.Flags().SortFlags = false
	f.register(c.Flags())
	c.Flags().BoolVar(&fileOnly, "file-only", false, "do not read the log or make the workload")
	return c
}

// check checks one file, warns on stderr, and returns what is in it.
func check(ctx context.Context, f *experimentFlags, path string, fileOnly bool,
	stderr io.Writer) (string, error) {
	data, err := readFile(path)
	if err != nil {
		return "", err
	}
	if fileOnly {
		e, err := experiment.Parse(path, data, f.sets...)
		if err != nil {
			return "", err
		}
		return fmt.Sprintf("fine: %s", extent(e)), nil
	}
	o := f.options(path)
	o.Data = data
	e, err := experiment.Load(ctx, o)
	if err != nil {
		return "", err
	}
	for _, w := range e.Warnings {
		fmt.Fprintf(stderr, "%s: warning: %s\n", path, w)
	}
	w := e.Workload()
	return fmt.Sprintf("fine: %s of %s from %s on %s", extent(e), words.Count(w.Requests, "request"),
		words.Count(w.Accounts, "account"), words.Count(w.Workers, "worker")), nil
}

// extent says how much is to be run.
func extent(e *experiment.Experiment) string {
	return fmt.Sprintf("%s × %s = %s", words.Count(len(e.Variants()), "variant"),
		words.Count(len(e.File.Seeds), "seed"), words.Count(e.Runs(), "run"))
}
