package main

import (
	"context"
	"io"

	"github.com/spf13/pflag"

	"github.com/quotasched/quotasched/internal/cli"
	"github.com/quotasched/quotasched/replay"
)

// whatIfFlags are those of `qsim replay` that try out another policy.
type whatIfFlags struct {
	planOutputs
	fork, shadow, policy string
}

// register adds the flags.
func (f *whatIfFlags) register(set *pflag.FlagSet) {
	set.StringVar(&f.fork, "fork", "", "from --until on, go on under the policy of this `file`, in "+
		"the world that the whole journal knows, and compare that with going on as it was")
	set.StringVar(&f.shadow, "shadow", "", "up to --until, run a second pool under the policy of "+
		"this `file` beside the first, and count how its decisions differ")
	set.StringVar(&f.policy, "policy", "", "`name` of the policy of --fork or --shadow, where the "+
		"file is an experiment with several")
	f.planOutputs.register(set)
}

// asked says whether another policy is to be tried out. The error is for flags that contradict each
// other.
func (f *whatIfFlags) asked(set *pflag.FlagSet) (bool, error) {
	asked := f.fork != "" || f.shadow != ""
	if f.fork != "" && f.shadow != "" {
		return false, cli.Usagef("--fork and --shadow are two questions; ask them one by one")
	}
	for _, name := range []string{"policy", "threshold", "html", "json", "format",
		"top"} {
		if !asked && set.Changed(name) {
			return false, cli.Usagef("--%s is for --fork and --shadow", name)
		}
	}
	for _, name := range []string{"save", "runs", "restore-after"} {
		if asked && set.Changed(name) {
			return false, cli.Usagef("--%s is for a replay without --fork and --shadow", name)
		}
	}
	if f.shadow != "" && len(f.thresholds) > 0 {
		return false, cli.Usagef("--threshold is for --fork")
	}
	if f.shadow != "" && f.html != "" {
		return false, cli.Usagef("--html is for --fork")
	}
	if f.shadow != "" && f.format == formatMarkdown {
		return false, cli.Usagef("--format markdown is for --fork")
	}
	return asked, nil
}

// run tries out another policy from a point of a journal on, or up to it.
func (f *whatIfFlags) run(ctx context.Context, from journalFile, at replay.Point,
	stdout, stderr io.Writer) error {
	if f.fork != "" {
		return makePlan(ctx, &planFlags{planOutputs: f.planOutputs, journal: from, from: at,
			newPolicy: f.policy, new: f.fork}, stdout, stderr)
	}
	if _, err := f.parse(); err != nil {
		return err
	}
	from.bar, from.doing = newProgressBar(f.progress, stderr), "reading"
	r, notes, err := runShadow(ctx, from, at, policyChoice{f.shadow, f.policy})
	from.bar.close()
	if err != nil {
		return err
	}
	return f.writeShadow(ctx, r, notes, stdout)
}
