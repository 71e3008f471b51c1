package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/quotasched/quotasched/internal/cli"
	"github.com/quotasched/quotasched/simulator/experiment"
	"github.com/quotasched/quotasched/simulator/internal/report"
)

const compareHelp = `Compare the results of two experiments, as 'qsim run --json' wrote them: B
against A. Variants of the same name are compared, or, if each file has one variant,
these two. Figures are paired by seed; the range is a 95 % confidence interval over
the seeds.`

const compareExamples = `  qsim run my.yaml --json before.json
  qsim run my.yaml --json after.json --set policies.quota.accounts.cq.rates.p0=4
  qsim compare before.json after.json`

// newCompareCommand returns the command `qsim compare`.
func newCompareCommand(command []string, stdout io.Writer) *cobra.Command {
	var f compareFlags
	c := &cobra.Command{
		Use:     "compare A.json B.json",
		Short:   "Compare the results of two experiments",
		Long:    compareHelp,
		Example: compareExamples,
		Args:    exactly(2, "want A.json and B.json"),
		RunE: func(c *cobra.Command, args []string) error {
			if f.top < 0 {
				return cli.Usagef("--top %d is negative", f.top)
			}
			f.command = command
			return f.compare(c.Context(), args[0], args[1], stdout)
		},
	}
	set := c.Flags()
	set.SortFlags = false
	set.StringVar(&f.html, "html", "", "also write a `file` with charts, for a browser")
	set.StringVar(&f.json, "json", "", "also write all differences to a `file`; - is standard "+
		"output, without the tables")
	f.format.register(set)
	set.IntVar(&f.top, "top", 20, "accounts with rows of their own, by use; 0 shows all")
	return c
}

// compareFlags are the flags of `qsim compare`.
type compareFlags struct {
	html, json string
	format     textFormat
	top        int
	command    []string // the command line
}

// compare reads two files of results and writes how they differ.
func (f *compareFlags) compare(ctx context.Context, basePath, otherPath string,
	stdout io.Writer) error {
	base, err := readResults(basePath)
	if err != nil {
		return err
	}
	other, err := readResults(otherPath)
	if err != nil {
		return err
	}
	c, err := experiment.CompareResults(base, other)
	if err != nil {
		return fmt.Errorf("%s and %s: %w", basePath, otherPath, err)
	}
	pair := &report.Pair{BaseName: basePath, OtherName: otherPath, Base: base, Other: other,
		Differences: c.Differences, OnlyBase: c.OnlyBase, OnlyOther: c.OnlyOther}
	var errs []error
	if f.json != "" {
		errs = append(errs, writeWhole(ctx, f.json, stdout, func(w io.Writer) error {
			return writeJSON(w, c)
		}))
	}
	if f.html != "" {
		errs = append(errs, writeWhole(ctx, f.html, stdout, func(w io.Writer) error {
			return report.PairHTML(w, pair, report.HTMLOptions{Top: f.top,
				Program: "qsim " + cli.Version(), Command: commandLine(f.command)})
		}))
	}
	if f.json != report.Stdout && f.html != report.Stdout {
		err := report.PairDifferences(stdout, pair,
			report.Options{Top: f.top, Markdown: f.format == formatMarkdown})
		if err != nil {
			errs = append(errs, fmt.Errorf("standard output: %w", cause(err)))
		}
	}
	return errors.Join(errs...)
}

// readResults reads a file of results.
func readResults(path string) (*experiment.Results, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, cause(err))
	}
	defer func() { _ = f.Close() }()
	results, err := experiment.ReadResults(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return results, nil
}
