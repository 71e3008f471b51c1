package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Flags that are many and that few need stand under headings of their own.
const (
	logGroup = "Flags for a log"
	csvGroup = "Flags for a log that is a CSV file"
)

// groupKey is the annotation of a flag that has the heading under which it stands.
const groupKey = "qsim_group"

// addGroup adds flags that stand under a heading of their own.
func addGroup(set *pflag.FlagSet, heading string, register func(*pflag.FlagSet)) {
	group := pflag.NewFlagSet(heading, pflag.ContinueOnError)
	group.SortFlags = false
	register(group)
	group.VisitAll(func(flag *pflag.Flag) {
		if groupOf(flag) == "" {
			flag.Annotations = map[string][]string{groupKey: {heading}}
		}
		set.AddFlag(flag)
	})
}

// groupOf returns the heading of a flag, or nothing if it stands with those that matter most.
func groupOf(flag *pflag.Flag) string {
	return strings.Join(flag.Annotations[groupKey], "")
}

// usageColumns is how wide the help is.
const usageColumns = 100

// showUsage writes what follows the description of a command in its help.
func showUsage(c *cobra.Command) error {
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
		return writeUsage(c, &b)
	}
	for _, heading := range []string{"", logGroup, csvGroup} {
		group := pflag.NewFlagSet(heading, pflag.ContinueOnError)
		group.SortFlags = false
		c.Flags().VisitAll(func(flag *pflag.Flag) {
			if groupOf(flag) == heading {
				group.AddFlag(flag)
			}
		})
		if heading == "" {
			heading = "Flags"
		}
		if group.HasAvailableFlags() {
			fmt.Fprintf(&b, "\n%s:\n%s", heading, group.FlagUsagesWrapped(usageColumns))
		}
	}
	return writeUsage(c, &b)
}

func writeUsage(c *cobra.Command, b *strings.Builder) error {
	_, err := io.WriteString(c.OutOrStderr(), b.String())
	return err
}
