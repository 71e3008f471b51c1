package main

import (
	"encoding/json"
	"os"
	"slices"

	"github.com/spf13/pflag"

	"github.com/quotasched/quotasched/simulator/experiment"
)

// tracesVariable names a folder of logs.
const tracesVariable = "QSIM_TRACES"

// experimentFlags are those of all commands that read experiment files.
type experimentFlags struct {
	sets  []string
	trace string
	by    []string // keys of labels
	with  []string // policy files
	// strict refuses malformed lines and impossible requests.
	strict bool
}

// register adds the flags.
func (f *experimentFlags) register(set *pflag.FlagSet) {
	set.StringArrayVar(&f.sets, "set", nil, "put another value in a field of the experiment: "+
		"`path=value`, the value in YAML, such as policies.quota.accounts.cq.rates.p0=20; once for each")
	set.StringVar(&f.trace, "trace", "", "`path` of the experiment's log, in place of what the "+
		"file says; otherwise, a relative path there is looked for beside the file and in the "+
		"folder $"+tracesVariable)
	set.BoolVar(&f.strict, "strict", false, "refuse a log with a malformed line, and an experiment "+
		"of whose requests more than 1 % can never run: exit code 2")
}

// options say how to load a file.
func (f *experimentFlags) options(path string) experiment.LoadOptions {
	o := experiment.LoadOptions{
		Path:      path,
		Sets:      slices.Concat(f.sets, f.bySet()),
		Trace:     f.trace,
		Strict:    f.strict,
		With:      f.with,
		Stdin:     standardInput.open,
		TraceHint: "name it with --trace, or its folder with " + tracesVariable,
	}
	if folder := os.Getenv(tracesVariable); folder != "" {
		o.TraceFolders = []string{folder}
	}
	return o
}

// registerWith adds the flag that adds policies.
func (f *experimentFlags) registerWith(set *pflag.FlagSet) {
	set.StringArrayVar(&f.with, "with", nil, "also run the policy of this `file`, such as one that "+
		"qsim tune -o has written; once for each")
}

// registerBy adds the flag that groups figures.
func (f *experimentFlags) registerBy(set *pflag.FlagSet) {
	set.StringArrayVar(&f.by, "by", nil, "also show utilisation, queue and waits by the values of "+
		"the label with this `key`, such as pool; once for each (default: report.by, or the key "+
		"that most requests have)")
}

// bySet returns what --by says as a value of the field report.by.
func (f *experimentFlags) bySet() []string {
	if len(f.by) == 0 {
		return nil
	}
	list, err := json.Marshal(f.by) // which is YAML, too
	if err != nil {
		return nil // it is a list of texts
	}
	return []string{"report.by=" + string(list)}
}
