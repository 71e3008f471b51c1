package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/quotasched/quotasched/simulator/experiment"
)

// The exit codes of qsim.
const (
	exitOK          = 0
	exitBroken      = 1   // a run that broke a promise
	exitUsage       = 2   // wrong flags, or input that cannot be used
	exitInterrupted = 130 // Ctrl-C
)

// errBroken is a run that broke a promise; errInterrupted one that was stopped by a signal. All
// other errors are about the command line or the input.
var (
	errBroken      = errors.New("the run broke a promise")
	errInterrupted = errors.New("interrupted: the figures are partial")
)

const longHelp = `qsim tries out quota policies before they are rolled out: it replays a log, or
a made-up workload, through the real scheduler and reconciler on virtual time, under
each policy, and says who waits for how long and what it costs.

Exit codes: 0 all went well; 1 a run broke a promise (a request was lost, ran twice
or never ran); 2 the input or the command line was wrong; 130 interrupted.`

// execute runs the command line and returns the exit code.
func execute(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	root := &cobra.Command{
		Use:           "qsim",
		Short:         "Try out quota policies on a log or a made-up workload",
		Long:          longHelp,
		Args:          noArgs,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.AddCommand(newRunCommand(args, stdout, stderr), newCompareCommand(stdout),
		newValidateCommand(stdout, stderr), newExampleCommand(stdout), newSchemaCommand(stdout),
		newTraceCommand(stdout, stderr), newConvertCommand(stdout, stderr),
		newVersionCommand(stdout))
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &usageError{err} })
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	command, err := root.ExecuteContextC(ctx)
	if err == nil {
		return exitOK
	}
	fmt.Fprintf(stderr, "qsim: %v\n", err)
	switch {
	case errors.Is(err, errInterrupted), errors.Is(err, errStopped):
		return exitInterrupted
	case errors.Is(err, errBroken), errors.Is(err, experiment.ErrBroken):
		return exitBroken
	case errors.As(err, new(*usageError)):
		fmt.Fprintf(stderr, "qsim: '%s --help' has all flags and examples\n", command.CommandPath())
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
	if err := cobra.NoArgs(c, args); err != nil {
		return &usageError{err}
	}
	return nil
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
