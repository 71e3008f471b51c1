package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/quotasched/quotasched/internal/cli"
	"github.com/quotasched/quotasched/simulator/tuning"
)

// The exit codes of qsched.
const (
	exitOK          = 0
	exitFailed      = 1   // a task that was waited for, or a check, failed
	exitNotDone     = 2   // it could not be done: wrong flags, a refusal, no server
	exitInterrupted = 130 // Ctrl-C
)

// errFailed says that a task that was waited for, or a check, failed.
var errFailed = errors.New("failed")

// streams are what a command reads and writes.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

const longHelp = `qsched serves pools of workers whose time is shared by quotas, and is what people
type to use and to run them.

Ids and results go to standard output, everything else to standard error. With --json
each line of output is one JSON object.

Exit codes: 0 all is done; 1 a task that was waited for, or a check, failed; 2 what was
asked for could not be done; 130 interrupted.`

const rootExamples = `  qsched demo                              a server and a lab, to look at
  qsched server --data-dir /var/lib/qsched a server that keeps what it is told
  qsched pool create lab
  qsched account set lab web --rate p0=40 --max-charge 2h
  qsched task submit lab --account web --label model:oak -- make test
  qsched task list lab --state WAITING
  qsched task why lab 01K6Z3V5M0A1B2C3D4E5F6G7H8
  qsched task when lab 01K6Z3V5M0A1B2C3D4E5F6G7H8
  qsched plan lab new-quotas.yaml
  qsched worker list lab
  qsched usage lab --since 30d`

// execute runs the command line and returns the exit code.
func execute(ctx context.Context, args []string, std streams) int {
	root := newRoot(std)
	root.SetArgs(args)
	at, err := root.ExecuteContextC(ctx)
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errFailed):
		if err != errFailed { //nolint: the bare one was already explained
			fmt.Fprintf(std.err, "qsched: %v\n", err)
		}
		return exitFailed
	case errors.Is(err, tuning.ErrInterrupted):
		fmt.Fprintf(std.err, "qsched: %v\n", err)
		return exitInterrupted
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		fmt.Fprintln(std.err, "qsched: interrupted")
		return exitInterrupted
	}
	fmt.Fprintf(std.err, "qsched: %s\n", explained(err))
	if errors.As(err, new(*cli.UsageError)) {
		fmt.Fprintf(std.err, "qsched: '%s --help' has all flags and examples\n",
			at.CommandPath())
	}
	return exitNotDone
}

// newRoot returns the command with all of its commands.
func newRoot(std streams) *cobra.Command {
	root := &cobra.Command{
		Use:     "qsched",
		Short:   "Serve pools of workers that are shared by quotas, and use them",
		Long:    longHelp,
		Example: rootExamples,
		Args:    cli.NoArgs,
	}
	at := &connection{}
	at.register(root.PersistentFlags())
	app := &app{streams: std, connection: at}
	root.AddCommand(newServerCommand(app), newAgentCommand(app), newShimCommand(),
		newDemoCommand(app), newPoolCommand(app), newAccountCommand(app), newTaskCommand(app),
		newWorkerCommand(app), newEventsCommand(app),
		newUsageCommand(app), newPlanCommand(app), newTuneCommand(app), newJournalCommand(app),
		newClusterCommand(app),
		newAuthCommand(app), newCertCommand(app),
		newVersionCommand(app))
	cli.Prepare(root)
	root.SetIn(std.in)
	root.SetOut(std.out)
	root.SetErr(std.err)
	return root
}

// app is what all commands need.
type app struct {
	streams
	*connection
}

// exactly wants arguments of these names.
func exactly(names ...string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		switch {
		case len(args) < len(names):
			return cli.Usagef("%s is missing", strings.Join(names[len(args):], " and "))
		case len(args) > len(names):
			return cli.Usagef("%q is too much: want %s", args[len(names)], strings.Join(names, " "))
		}
		return nil
	}
}

// group returns a command that has only commands below it.
func group(use, short string, commands ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{Use: use, Short: short, Args: cli.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() }}
	c.AddCommand(commands...)
	return c
}

func newVersionCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  cli.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if a.json {
				return a.line(map[string]string{"version": cli.Version()})
			}
			_, err := fmt.Fprintf(a.out, "qsched %s\n", cli.Version())
			return err
		},
	}
}
