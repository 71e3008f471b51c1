package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/quotasched/quotasched/explain"
	"github.com/quotasched/quotasched/internal/cli"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/replay"
	"github.com/quotasched/quotasched/scheduler"
	"github.com/quotasched/quotasched/simulator/internal/report"
)

const explainHelp = `Say why requests of a pool are where they are. The pool is a snapshot, or
that of a journal at its end or at a point.

For a request that waits: whether the next pass starts it, what keeps it from starting
if not, gate by gate and in numbers, and the smallest changes with which it would start.
For one that runs: what it has cost, and what would move it or take its worker. Without
REQUEST, say of all that wait what the first thing is that keeps them, by account.

"The next pass" is one at the pool's own time, with nothing changed in between.`

const explainExamples = `  qsim explain wednesday.pb                     what keeps all that wait
  qsim explain wednesday.pb fuzz-00017          why this one waits, and what would help
  qsim explain lab.qsj.zst --at 2026-01-07T12:00 fuzz-00017
  qsim explain wednesday.pb fuzz-00017 --json why.json`

// explainFlags are the flags of `qsim explain`.
type explainFlags struct {
	at     pointFlag
	format explainFormat
	json   string
}

// explainFormat is how an explanation is written.
type explainFormat string

func (f *explainFormat) String() string { return string(*f) }

func (f *explainFormat) Type() string { return "text|proto" }

func (f *explainFormat) Set(s string) error {
	switch s {
	case "text", "proto":
		*f = explainFormat(s)
		return nil
	}
	return fmt.Errorf("want text or proto")
}

// newExplainCommand returns the command `qsim explain`.
func newExplainCommand(stdout io.Writer) *cobra.Command {
	f := explainFlags{format: "text"}
	c := &cobra.Command{
		Use:     "explain SNAPSHOT|JOURNAL [REQUEST...]",
		Short:   "Say why requests wait, and what would start them",
		Long:    explainHelp,
		Example: explainExamples,
		Args: func(_ *cobra.Command, args []string) error {
			switch {
			case len(args) == 0:
				return cli.Usagef("want SNAPSHOT or JOURNAL")
			case f.format == "proto" && len(args) != 2:
				return cli.Usagef("--format proto is for one REQUEST")
			case f.json != "" && len(args) == 1:
				return cli.Usagef("--json is for requests that are named")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			return f.explain(c.Context(), args[0], args[1:], stdout)
		},
	}
	set := c.Flags()
	set.SortFlags = false
	set.Var(&f.at, "at", "of a journal, the pool after so many operations, or before the first one "+
		"that is later than a time such as 2026-01-05T12:00 (UTC, or with a zone)")
	set.Var(&f.format, "format", "how it is written; proto is a protos.Explanation")
	set.StringVar(&f.json, "json", "", "also write the explanations to a `file`, as JSON of one "+
		"protos.Explanation after the other; - is standard output, without the text")
	return c
}

// explain loads the pool, and explains the requests, or all that wait.
func (f *explainFlags) explain(ctx context.Context, path string, requests []string,
	stdout io.Writer) error {
	loaded, err := loadPool(ctx, path, replay.Options{Until: replay.Point(f.at)})
	if err != nil {
		return err
	}
	s := loaded.Pool.Scheduler()
	if len(requests) == 0 {
		return f.explainAll(ctx, s, stdout)
	}
	var out, inJSON strings.Builder
	for i, id := range requests {
		e, err := s.Explain(scheduler.RequestID(id))
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		if i > 0 && f.format == "text" {
			out.WriteString("\n")
		}
		if err := f.write(&out, &inJSON, e); err != nil {
			return err
		}
	}
	if f.json != "" {
		err := writeWhole(ctx, f.json, stdout, func(w io.Writer) error {
			_, err := io.WriteString(w, inJSON.String())
			return err
		})
		if err != nil || f.json == report.Stdout {
			return err
		}
	}
	if _, err := io.WriteString(stdout, out.String()); err != nil {
		return fmt.Errorf("standard output: %w", cause(err))
	}
	return nil
}

// explainAll says what keeps all requests that wait.
func (f *explainFlags) explainAll(ctx context.Context, s *scheduler.Scheduler,
	stdout io.Writer) error {
	var waiting []scheduler.RequestID
	for r := range s.Waiting() {
		waiting = append(waiting, r.ID)
	}
	var reasons report.Reasons
	for _, id := range waiting {
		if ctx.Err() != nil {
			return errStopped
		}
		e, err := s.Explain(id)
		if err != nil {
			return err
		}
		reasons.Add(e)
	}
	if err := reasons.Write(stdout); err != nil {
		return fmt.Errorf("standard output: %w", cause(err))
	}
	return nil
}

// write writes one explanation, and again as JSON.
func (f *explainFlags) write(out, inJSON *strings.Builder, e *protos.Explanation) error {
	explain.Describe(e)
	text, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(e)
	if err != nil {
		return err
	}
	if err := writeIndented(inJSON, text); err != nil {
		return err
	}
	if f.format == "proto" {
		b, err := proto.MarshalOptions{Deterministic: true}.Marshal(e)
		out.Write(b)
		return err
	}
	out.WriteString(explain.Text(e))
	return nil
}
