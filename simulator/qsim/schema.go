package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/quotasched/quotasched/simulator/experiment"
)

const schemaHelp = `Print the JSON Schema (draft 2020-12) of experiment files. Editors use it to
complete and check a file that begins with a line such as

  # yaml-language-server: $schema=experiment.schema.json`

// newSchemaCommand returns the command `qsim schema`.
func newSchemaCommand(stdout io.Writer) *cobra.Command {
	return &cobra.Command{
		Use:     "schema",
		Short:   "Print the JSON Schema of experiment files",
		Long:    schemaHelp,
		Example: "  qsim schema > experiment.schema.json",
		Args:    noArgs,
		RunE: func(*cobra.Command, []string) error {
			if _, err := stdout.Write(experiment.Schema()); err != nil {
				return fmt.Errorf("standard output: %w", cause(err))
			}
			return nil
		},
	}
}
