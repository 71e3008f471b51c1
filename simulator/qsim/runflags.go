package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"
)

// runFlags are the flags of `qsim run`.
type runFlags struct {
	experimentFlags
	log      traceFlags
	workers  int
	only     []string
	parallel int
	checks   onOff

	html, json, csv string
	top             int
	progress        progressFlag
	wallTimes       onOff
}

// logOnly are the names of the flags that mean something only for a log.
func logOnly() map[string]bool {
	names := map[string]bool{"workers": true}
	var f traceFlags
	set := pflag.NewFlagSet("", pflag.ContinueOnError)
	f.register(set)
	set.VisitAll(func(flag *pflag.Flag) { names[flag.Name] = true })
	return names
}

// register adds the flags, with their defaults.
func (f *runFlags) register(set *pflag.FlagSet) {
	*f = runFlags{checks: true, progress: "auto", wallTimes: true}
	set.SortFlags = false
	set.StringVar(&f.html, "html", "", "also write a `file` with charts, for a browser; it needs no net")
	set.StringVar(&f.json, "json", "", "also write all figures to a `file`, for qsim compare; - is\n"+
		"standard output, without the tables")
	set.StringVar(&f.csv, "csv", "", "also write a `file` with a row for each task")
	set.StringArrayVar(&f.only, "only", nil, "run only the policy of this `name`; once for each")
	f.experimentFlags.register(set)
	set.IntVar(&f.top, "top", 0, "accounts with rows of their own, by use (default: what the file\n"+
		"says, or 20)")
	set.IntVar(&f.parallel, "parallel", 0, "runs that go at once (default: one for each processor)")
	set.Var(&f.checks, "checks", "on or off: check the invariants of the pool all the way")
	set.Var(&f.progress, "progress", "auto, on or off: a bar on stderr; auto: if it is a terminal")
	set.Var(&f.wallTimes, "wall-times", "on or off: show how long all this took; the only output\n"+
		"that differs from run to run")
	set.IntVar(&f.workers, "workers", 0,
		"for a log: size of the fleet (default: what its header says)")
	logs := pflag.NewFlagSet("", pflag.ContinueOnError)
	f.log.register(logs)
	logs.VisitAll(func(flag *pflag.Flag) {
		flag.Usage = "for a log: " + flag.Usage
		set.AddFlag(flag)
	})
}

// maxWorkers is the largest fleet.
const maxWorkers = 1_000_000

// check returns an error if the flags contradict each other or the kind of input.
func (f *runFlags) check(set *pflag.FlagSet, isLog bool) error {
	if !isLog {
		only := logOnly()
		var wrong string
		set.Visit(func(flag *pflag.Flag) {
			if only[flag.Name] && wrong == "" {
				wrong = flag.Name
			}
		})
		if wrong != "" {
			return usagef("--%s is for a log, and none was named; an experiment's fields are "+
				"changed by --set", wrong)
		}
	}
	if isLog && f.trace != "" {
		return usagef("--trace names the log of an experiment, and a log was named")
	}
	if set.Changed("workers") && (f.workers < 1 || f.workers > maxWorkers) {
		return usagef("--workers %d is not from 1 to %d", f.workers, maxWorkers)
	}
	if f.top < 0 || f.parallel < 0 {
		return usagef("--top and --parallel may not be negative")
	}
	for name, path := range map[string]string{"html": f.html, "json": f.json, "csv": f.csv} {
		if set.Changed(name) && path == "" {
			return usagef("--%s names no file", name)
		}
	}
	return nil
}

// onOff is a flag that is on or off.
type onOff bool

func (f *onOff) Type() string { return "on|off" }

func (f *onOff) String() string {
	if *f {
		return "on"
	}
	return "off"
}

func (f *onOff) Set(s string) error {
	switch s {
	case "on", "true", "yes":
		*f = true
	case "off", "false", "no":
		*f = false
	default:
		return fmt.Errorf("want on or off")
	}
	return nil
}

// progressFlag says when there is a progress bar.
type progressFlag string

func (f *progressFlag) Type() string   { return "when" }
func (f *progressFlag) String() string { return string(*f) }

func (f *progressFlag) Set(s string) error {
	choices := []string{"auto", "on", "off"}
	if !slices.Contains(choices, s) {
		return fmt.Errorf("want %s", strings.Join(choices, ", "))
	}
	*f = progressFlag(s)
	return nil
}
