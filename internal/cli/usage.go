package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// headingKey is the annotation of a flag that has the heading under which it stands.
const headingKey = "heading"

// AddUnder adds flags that stand under a heading of their own, as they are many and few need them.
func AddUnder(heading string, set *pflag.FlagSet, register func(*pflag.FlagSet)) {
	group := pflag.NewFlagSet(heading, pflag.ContinueOnError)
	group.SortFlags = false
	register(group)
	group.VisitAll(func(flag *pflag.Flag) {
		if HeadingOf(flag) == "" {
			flag.Annotations = map[string][]string{headingKey: {heading}}
		}
		set.AddFlag(flag)
	})
}

// HeadingOf returns the heading of a flag, or nothing if it stands with those that matter most.
func HeadingOf(flag *pflag.Flag) string { return strings.Join(flag.Annotations[headingKey], "") }

// UsageColumns is how wide help is.
const UsageColumns = 100

// showUsage writes what follows the description of a command in its help.
func showUsage(c *cobra.Command, headings []string) error {
	var b strings.Builder
	line := c.UseLine()
	if c.HasAvailableSubCommands() {
		line = c.CommandPath() + " COMMAND"
	}
	fmt.Fprintf(&b, "Usage:\n  %s\n", line)
	if c.HasExample() {
		fmt.Fprintf(&b, "\nExamples:\n%s\n", c.Example)
	}
	if c.HasAvailableSubCommands() {
		b.WriteString("\nCommands:\n")
		for _, sub := range c.Commands() {
			if sub.IsAvailableCommand() || sub.Name() == "help" {
				fmt.Fprintf(&b, "  %-10s  %s\n", sub.Name(), sub.Short)
			}
		}
		fmt.Fprintf(&b, "\n'%s help%s COMMAND' has the flags of a command, and examples.\n",
			c.Root().Name(), strings.TrimPrefix(c.CommandPath(), c.Root().Name()))
	} else {
		for _, heading := range append([]string{""}, headings...) {
			showFlags(&b, c.LocalNonPersistentFlags(), heading)
		}
	}
	if shared := c.Root().PersistentFlags(); shared.HasAvailableFlags() {
		shared.SortFlags = false
		fmt.Fprintf(&b, "\nFlags of all commands:\n%s", shared.FlagUsagesWrapped(UsageColumns))
	}
	_, err := io.WriteString(c.OutOrStderr(), b.String())
	return err
}

// showFlags writes the flags that stand under a heading.
func showFlags(b *strings.Builder, flags *pflag.FlagSet, heading string) {
	group := pflag.NewFlagSet(heading, pflag.ContinueOnError)
	group.SortFlags = false
	flags.SortFlags = false
	flags.VisitAll(func(flag *pflag.Flag) {
		if HeadingOf(flag) == heading {
			group.AddFlag(flag)
		}
	})
	if heading == "" {
		heading = "Flags"
	}
	if group.HasAvailableFlags() {
		fmt.Fprintf(b, "\n%s:\n%s", heading, group.FlagUsagesWrapped(UsageColumns))
	}
}
