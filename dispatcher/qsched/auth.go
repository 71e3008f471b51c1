package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/quotasched/quotasched/dispatcher/access"
	"github.com/quotasched/quotasched/internal/words"
)

func newAuthCommand(a *app) *cobra.Command {
	return group("auth", "Check who may do what", newAuthCheckCommand(a))
}

func newAuthCheckCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "check FILE",
		Short: "Check a policy file, and show who may do what",
		Long: `Check a policy file, and show who may do what. It exits with 1 if the file is wrong, and
says on which line.`,
		Args: exactly("FILE"),
		RunE: func(_ *cobra.Command, args []string) error {
			p, err := access.Load(args[0])
			switch {
			case isFileError(err):
				return err
			case err != nil:
				return fmt.Errorf("the check %w:\n%w", errFailed, err)
			}
			return a.policy(args[0], p.Summaries(time.Now()))
		},
	}
}

func (a *app) policy(name string, all []access.Summary) error {
	t := newTable(columns{"identity", "shows", "may", "warnings"})
	for _, s := range all {
		if a.json {
			if err := a.line(map[string]any{"identity": s.Name, "credentials": s.Credentials,
				"roles": s.Roles, "warnings": s.Warnings}); err != nil {
				return err
			}
			continue
		}
		t.AppendRow(cells(s.Name, strings.Join(s.Credentials, ", "), strings.Join(s.Roles, "; "),
			strings.Join(s.Warnings, "; ")))
	}
	if a.json {
		return nil
	}
	if err := a.show(t, "nobody"); err != nil {
		return err
	}
	return a.done("%s is fine: %s", name, identities(len(all)))
}

func identities(n int) string {
	if n == 1 {
		return "1 identity"
	}
	return words.Number(n) + " identities"
}
