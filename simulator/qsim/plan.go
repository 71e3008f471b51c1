package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/quotasched/quotasched/internal/cli"
	"github.com/quotasched/quotasched/internal/words"
	"github.com/quotasched/quotasched/plan"
	"github.com/quotasched/quotasched/replay"
	"github.com/quotasched/quotasched/simulator/internal/report"
	"github.com/quotasched/quotasched/simulator/recorded"
)

// errHarm is a plan with broken thresholds.
var errHarm = errors.New("the new policy does too much harm")

const planHelp = `Say what other quotas would change: run what a journal has recorded through
the real scheduler and reconciler again, under an old policy and under a new one, and
compare what becomes of each account. Requests come, and tasks run for as long, as they
did. Without OLD.yaml, the old policy is what was recorded.

A policy file is a policy alone, with the fields of one of an experiment's policies,
or an experiment, of which --policy names one.

With --threshold it is a gate: METRIC=LIMIT for every account by itself,
METRIC@ACCOUNT=LIMIT for one, METRIC@*=LIMIT for all requests together. A limit is a
change for the worse: +20%% of the old figure, +60s for a time, +5 for a number, or
two of these with a comma in between, beyond both of which it must go. The metrics:
%s
Exit codes: 0 no harm; 1 a threshold is broken; 2 the input or the command line was
wrong; 130 interrupted.`

const planExamples = `  qsim record --only quota -o lab.qsj           a journal to plan with
  qsim plan --journal lab.qsj old.yaml new.yaml
  qsim plan --journal lab.qsj new.yaml          against what was recorded
  qsim plan --journal lab.qsj --old-policy fair --new-policy quota lab.yaml lab.yaml
  qsim plan --journal lab.qsj new.yaml --threshold wait_p95=+20%,+60s \
      --threshold 'lost@fuzz=+1h' --json plan.json`

// metricsHelp lists the metrics.
func metricsHelp() string {
	var b strings.Builder
	for _, m := range plan.Metrics() {
		fmt.Fprintf(&b, "  %-21s %s\n", m.Name, m.About)
	}
	return b.String()
}

// planFlags are the flags of `qsim plan`.
type planFlags struct {
	planOutputs
	journal                      journalFile
	from                         replay.Point // where the plan begins
	policy, oldPolicy, newPolicy string
	old, new                     string // the files; old may be empty
}

// planOutputs are the flags of all commands that make plans.
type planOutputs struct {
	thresholds []string
	html, json string
	format     textFormat
	top        int
	progress   progressFlag
}

func (f *planOutputs) register(set *pflag.FlagSet) {
	set.StringArrayVar(&f.thresholds, "threshold", nil, "a `METRIC=LIMIT` that must not be broken, "+
		"such as wait_p95=+20%,+60s; once for each")
	set.StringVar(&f.html, "html", "", "also write a `file` with pictures, for a browser")
	set.StringVar(&f.json, "json", "", "also write the plan to a `file`; - is standard output, "+
		"without the tables")
	f.format.register(set)
	set.IntVar(&f.top, "top", 20, "accounts with rows of their own, those that are harmed most; 0 "+
		"shows all")
}

// newPlanCommand returns the command `qsim plan`.
func newPlanCommand(stdout, stderr io.Writer) *cobra.Command {
	var f planFlags
	c := &cobra.Command{
		Use:     "plan --journal FILE [OLD.yaml] NEW.yaml",
		Short:   "Say what other quotas would change for whom",
		Long:    fmt.Sprintf(planHelp, metricsHelp()),
		Example: planExamples,
		Args: func(_ *cobra.Command, args []string) error {
			switch len(args) {
			case 1:
				f.new = args[0]
			case 2:
				f.old, f.new = args[0], args[1]
			default:
				return cli.Usagef("want NEW.yaml, or OLD.yaml and NEW.yaml")
			}
			return nil
		},
		RunE: func(c *cobra.Command, _ []string) error {
			if f.journal.path == "" {
				return cli.Usagef("--journal names no file")
			}
			return makePlan(c.Context(), &f, stdout, stderr)
		},
	}
	set := c.Flags()
	set.SortFlags = false
	set.StringVar(&f.journal.path, "journal", "", "`FILE` that qsim record has written")
	set.StringVar(&f.policy, "policy", "", "`name` of the policy in both files, where they are "+
		"experiments with several")
	set.StringVar(&f.oldPolicy, "old-policy", "", "`name` of the policy in OLD.yaml")
	set.StringVar(&f.newPolicy, "new-policy", "", "`name` of the policy in NEW.yaml")
	f.planOutputs.register(set)
	f.progress = "auto"
	set.Var(&f.progress, "progress", "a bar on stderr; auto: if that is a terminal")
	return c
}

// makePlan reads a journal and the policies, makes the plan, and writes it.
func makePlan(ctx context.Context, f *planFlags, stdout, stderr io.Writer) error {
	thresholds, err := f.parse()
	if err != nil {
		return err
	}
	var old *recorded.Policy
	if f.old != "" {
		if old, err = readPolicy(policyChoice{f.old, cmp.Or(f.oldPolicy, f.policy)}); err != nil {
			return err
		}
	}
	next, err := readPolicy(policyChoice{f.new, cmp.Or(f.newPolicy, f.policy)})
	if err != nil {
		return err
	}
	bar := newProgressBar(f.progress, stderr)
	defer bar.close()
	f.journal.bar, f.journal.doing = bar, "reading"
	r, err := readRecorded(ctx, f.journal, f.from)
	if err != nil {
		return err
	}
	in, err := r.Input(old, next)
	if err != nil {
		return err
	}
	in.Thresholds = thresholds
	if bar != nil {
		in.Progress = bar.follow(in)
	}
	p, err := plan.Make(ctx, in)
	bar.close() // before anything is printed
	switch {
	case ctx.Err() != nil:
		return errStopped
	case errors.Is(err, plan.ErrNothing):
		return fmt.Errorf("%s: %w", f.journal.path, err)
	case err != nil:
		return err
	}
	return f.write(ctx, p, r.Notes, stdout)
}

// parse reads the thresholds and checks the other flags.
func (f *planOutputs) parse() ([]plan.Threshold, error) {
	if f.top < 0 {
		return nil, cli.Usagef("--top %d is negative", f.top)
	}
	var list []plan.Threshold
	for _, text := range f.thresholds {
		t, err := plan.ParseThreshold(text)
		if err != nil {
			return nil, cli.Usagef("--threshold: %w", err)
		}
		list = append(list, t)
	}
	return list, nil
}

// write writes a plan, and returns an error if it breaks a threshold.
func (f *planOutputs) write(ctx context.Context, p *plan.Plan, notes []string,
	stdout io.Writer) error {
	var errs []error
	if f.json != "" {
		errs = append(errs, writeWhole(ctx, f.json, stdout, func(w io.Writer) error {
			return writeJSON(w, p)
		}))
	}
	if f.html != "" {
		errs = append(errs, writeWhole(ctx, f.html, stdout, func(w io.Writer) error {
			return report.PlanHTML(w, p, notes, report.HTMLOptions{Top: f.top,
				Program: "qsim " + cli.Version()})
		}))
	}
	if f.json != report.Stdout && f.html != report.Stdout {
		write := plan.Text
		if f.format == formatMarkdown {
			write = plan.Markdown
		}
		text := write(p, plan.TextOptions{Top: f.top, Notes: notes})
		if _, err := io.WriteString(stdout, text); err != nil {
			errs = append(errs, fmt.Errorf("standard output: %w", cause(err)))
		}
	}
	if n := len(p.Broken); n > 0 && errors.Join(errs...) == nil {
		return fmt.Errorf("%w: %s", errHarm, words.Count(n, "broken threshold"))
	}
	return errors.Join(errs...)
}

// writeJSON writes a value as JSON for people and programs.
func writeJSON(w io.Writer, value any) error {
	text, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return err
	}
	_, err = w.Write(append(text, '\n'))
	return err
}

// follow shows how far a plan has come.
func (p *progressBar) follow(in *plan.Input) func(int, time.Time) {
	const every = 1024 // happenings
	count := 0
	span := int64(in.History.End.Sub(in.History.Begin).Seconds())
	return func(forks int, at time.Time) {
		if count++; count%every != 0 {
			return
		}
		done := int64(at.Sub(in.History.Begin).Seconds())
		p.moved(fmt.Sprintf("run %d of 2", forks+1), done, span)
	}
}
