package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

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
	}
	if local := c.LocalNonPersistentFlags(); local.HasAvailableFlags() {
		local.SortFlags = false
		fmt.Fprintf(&b, "\nFlags:\n%s", local.FlagUsagesWrapped(usageColumns))
	}
	if shared := c.Root().PersistentFlags(); shared.HasAvailableFlags() {
		shared.SortFlags = false
		fmt.Fprintf(&b, "\nFlags of all commands:\n%s", shared.FlagUsagesWrapped(usageColumns))
	}
	_, err := io.WriteString(c.OutOrStderr(), b.String())
	return err
}
