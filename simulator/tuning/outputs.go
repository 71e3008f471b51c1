package tuning

import (
	"encoding/json"
	"errors"
	"io"

	"github.com/spf13/pflag"

	"github.com/quotasched/quotasched/internal/cli"
	"github.com/quotasched/quotasched/simulator/experiment"
	"github.com/quotasched/quotasched/simulator/internal/report"
	"github.com/quotasched/quotasched/simulator/tune"
)

// ErrNotMet is a tuning whose goals are not met.
var ErrNotMet = errors.New("the goals are not met")

// ErrInterrupted is a search that was stopped by a signal, and has written its best.
var ErrInterrupted = errors.New("interrupted: these are the best settings so far")

// Outputs are the files that a tuning writes; empty is none, and - standard output.
type Outputs struct {
	Policy, HTML, JSON string
}

// RegisterFiles adds the flags for the policy and the page to a command.
func (o *Outputs) RegisterFiles(set *pflag.FlagSet) {
	set.StringVarP(&o.Policy, "out", "o", "", "write the policy with its new settings to this `file`")
	set.StringVar(&o.HTML, "html", "", "also write a `file` with charts, for a browser")
}

// Register adds all flags to a command.
func (o *Outputs) Register(set *pflag.FlagSet) {
	o.RegisterFiles(set)
	set.StringVar(&o.JSON, "json", "", "also write all that was found to a `file`; - is standard "+
		"output, without the tables")
}

// Writing says where the outputs of a command go.
type Writing struct {
	// Program and Command are for the page: "qsim", and the command line.
	Program, Command string
	Stdout           io.Writer
	// File writes a file that appears only when it is whole.
	File func(path string, write func(io.Writer) error) error
}

// Write writes what was found: the files, and a table unless a file is standard output. The error
// is also ErrNotMet or ErrInterrupted.
func (o *Outputs) Write(t *experiment.Tuning, r *tune.Result, to Writing) error {
	tuned, err := t.Tuned(r)
	if err != nil {
		return err
	}
	var errs []error
	write := func(path string, f func(io.Writer) error) {
		if path != "" {
			errs = append(errs, to.File(path, f))
		}
	}
	write(o.Policy, func(w io.Writer) error {
		_, err := io.WriteString(w, tuned.PolicyText)
		return err
	})
	write(o.JSON, func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		return e.Encode(tuned)
	})
	write(o.HTML, func(w io.Writer) error {
		return report.TunedHTML(w, tuned, report.HTMLOptions{
			Program: to.Program + " " + cli.Version(), Command: to.Command})
	})
	if o.HTML != report.Stdout && o.JSON != report.Stdout && o.Policy != report.Stdout {
		errs = append(errs, report.TunedText(to.Stdout, tuned))
	}
	switch err := errors.Join(errs...); {
	case err != nil:
		return err
	case r.Interrupted:
		return ErrInterrupted
	case !r.Met():
		return ErrNotMet
	}
	return nil
}
