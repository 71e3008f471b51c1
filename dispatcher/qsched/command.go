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
  qsched worker list lab
  qsched usage lab --since 30d`

func init() {
	cobra.EnableCommandSorting = false // they are in the order in which one needs them
}

// execute runs the command line and returns the exit code.
func execute(ctx context.Context, args []string, std streams) int {
	root := newRoot(std)
	root.SetArgs(args)
	command, err := root.ExecuteContextC(ctx)
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errFailed):
		if err != errFailed { //nolint: the bare one was already explained
			fmt.Fprintf(std.err, "qsched: %v\n", err)
		}
		return exitFailed
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		fmt.Fprintln(std.err, "qsched: interrupted")
		return exitInterrupted
	}
	fmt.Fprintf(std.err, "qsched: %s\n", explained(err))
	if errors.As(err, new(*usageError)) {
		fmt.Fprintf(std.err, "qsched: '%s --help' has all flags and examples\n",
			command.CommandPath())
	}
	return exitNotDone
}

// newRoot returns the command with all of its commands.
func newRoot(std streams) *cobra.Command {
	root := &cobra.Command{
		Use:           "qsched",
		Short:         "Serve pools of workers that are shared by quotas, and use them",
		Long:          longHelp,
		Example:       rootExamples,
		Args:          noArgs,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	at := &connection{}
	at.register(root.PersistentFlags())
	app := &app{streams: std, connection: at}
	root.AddCommand(newServerCommand(app), newAgentCommand(app), newShimCommand(),
		newDemoCommand(app), newPoolCommand(app), newAccountCommand(app), newTaskCommand(app),
		newWorkerCommand(app), newEventsCommand(app),
		newUsageCommand(app), newClusterCommand(app), newAuthCommand(app), newCertCommand(app),
		newVersionCommand(app))
	root.SetUsageFunc(showUsage)
	root.SuggestionsMinimumDistance = 2
	root.Version = version()
	root.SetVersionTemplate("qsched {{.Version}}\n")
	root.SetHelpCommand(newHelpCommand(root))
	root.SetFlagErrorFunc(flagError)
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
	return &usageError{err}
}

// exactly wants arguments of these names.
func exactly(names ...string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		switch {
		case len(args) < len(names):
			return usagef("%s is missing", strings.Join(names[len(args):], " and "))
		case len(args) > len(names):
			return usagef("%q is too much: want %s", args[len(names)], strings.Join(names, " "))
		}
		return nil
	}
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

// group returns a command that has only commands below it.
func group(use, short string, commands ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{Use: use, Short: short, Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() }}
	c.AddCommand(commands...)
	return c
}

// newHelpCommand returns the command `qsched help`, which fails if there is nothing of that name.
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
			if c == nil {
				c = root
			}
			name := strings.Join(args, " ")
			if like := commandLike(c, args[len(args)-1]); like != "" {
				return usagef("there is no command %q; was '%s %s' meant?", name, c.CommandPath(), like)
			}
			return usagef("there is no command %q; there are: %s", name,
				strings.Join(commandNames(c), ", "))
		},
	}
}

func newVersionCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  noArgs,
		RunE: func(*cobra.Command, []string) error {
			if a.json {
				return a.line(map[string]string{"version": version()})
			}
			_, err := fmt.Fprintf(a.out, "qsched %s\n", version())
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
