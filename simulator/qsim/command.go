package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/quotasched/quotasched/internal/nearest"
	"github.com/quotasched/quotasched/simulator/experiment"
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

func init() {
	cobra.EnableCommandSorting = false // they are in the order in which one needs them
}

// execute runs the command line and returns the exit code.
func execute(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	root := &cobra.Command{
		Use:           "qsim",
		Short:         "Try out quota policies on a log or a made-up workload",
		Long:          longHelp,
		Example:       rootExamples,
		Args:          noArgs,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.AddCommand(newRunCommand(args, stdout, stderr), newCompareCommand(args, stdout),
		newInitCommand(stdout, stderr),
		newRecordCommand(stdout, stderr), newReplayCommand(stdout, stderr),
		newExplainCommand(stdout), newForecastCommand(stdout, stderr), newPlanCommand(stdout, stderr),
		newTuneCommand(args, stdout, stderr), newMergeCommand(stdout, stderr),
		newExampleCommand(stdout), newValidateCommand(stdout, stderr), newSchemaCommand(stdout),
		newTraceCommand(stdout, stderr), newConvertCommand(stdout, stderr),
		newVersionCommand(stdout))
	root.SetUsageFunc(showUsage)
	root.SuggestionsMinimumDistance = 2
	root.Version = version()
	root.SetVersionTemplate("qsim {{.Version}}\n")
	root.SetHelpCommand(newHelpCommand(root))
	root.SetFlagErrorFunc(flagError)
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	command, err := root.ExecuteContextC(ctx)
	if err == nil {
		return exitOK
	}
	fmt.Fprintf(stderr, "qsim: %v\n", err)
	if errors.As(err, new(*usageError)) {
		fmt.Fprintf(stderr, "qsim: '%s --help' has all flags and examples\n", command.CommandPath())
	}
	return exitCode(err)
}

// exitCode returns the exit code of a command that ended with an error. A broken promise weighs
// more than anything else that went wrong, and an interruption more than an output that could not
// be written.
func exitCode(err error) int {
	switch {
	case errors.Is(err, experiment.ErrBroken), errors.Is(err, errDiffers),
		errors.Is(err, errHarm), errors.Is(err, errCannotBeMet):
		return exitBroken
	case errors.Is(err, errInterrupted), errors.Is(err, errStopped), errors.Is(err, errCutShort),
		errors.Is(err, errInterruptedTuning):
		return exitInterrupted
	}
	return exitUsage
}

// usageError is a mistake on the command line.
type usageError struct{ error }

// Unwrap returns what is wrong.
func (e *usageError) Unwrap() error { return e.error }

// usagef returns a usageError.
func usagef(format string, args ...any) error {
	return &usageError{fmt.Errorf(format, args...)}
}

// noArgs refuses arguments.
func noArgs(c *cobra.Command, args []string) error {
	err := cobra.NoArgs(c, args)
	if err == nil {
		return nil
	}
	if like := commandLike(c, args[0]); like != "" {
		return usagef("%w; was '%s %s' meant?", err, c.CommandPath(), like)
	}
	if c.HasAvailableSubCommands() && !c.HasParent() && strings.Contains(args[0], ".") {
		return usagef("%w; was 'qsim run %s' meant?", err, args[0])
	}
	return &usageError{err}
}

// commandLike returns the command of c that a mistyped one was probably meant to be, or "".
func commandLike(c *cobra.Command, name string) string {
	if like := c.SuggestionsFor(name); len(like) > 0 {
		return like[0]
	}
	return nearest.Word(name, commandNames(c))
}

// commandNames are the names of the commands of c.
func commandNames(c *cobra.Command) []string {
	var names []string
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() {
			names = append(names, sub.Name())
		}
	}
	return names
}

// flagError is a mistake in a flag. Of an unknown one it says which was probably meant.
func flagError(c *cobra.Command, err error) error {
	unknown, ok := errors.AsType[*pflag.NotExistError](err)
	if !ok {
		return &usageError{err}
	}
	var names []string
	c.Flags().VisitAll(func(flag *pflag.Flag) { names = append(names, flag.Name) })
	if like := nearest.Word(unknown.GetSpecifiedName(), names); like != "" {
		return usagef("%w; was --%s meant?", err, like)
	}
	return &usageError{err}
}

// newHelpCommand returns the command `qsim help`, which fails if there is nothing of that name.
func newHelpCommand(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Say what a command does, with all of its flags",
		RunE: func(_ *cobra.Command, args []string) error {
			c, rest, err := root.Find(args)
			if err == nil && len(rest) == 0 {
				c.InitDefaultHelpFlag()
				return c.Help()
			}
			name := strings.Join(args, " ")
			if c == nil {
				c = root
			}
			if like := commandLike(c, args[len(args)-1]); like != "" {
				return usagef("there is no command %q; was '%s %s' meant?", name, c.CommandPath(),
					like)
			}
			return usagef("there is no command %q; there are: %s", name,
				strings.Join(commandNames(root), ", "))
		},
	}
}

func newVersionCommand(stdout io.Writer) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  noArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintf(stdout, "qsim %s\n", version())
			return err
		},
	}
}

// version is what the Go tool knows about this build.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(unknown version)"
	}
	return fmt.Sprintf("%s, %s", info.Main.Version, info.GoVersion)
}
