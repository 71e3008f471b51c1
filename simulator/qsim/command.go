package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/quotasched/quotasched/internal/cli"
	"github.com/quotasched/quotasched/simulator/experiment"
	"github.com/quotasched/quotasched/simulator/tuning"
)

// The exit codes of qsim.
const (
	exitOK          = 0
	exitBroken      = 1   // a run that broke a promise, or a replay that differs
	exitUsage       = 2   // wrong flags, bad input, or output that cannot be written
	exitInterrupted = 130 // Ctrl-C
)

// errInterrupted is an experiment that was stopped by a signal, and has partial results.
var errInterrupted = errors.New("interrupted: the figures are partial")

const longHelp = `qsim tries out quota policies before they are rolled out: it replays a log,
or a made-up workload, through the real scheduler and reconciler on virtual time, under
each policy, and says who waits for how long and what it costs.

Exit codes: 0 all went well; 1 a run broke a promise (a request was lost, ran twice
or never ran), a replay differs from its journal, a plan breaks a threshold, or a
tuning does not meet its goals; 2 the input or the command line was wrong, or an output
could not be written; 130 interrupted.`

const rootExamples = `  qsim run                             the built-in experiment, to begin with
  qsim run --html lab.html             the same, with charts for a browser
  qsim trace info LOG.swf.gz           what is in a log
  qsim run LOG.swf.gz                  replay it, with and without accounts
  qsim init jobs.csv -o my.yaml        a whole experiment for a log of your own
  qsim example device-lab > my.yaml    a file to make your own
  qsim run my.yaml
  qsim record my.yaml --only quota -o my.qsj.zst
  qsim replay my.qsj.zst               the same again, every decision compared
  qsim forecast my.qsj.zst             when what waits at its end will start
  qsim plan --journal my.qsj.zst new.yaml   what other quotas would change
  qsim tune my.yaml -o policy.yaml     which quotas meet the goals of the file`

// execute runs the command line and returns the exit code.
func execute(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	root := &cobra.Command{
		Use:     "qsim",
		Short:   "Try out quota policies on a log or a made-up workload",
		Long:    longHelp,
		Example: rootExamples,
		Args:    noArgs,
	}
	root.AddCommand(newRunCommand(args, stdout, stderr), newCompareCommand(args, stdout),
		newInitCommand(stdout, stderr),
		newRecordCommand(stdout, stderr), newReplayCommand(stdout, stderr),
		newExplainCommand(stdout), newForecastCommand(stdout, stderr), newPlanCommand(stdout, stderr),
		newTuneCommand(args, stdout, stderr), newMergeCommand(stdout, stderr),
		newExampleCommand(stdout), newValidateCommand(stdout, stderr), newSchemaCommand(stdout),
		newTraceCommand(stdout, stderr), newConvertCommand(stdout, stderr),
		newVersionCommand(stdout))
	cli.Prepare(root, logGroup, csvGroup)
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	at, err := root.ExecuteContextC(ctx)
	if err == nil {
		return exitOK
	}
	fmt.Fprintf(stderr, "qsim: %v\n", err)
	if errors.As(err, new(*cli.UsageError)) {
		fmt.Fprintf(stderr, "qsim: '%s --help' has all flags and examples\n", at.CommandPath())
	}
	return exitCode(err)
}

// exitCode returns the exit code of a command that ended with an error. A broken promise weighs
// more than anything else that went wrong, and an interruption more than an output that could not
// be written.
func exitCode(err error) int {
	switch {
	case errors.Is(err, experiment.ErrBroken), errors.Is(err, errDiffers),
		errors.Is(err, errHarm), errors.Is(err, tuning.ErrNotMet):
		return exitBroken
	case errors.Is(err, errInterrupted), errors.Is(err, errStopped), errors.Is(err, errCutShort),
		errors.Is(err, tuning.ErrInterrupted):
		return exitInterrupted
	}
	return exitUsage
}

// noArgs refuses arguments. A file in place of a command was probably to be run.
func noArgs(c *cobra.Command, args []string) error {
	err := cli.NoArgs(c, args)
	if err != nil && c.HasAvailableSubCommands() && !c.HasParent() &&
		!strings.Contains(err.Error(), " meant?") && strings.Contains(args[0], ".") {
		return cli.Usagef("%w; was 'qsim run %s' meant?", err, args[0])
	}
	return err
}

func newVersionCommand(stdout io.Writer) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  noArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintf(stdout, "qsim %s\n", cli.Version())
			return err
		},
	}
}
