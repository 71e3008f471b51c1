package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/quotasched/quotasched/internal/cli"
	"github.com/quotasched/quotasched/internal/words"
	"github.com/quotasched/quotasched/simulator/internal/draft"
	"github.com/quotasched/quotasched/simulator/trace"
)

const initHelp = `Write a whole experiment file for a log, which 'qsim run' runs as it is: how the
log is read, a fleet with labels, and three policies. What the flags do not say is
found out: columns by their names, the fleet by how many workers of each kind the log
used at once, quotas by what each account used. All of it is there to be changed.`

const initExamples = `  qsim init jobs.csv -o jobs.yaml && qsim run jobs.yaml
  sacct -aP --format=JobID,User,Account,Partition,QOS,Submit,Start,End,AllocCPUS >jobs.txt
  qsim init jobs.txt -o jobs.yaml
  kubectl get workloads -A -o json >kueue.json && qsim init kueue.json -o kueue.yaml
  zcat tasks.csv.gz | qsim init - --account '{team}' >tasks.yaml`

// initFlags are the flags of `qsim init`.
type initFlags struct {
	log     traceFlags
	out     string
	workers int
}

// newInitCommand returns the command `qsim init`.
func newInitCommand(stdout, stderr io.Writer) *cobra.Command {
	var f initFlags
	c := &cobra.Command{
		Use:     "init LOG",
		Short:   "Write an experiment file for a log",
		Long:    initHelp,
		Example: initExamples,
		Args:    exactly(1, "want one log"),
		RunE: func(c *cobra.Command, args []string) error {
			if c.Flags().Changed("workers") && (f.workers < 1 || f.workers > maxWorkers) {
				return cli.Usagef("--workers %s is not from 1 to %s", words.Number(f.workers),
					words.Number(maxWorkers))
			}
			return initialize(c.Context(), &f, args[0], stdout, stderr)
		},
	}
	c.Flags().SortFlags = false
	c.Flags().StringVarP(&f.out, "out", "o", "-", "write the experiment to this `file`; - is "+
		"standard output")
	c.Flags().IntVar(&f.workers, "workers", 0, "size of the fleet (default: what the log used at "+
		"once)")
	f.log.register(c.Flags())
	return c
}

// initialize reads the log, and writes the file.
func initialize(ctx context.Context, f *initFlags, path string, stdout, stderr io.Writer) error {
	source, err := f.log.suggested(ctx, path)
	if err != nil {
		return err
	}
	loaded, err := trace.Load(ctx, source)
	if err != nil {
		return stopped(sourceMistakes(err))
	}
	warnMalformed(loaded.Malformed, loaded.Warnings, path, stderr)
	named := *source
	if named.File, err = fileBeside(f.out, path); err != nil {
		return err
	}
	d, err := draft.Experiment(draft.Options{Name: experimentName(path), Source: &named,
		Workload: loaded.Workload, Workers: f.workers})
	if err != nil {
		return err
	}
	for _, odd := range d.Odd {
		fmt.Fprintf(stderr, "qsim: warning: %s of %s: is it %s? No worker has it\n",
			words.Count(odd.Requests, "request"), printable(odd.Label), printable(odd.Meant))
	}
	err = writeWhole(ctx, f.out, stdout, func(w io.Writer) error {
		_, err := w.Write(d.Text)
		return err
	})
	if err != nil {
		return err
	}
	for _, note := range loaded.Notes {
		fmt.Fprintf(stderr, "qsim: %s\n", printable(note))
	}
	if f.out != stdinName {
		fmt.Fprintf(stderr, "qsim: %s written; run it with: qsim run %s\n", f.out, f.out)
	}
	return nil
}

// experimentName is what an experiment for a log is called.
func experimentName(path string) string {
	if path == stdinName {
		return "log from standard input"
	}
	return filepath.Base(path)
}

// fileBeside returns the path of a log as it stands in an experiment file: from that file's folder.
// A file on standard output is taken to be put into the current folder.
func fileBeside(experiment, log string) (string, error) {
	if log == stdinName || filepath.IsAbs(log) || experiment == stdinName {
		return log, nil
	}
	folder, err := filepath.Abs(filepath.Dir(experiment))
	if err != nil {
		return "", fmt.Errorf("%s: %w", experiment, err)
	}
	whole, err := filepath.Abs(log)
	if err != nil {
		return "", fmt.Errorf("%s: %w", log, err)
	}
	if short, err := filepath.Rel(folder, whole); err == nil {
		return filepath.ToSlash(short), nil
	}
	return whole, nil
}

// askMapping is the error for a CSV log of which nobody says what its columns are: it lists them,
// and proposes flags.
func askMapping(p *trace.Proposal, path string) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: say which columns say what. They are:\n", path)
	width := 0
	for _, c := range p.Columns {
		width = max(width, len(c.Name))
	}
	for _, c := range p.Columns {
		fmt.Fprintf(&b, "  %-*s  %s\n", min(width, 30), printable(c.Name),
			printable(strings.Join(c.Examples, ", ")))
	}
	if !p.Complete() {
		b.WriteString("Needed are --submit-column, and --run-column or --start-column with " +
			"--end-column.")
		return cli.Usagef("%s", b.String())
	}
	fmt.Fprintf(&b, "This may be meant:\n  %s\n"+
		"or let 'qsim init %s -o FILE.yaml' write it into a file.",
		strings.Join(flagsOf(&p.Source), " "), path)
	return cli.Usagef("%s", b.String())
}

// flagsOf writes the mapping of a source as flags.
func flagsOf(s *trace.Source) []string {
	var flags []string
	add := func(name, value string) {
		if value != "" {
			flags = append(flags, "--"+name+" "+shellQuote(value))
		}
	}
	t := &s.Table
	add("id-column", t.ID)
	add("submit-column", t.Submit)
	add("start-column", t.Start)
	add("end-column", t.End)
	add("run-column", t.Run)
	add("wait-column", t.Wait)
	add("size-column", t.Size)
	add("unit", t.Unit)
	add("account", s.Account)
	for _, label := range s.BaseLabels {
		add("base-label", label)
	}
	add("importance", s.Importance)
	return flags
}
