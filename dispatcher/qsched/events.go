package main

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/quotasched/quotasched/dispatcher/client"
	"github.com/quotasched/quotasched/internal/cli"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/protos/dispatch"
)

func newEventsCommand(a *app) *cobra.Command {
	r := &dispatch.FollowEventsRequest{}
	var from string
	c := &cobra.Command{
		Use:   "events POOL",
		Short: "Print what happened in a pool, in order",
		Long: `Print what happened in a pool, in order, each event with its number: the entry of the
log that brought it, a point, and which of that entry's events it is. --from goes on from
any number, on any node, and after any restart. An empty POOL ("") stands for the cluster.`,
		Example: `  qsched events lab
  qsched events lab --from 1204.0 --follow --json`,
		Args: exactly("POOL"),
		RunE: func(c *cobra.Command, args []string) (err error) {
			r.Pool = args[0]
			if r.After, err = before(from); err != nil {
				return err
			}
			return a.call(c.Context(), func(ctx context.Context, s *client.Client) error {
				for e, err := range s.Follow(ctx, r) {
					if err != nil {
						return err
					}
					if err := a.event(e); err != nil {
						return err
					}
				}
				return nil
			})
		},
	}
	c.Flags().StringVar(&from, "from", "", "number to begin with, such as 1204 or 1204.3 (default "+
		"the "+
		"oldest that there is)")
	c.Flags().BoolVarP(&r.Follow, "follow", "f", false, "go on with what will happen")
	return c
}

// before returns the position just before the one that a text names.
func before(text string) (*dispatch.Position, error) {
	if text == "" {
		return nil, nil
	}
	first, second, hasN := strings.Cut(text, ".")
	index, err := strconv.ParseUint(first, 10, 64)
	n := uint64(0)
	if err == nil && hasN {
		n, err = strconv.ParseUint(second, 10, 32)
	}
	switch {
	case err != nil:
		return nil, cli.Usagef("--from %q is not the number of an event, such as 1204 or 1204.3", text)
	case n > 0:
		return &dispatch.Position{Index: index, N: uint32(n) - 1}, nil
	case index == 0:
		return nil, nil
	}
	return &dispatch.Position{Index: index - 1, N: math.MaxUint32}, nil
}

// event prints an event.
func (a *app) event(e *dispatch.Event) error {
	if a.json {
		return a.message(e)
	}
	_, err := fmt.Fprintf(a.out, "%-10s %s  %s\n", fmt.Sprintf("%d.%d", e.Position.GetIndex(),
		e.Position.GetN()), timeText(e.Time), eventText(e))
	return err
}

// eventText writes what happened on one line.
func eventText(e *dispatch.Event) string {
	switch k := e.Kind.(type) {
	case *dispatch.Event_Task:
		return taskChangeText(k.Task)
	case *dispatch.Event_Scheduler:
		return schedulerEventText(k.Scheduler)
	case *dispatch.Event_Change:
		return changeText(k.Change)
	case *dispatch.Event_Worker:
		return joined("worker "+k.Worker.Worker,
			strings.ToLower(strings.TrimPrefix(k.Worker.Kind.String(), "KIND_")), k.Worker.Message)
	case *dispatch.Event_Failure:
		first, _, _ := strings.Cut(k.Failure.Text, "\n")
		return "the pool FAILED: " + first
	}
	text, err := protojson.Marshal(e)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// joined puts the texts that are not empty beside each other.
func joined(texts ...string) string {
	var all []string
	for _, t := range texts {
		if t != "" {
			all = append(all, t)
		}
	}
	return strings.Join(all, " ")
}

// with is a text with a word before it; empty if the text is.
func with(word, text string) string {
	if text == "" {
		return ""
	}
	return word + " " + text
}

func taskChangeText(t *dispatch.TaskChange) string {
	change := stateName(t.To)
	if t.From != dispatch.Task_STATE_UNSPECIFIED {
		change = stateName(t.From) + " → " + change
	}
	return joined("task "+t.Id, change, with("of", t.AccountId), with("on", t.Worker),
		resultText(t.Result), t.Message)
}

func schedulerEventText(e *protos.TaskEvent) string {
	kind := strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(e.Type.String(), "TYPE_"), "_", " "))
	detail := ""
	switch d := e.Details.(type) {
	case *protos.TaskEvent_Assigned_:
		detail = "at " + levelText(d.Assigned.Priority)
		if d.Assigned.Preempting {
			detail += ", in place of " + d.Assigned.PreemptedRequestId
		}
	case *protos.TaskEvent_Reprioritized_:
		detail = "from " + levelText(d.Reprioritized.OldPriority) + " to " +
			levelText(d.Reprioritized.NewPriority)
	}
	return joined("scheduler", kind, e.RequestId, with("of", e.AccountId), with("on", e.WorkerId),
		detail)
}

func changeText(c *dispatch.Change) string {
	text := joined(c.Identity+":", c.Method, c.Subject)
	if c.Reason != "" {
		text += fmt.Sprintf(" (%s)", c.Reason)
	}
	if c.Refusal != "" {
		return text + " refused: " + c.Refusal
	}
	if c.Before != "" || c.After != "" {
		text += " " + joined(compact(c.Before), "→", compact(c.After))
	}
	return text
}
