package main

import (
	"context"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/quotasched/quotasched/dispatcher/client"
	"github.com/quotasched/quotasched/internal/words"
)

func newClusterBackupCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "backup FILE",
		Short: "Write all that the cluster knows to a file, while it serves",
		Long: `Write all that the cluster knows to a file, while it serves: pools with their accounts,
balances, tasks, workers and usage, up to an entry of the log. What was acknowledged before
is in it. Events, journals and what tasks wrote are not: copy the nodes' folders for these.`,
		Example: `  qsched cluster backup lab.backup`,
		Args:    exactly("FILE"),
		RunE: func(c *cobra.Command, args []string) error {
			return a.call(c.Context(), func(ctx context.Context, s *client.Client) error {
				return a.download(args[0], func(w io.Writer) error { return s.Backup(ctx, w) })
			})
		},
	}
}

func newClusterRestoreCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "restore FILE",
		Short: "Let an empty cluster go on from a backup",
		Long: `Let an empty cluster go on from a backup. It is refused if there is any pool, or the file
is damaged, or of rules that a node does not know. Events go on with the numbers that follow.
Tasks that ran when the backup was made run on if their workers come back in time; else
they are lost with their workers, and tried again.`,
		Example: `  qsched cluster restore lab.backup`,
		Args:    exactly("FILE"),
		RunE: func(c *cobra.Command, args []string) error {
			file, err := os.Open(args[0])
			if err != nil {
				return err
			}
			defer file.Close() // it was only read
			return a.call(c.Context(), func(ctx context.Context, s *client.Client) error {
				answer, err := s.Restore(ctx, file)
				if err != nil {
					return err
				}
				if a.json {
					return a.message(answer)
				}
				return a.done("the cluster goes on after entry %s", words.Number(answer.GetIndex()))
			})
		},
	}
}
