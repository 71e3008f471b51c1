package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/quotasched/quotasched/internal/cli"
	"github.com/quotasched/quotasched/internal/words"
	"github.com/quotasched/quotasched/simulator/experiment"
	"github.com/quotasched/quotasched/simulator/internal/report"
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
	shard           shardFlag
	out             string // the part of a shard
	top             int
	topIsSet        bool
	progress        progressFlag
	wallTimes       onOff
}

// register adds the flags, with their defaults.
func (f *runFlags) register(set *pflag.FlagSet) {
	*f = runFlags{checks: true, progress: "auto", wallTimes: true}
	set.SortFlags = false
	set.StringVar(&f.html, "html", "",
		"also write a `file` with charts, for a browser; it needs no net")
	set.StringVar(&f.json, "json", "", "also write all figures to a `file`, for qsim compare; - is "+
		"standard output, without the tables")
	set.StringVar(&f.csv, "csv", "", "also write a `file` with a row for each task")
	set.StringArrayVar(&f.only, "only", nil, "run only the policy of this `name`; once for each")
	f.registerWith(set)
	f.experimentFlags.register(set)
	f.registerBy(set)
	set.IntVar(&f.top, "top", 0, "accounts with rows of their own, those that used most; 0 shows "+
		"all (default: what the file says, or 20)")
	set.IntVar(&f.parallel, "parallel", 0, "runs that go at once (default: one for each processor)")
	set.Var(&f.checks, "checks", "check the invariants of the pool all the way")
	set.Var(&f.progress, "progress", "a bar on stderr; auto: if that is a terminal")
	set.Var(&f.shard, "shard", shardHelp)
	set.StringVarP(&f.out, "out", "o", "", "write the part of --shard to this `file`")
	set.Var(&f.wallTimes, "wall-times", "say how long all this took; nothing else differs from "+
		"run to run")
	cli.AddUnder(logGroup, set, func(set *pflag.FlagSet) {
		set.IntVar(&f.workers, "workers", 0, "size of the fleet (default: what the log's header says)")
		f.log.register(set)
	})
}

// maxWorkers is the largest fleet.
const maxWorkers = 1_000_000

// check returns an error if the flags contradict each other or the kind of input.
func (f *runFlags) check(set *pflag.FlagSet, isLog bool) error {
	if !isLog {
		wrong := ""
		set.Visit(func(flag *pflag.Flag) {
			if cli.HeadingOf(flag) != "" && wrong == "" {
				wrong = flag.Name
			}
		})
		if wrong != "" {
			return cli.Usagef("--%s is for a log; an experiment's fields are changed by --set", wrong)
		}
	}
	if isLog && f.trace != "" {
		return cli.Usagef("--trace names the log of an experiment, and a log was named")
	}
	if set.Changed("workers") && (f.workers < 1 || f.workers > maxWorkers) {
		return cli.Usagef("--workers %s is not from 1 to %s", words.Number(f.workers),
			words.Number(maxWorkers))
	}
	if f.top < 0 || f.parallel < 0 {
		return cli.Usagef("--top and --parallel may not be negative")
	}
	for _, name := range []string{"html", "json", "csv"} {
		if set.Changed(name) && set.Lookup(name).Value.String() == "" {
			return cli.Usagef("--%s names no file", name)
		}
	}
	if f.shard.Of > 0 != (f.out != "") && set.Lookup("shard") != nil {
		return cli.Usagef("--shard and -o PART go together")
	}
	if f.shard.Of > 0 && (f.html != "" || f.json != "" || f.csv != "") {
		return cli.Usagef("a shard writes its part alone; qsim merge has --html and --json")
	}
	f.topIsSet = set.Changed("top")
	return f.checkOutputs()
}

// checkOutputs returns an error if two files would take each other's place.
func (f *runFlags) checkOutputs() error {
	paths := map[string]bool{}
	for _, path := range []string{f.html, f.json, f.csv} {
		switch {
		case path == "":
		case paths[filepath.Clean(path)] && path == report.Stdout:
			return cli.Usagef("only one file can go to standard output")
		case paths[filepath.Clean(path)]:
			return cli.Usagef("two files would be written to %s", path)
		default:
			paths[filepath.Clean(path)] = true
		}
	}
	return nil
}

// onStdout says whether a file goes to standard output, in place of the tables.
func (f *runFlags) onStdout() bool {
	return slices.Contains([]string{f.html, f.json, f.csv}, report.Stdout)
}

// topOf is how many accounts have rows of their own in the reports of an experiment; 0 for all.
func (f *runFlags) topOf(e *experiment.Experiment) int {
	if f.topIsSet {
		return f.top
	}
	return e.File.Report.TopAccounts
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

func (f *progressFlag) Type() string   { return "auto|on|off" }
func (f *progressFlag) String() string { return string(*f) }

func (f *progressFlag) Set(s string) error {
	choices := []string{"auto", "on", "off"}
	if !slices.Contains(choices, s) {
		return fmt.Errorf("want %s", strings.Join(choices, ", "))
	}
	*f = progressFlag(s)
	return nil
}
