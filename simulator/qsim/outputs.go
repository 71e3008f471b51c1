package main

import (
	"errors"
	"io"
	"strings"

	"github.com/quotasched/quotasched/internal/cli"
	"github.com/quotasched/quotasched/simulator/experiment"
	"github.com/quotasched/quotasched/simulator/internal/report"
)

// outputs are the files that a run is to write. They are begun before it, so that one that cannot
// be written is found out at once, and appear after it, when they are whole.
type outputs struct {
	html, json *report.File
	tasks      *report.TaskFile
}

// createOutputs begins the files that the flags name.
func createOutputs(f *runFlags, stdout io.Writer) (*outputs, error) {
	o := &outputs{}
	var err error
	if f.html != "" {
		o.html, err = report.Create(f.html, stdout)
	}
	if err == nil && f.json != "" {
		o.json, err = report.Create(f.json, stdout)
	}
	if err == nil && f.csv != "" {
		o.tasks, err = report.CreateTasks(f.csv, stdout)
	}
	if err != nil {
		return nil, errors.Join(err, o.discard())
	}
	return o, nil
}

// discard takes back what was begun.
func (o *outputs) discard() error {
	var errs []error
	for _, file := range []*report.File{o.html, o.json} {
		if file != nil {
			errs = append(errs, file.Discard())
		}
	}
	if o.tasks != nil {
		errs = append(errs, o.tasks.Discard())
	}
	*o = outputs{}
	return errors.Join(errs...)
}

// write writes all files. One that fails does not keep the others from being written.
func (o *outputs) write(results *experiment.Results, top int, command []string) error {
	var errs []error
	if o.json != nil {
		errs = append(errs, o.json.Write(func(w io.Writer) error {
			return report.JSON(w, results)
		}))
	}
	if o.tasks != nil {
		errs = append(errs, o.tasks.Write(results))
	}
	if o.html != nil {
		errs = append(errs, o.html.Write(func(w io.Writer) error {
			return report.HTML(w, results, report.HTMLOptions{Top: top,
				Program: "qsim " + cli.Version(), Command: commandLine(command)})
		}))
	}
	*o = outputs{}
	return errors.Join(errs...)
}

// commandLine writes a command so that a shell takes it as it was.
func commandLine(args []string) string {
	quoted := []string{"qsim"}
	for _, a := range args {
		quoted = append(quoted, shellQuote(a))
	}
	return strings.Join(quoted, " ")
}

// shellQuote writes an argument so that a shell takes it as it is.
func shellQuote(a string) string {
	if a == "" || strings.ContainsAny(a, " \t\n'\"\\$`!*?[]{}()<>|&;#~") {
		return "'" + strings.ReplaceAll(a, "'", `'\''`) + "'"
	}
	return a
}
