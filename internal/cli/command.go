// Package cli is what the project's commands have in common: mistakes on the command line that
// say what was probably meant, the layout of help, and the version.
package cli

import (
	"errors"
	"fmt"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/quotasched/quotasched/internal/nearest"
)

// UsageError is a mistake on the command line.
type UsageError struct{ error }

// Unwrap returns what is wrong.
func (e *UsageError) Unwrap() error { return e.error }

// Usagef returns a UsageError.
func Usagef(format string, args ...any) error {
	return &UsageError{fmt.Errorf(format, args...)}
}

// Commands are in the order in which one needs them. It is said here, once, as commands of tests
// run side by side.
func init() { cobra.EnableCommandSorting = false }

// Prepare gives a root command what all have: help of this layout, with flags under these headings
// in this order after those without one, a version, and suggestions.
func Prepare(root *cobra.Command, headings ...string) {
	root.SilenceErrors, root.SilenceUsage = true, true
	root.RunE = func(c *cobra.Command, _ []string) error { return c.Help() }
	root.SetUsageFunc(func(c *cobra.Command) error { return showUsage(c, headings) })
	root.SuggestionsMinimumDistance = 2
	root.Version = Version()
	root.SetVersionTemplate(root.Name() + " {{.Version}}\n")
	root.SetHelpCommand(newHelp(root))
	root.SetFlagErrorFunc(flagError)
}

// NoArgs refuses arguments.
func NoArgs(c *cobra.Command, args []string) error {
	err := cobra.NoArgs(c, args)
	if err == nil {
		return nil
	}
	if like := likely(c, args[0]); like != "" {
		return Usagef("%w; was '%s %s' meant?", err, c.CommandPath(), like)
	}
	return &UsageError{err}
}

// likely returns the command of c that a mistyped one was probably meant to be, or "".
func likely(c *cobra.Command, name string) string {
	if like := c.SuggestionsFor(name); len(like) > 0 {
		return like[0]
	}
	return nearest.Word(name, names(c))
}

// names are the names of the commands of c.
func names(c *cobra.Command) []string {
	var all []string
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() {
			all = append(all, sub.Name())
		}
	}
	return all
}

// flagError is a mistake in a flag. Of an unknown one it says which was probably meant.
func flagError(c *cobra.Command, err error) error {
	unknown, ok := errors.AsType[*pflag.NotExistError](err)
	if !ok {
		return &UsageError{err}
	}
	var all []string
	c.Flags().VisitAll(func(flag *pflag.Flag) { all = append(all, flag.Name) })
	if like := nearest.Word(unknown.GetSpecifiedName(), all); like != "" {
		return Usagef("%w; was --%s meant?", err, like)
	}
	return &UsageError{err}
}

// newHelp returns the command `help`, which fails if there is nothing of that name.
func newHelp(root *cobra.Command) *cobra.Command {
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
			if like := likely(c, args[len(args)-1]); like != "" {
				return Usagef("there is no command %q; was '%s %s' meant?", name, c.CommandPath(), like)
			}
			return Usagef("there is no command %q; there are: %s", name, strings.Join(names(c), ", "))
		},
	}
}

// Version is what the Go tool knows about this build.
func Version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(unknown version)"
	}
	return fmt.Sprintf("%s, %s", info.Main.Version, info.GoVersion)
}
