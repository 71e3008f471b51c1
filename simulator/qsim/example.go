package main

import (
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/quotasched/quotasched/examples/experiments"
	"github.com/quotasched/quotasched/internal/cli"
)

const exampleHelp = `Print an example experiment, to be changed and run. Without a name, list them.`

const exampleExamples = `  qsim example
  qsim example device-lab > my.yaml
  qsim run my.yaml --html my.html`

// newExampleCommand returns the command `qsim example`.
func newExampleCommand(stdout io.Writer) *cobra.Command {
	return &cobra.Command{
		Use:     "example [NAME]",
		Short:   "Print an example experiment",
		Long:    exampleHelp,
		Example: exampleExamples,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return cli.Usagef("%d names were given, want one at most", len(args))
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			text := exampleList()
			if len(args) == 1 {
				b, err := experiments.Files.ReadFile(strings.TrimSuffix(args[0], ".yaml") + ".yaml")
				if err != nil {
					return cli.Usagef("there is no example %q; there are: %s", args[0],
						strings.Join(exampleNames(), ", "))
				}
				text = string(b)
			}
			if _, err := io.WriteString(stdout, text); err != nil {
				return fmt.Errorf("standard output: %w", cause(err))
			}
			return nil
		},
	}
}

// exampleNames are the examples, in order.
func exampleNames() []string {
	paths, _ := fs.Glob(experiments.Files, "*.yaml") // the pattern is well formed
	for i := range paths {
		paths[i] = strings.TrimSuffix(paths[i], ".yaml")
	}
	slices.Sort(paths) // a name before those that it begins
	return paths
}

// exampleList has a line for each example: its name, and the first sentence of its comment.
func exampleList() string {
	names := exampleNames()
	width := len(slices.MaxFunc(names, func(a, b string) int { return len(a) - len(b) }))
	var b strings.Builder
	for _, name := range names {
		text, _ := experiments.Files.ReadFile(name + ".yaml") // it is embedded
		fmt.Fprintf(&b, "%-*s  %s\n", width, name, firstSentence(string(text)))
	}
	return b.String()
}

// firstSentence returns the first sentence of the comment at the top of a file.
func firstSentence(text string) string {
	var words []string
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "#") {
			break
		}
		words = append(words, strings.Fields(strings.TrimPrefix(line, "#"))...)
	}
	for i, word := range words {
		if strings.HasSuffix(word, ".") || strings.HasSuffix(word, ":") {
			words = words[:i+1]
			break
		}
	}
	return strings.TrimRight(strings.Join(words, " "), ".:")
}
