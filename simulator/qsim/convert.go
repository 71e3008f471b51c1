package main

import (
	"fmt"
	"io"
	"strings"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/quotasched/quotasched/internal/cli"
	"github.com/quotasched/quotasched/internal/words"
	"github.com/quotasched/quotasched/simulator/trace"
)

const convertHelp = `Read a log, map it, and write the workload that a simulation would get as a
native log: one JSON object a line. Reading that again gives the same workload,
exactly. A name of OUT that ends in .gz is compressed; - is standard output.

Templates are texts in which {field} stands for a field of the log, and
{field|table} for what a --table has for the field's value. SWF has the fields
  job submit wait run processors cpu memory asked_processors asked_seconds
  asked_memory status user group application queue partition preceding think
and those of a CSV file are its columns. 'qsim trace info' shows them.`

const convertExamples = `  qsim convert LOG.swf.gz log.jsonl.gz
  qsim convert --account 'user-{user}' --from 720h --to 888h LOG.swf week.jsonl
  qsim convert --importance '{queue|q}' --table 'q=1:express,*:other' LOG.swf out.jsonl
  qsim convert --preset openb-pods openb_pod_list_default.csv.gz -
  qsim convert --submit-column t --run-column s --account '{team}' tasks.csv out.jsonl`

// newConvertCommand returns the command `qsim convert`.
func newConvertCommand(stdout, stderr io.Writer) *cobra.Command {
	var f traceFlags
	c := &cobra.Command{
		Use:     "convert IN OUT",
		Short:   "Make a native log of a log",
		Long:    convertHelp,
		Example: convertExamples,
		Args:    exactly(2, "want IN and OUT"),
		RunE: func(c *cobra.Command, args []string) error {
			source, err := f.of(c.Context(), args[0])
			if err != nil {
				return err
			}
			return convert(c, source, args[1], stdout, stderr)
		},
	}
	f.register(c.Flags())
	f.registerStrict(c.Flags())
	return c
}

// convert reads the log and writes it. Notes go to stderr, so that OUT may be standard output.
func convert(c *cobra.Command, source *trace.Source, out string, stdout, stderr io.Writer) error {
	if out == "" {
		return cli.Usagef("OUT is empty; - is standard output")
	}
	loaded, err := trace.Load(c.Context(), source)
	if err != nil {
		return stopped(sourceMistakes(err))
	}
	warnMalformed(loaded.Malformed, loaded.Warnings, source.File, stderr)
	err = writeWhole(c.Context(), out, stdout, func(w io.Writer) error {
		return trace.WriteNative(w, loaded.Workload, loaded.Notes)
	})
	if err != nil {
		return err
	}
	for _, note := range loaded.Notes {
		fmt.Fprintf(stderr, "qsim: %s\n", printable(note))
	}
	fmt.Fprintf(stderr, "qsim: %s of %s written to %s\n",
		words.Count(len(loaded.Workload.Submissions), "submission"),
		words.Count(loaded.Workload.Requests(), "request"), out)
	return nil
}

// printable leaves out of a text what a terminal might take for more than text.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return -1
	}, s)
}
