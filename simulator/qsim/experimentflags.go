package main

import (
	"os"

	"github.com/spf13/pflag"

	"github.com/quotasched/quotasched/simulator/experiment"
)

// tracesVariable names a folder of logs.
const tracesVariable = "QSIM_TRACES"

// experimentFlags are those of all commands that read experiment files.
type experimentFlags struct {
	sets  []string
	trace string
}

// register adds the flags.
func (f *experimentFlags) register(set *pflag.FlagSet) {
	set.StringArrayVar(&f.sets, "set", nil,
		"`path=value`: another value for a field, in YAML; once for each")
	set.StringVar(&f.trace, "trace", "", "`path` of the log, in place of the file's; logs with a\n"+
		"relative path are looked for beside the file and in $"+tracesVariable)
}

// options say how to load a file.
func (f *experimentFlags) options(path string) experiment.LoadOptions {
	o := experiment.LoadOptions{
		Path:      path,
		Sets:      f.sets,
		Trace:     f.trace,
		TraceHint: "name it with --trace, or its folder with " + tracesVariable,
	}
	if folder := os.Getenv(tracesVariable); folder != "" {
		o.TraceFolders = []string{folder}
	}
	return o
}
