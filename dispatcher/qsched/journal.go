package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/quotasched/quotasched/dispatcher/client"
	"github.com/quotasched/quotasched/dispatcher/internal/durable"
	"github.com/quotasched/quotasched/internal/cli"
)

func newJournalCommand(a *app) *cobra.Command {
	return group("journal", "Get what pools were told, and what came of it",
		newJournalExportCommand(a))
}

func newJournalExportCommand(a *app) *cobra.Command {
	var out string
	c := &cobra.Command{
		Use:   "export POOL -o FILE",
		Short: "Get the journal of a pool, for qsim",
		Long: `Get the journal of a pool, as the server that is asked has kept it: the pool at some time,
all that it was told since, and hashes of what came of it. It is compressed with Zstandard.
'qsim replay' runs it again and compares, 'qsim plan' says what other quotas would have
changed, 'qsim forecast' when tasks will start.`,
		Example: `  qsched journal export lab -o lab.qsj.zst && qsim replay lab.qsj.zst`,
		Args:    exactly("POOL"),
		RunE: func(c *cobra.Command, args []string) error {
			if out == "" {
				return cli.Usagef("--output names no file")
			}
			return a.call(c.Context(), func(ctx context.Context, s *client.Client) error {
				return a.download(out, func(w io.Writer) error {
					return s.ExportJournal(ctx, args[0], w)
				})
			})
		},
	}
	c.Flags().StringVarP(&out, "output", "o", "", "`FILE` to write; - is standard output")
	return c
}

// download writes a file that appears only when it is whole.
func (a *app) download(path string, write func(io.Writer) error) error {
	if path == "-" {
		return write(a.out)
	}
	if err := durable.Write(path, write); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return a.done("written to %s", path)
}
