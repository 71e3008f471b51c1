package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"connectrpc.com/connect"
	"github.com/spf13/cobra"

	"github.com/quotasched/quotasched/dispatcher/client"
	"github.com/quotasched/quotasched/internal/cli"
	"github.com/quotasched/quotasched/internal/nearest"
	"github.com/quotasched/quotasched/internal/words"
	"github.com/quotasched/quotasched/protos/dispatch"
)

func newTaskCommand(a *app) *cobra.Command {
	return group("task", "Submit, follow and cancel tasks", newTaskSubmitCommand(a),
		newTaskShowCommand(a), newTaskListCommand(a), newTaskCancelCommand(a), newTaskWhyCommand(a),
		newTaskWhenCommand(a), newTaskLogsCommand(a))
}

// idsPerCall is how many tasks one call names at most.
const idsPerCall = 1000

func newTaskShowCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "show POOL ID",
		Short: "Show what is known of a task",
		Args:  exactly("POOL", "ID"),
		RunE: func(c *cobra.Command, args []string) error {
			return a.call(c.Context(), func(ctx context.Context, s *client.Client) error {
				answer, err := s.Tasks.GetTask(ctx, connect.NewRequest(&dispatch.GetTaskRequest{
					Pool: args[0], Id: args[1]}))
				if err != nil {
					return err
				}
				if a.json {
					return a.task(answer.Msg.Task)
				}
				_, err = fmt.Fprint(a.out, taskText(answer.Msg.Task))
				return err
			})
		},
	}
}

// task prints a task as JSON: what its message has, and what scripts ask for most by plain names.
func (a *app) task(t *dispatch.Task) error {
	fields, err := fieldsOf(t)
	if err != nil {
		return err
	}
	fields["state"] = stateName(t.State)
	fields["account"] = t.GetSpec().GetAccountId()
	fields["worker"] = t.GetLease().GetWorker()
	fields["exit_code"] = nil
	if code, exited := t.GetResult().GetOutcome().(*dispatch.Result_ExitCode); exited {
		fields["exit_code"] = code.ExitCode
	}
	return a.line(fields)
}

// stateName is a state as people write it: "WAITING".
func stateName(s dispatch.Task_State) string { return strings.TrimPrefix(s.String(), "STATE_") }

// taskText writes a task for people, a line for each thing that there is to say.
func taskText(t *dispatch.Task) string {
	var b strings.Builder
	line := func(name, format string, args ...any) {
		if text := fmt.Sprintf(format, args...); text != "" {
			fmt.Fprintf(&b, "%-12s%s\n", name, text)
		}
	}
	spec := t.GetSpec()
	line("task", "%s", t.Id)
	state := stateName(t.State)
	if t.Disconnected {
		state += " (disconnected)"
	}
	line("state", "%s since %s", state, timeText(t.ChangeTime))
	line("message", "%s", t.Message)
	line("account", "%s", accountName(spec.GetAccountId()))
	line("submitted", "%s by %s", timeText(t.EnqueueTime), t.Identity)
	line("labels", "%s", strings.Join(spec.GetBaseLabels(), " "))
	line("provision", "%s", strings.Join(spec.GetProvisionableLabels(), " "))
	line("tags", "%s", strings.Join(spec.GetTags(), " "))
	line("key", "%s", spec.GetKey())
	line("command", "%s", strings.Join(spec.GetExec().GetCommand(), " "))
	line("attempts", "%s", attemptsText(t))
	if l := t.Lease; l != nil {
		line("worker", "%s, lease %s, %s", l.Worker, l.Id,
			strings.ToLower(strings.TrimPrefix(l.Phase.String(), "PHASE_")))
	}
	line("result", "%s", resultText(t.Result))
	for i, e := range t.Result.GetEvents() {
		line([]string{"events", ""}[min(i, 1)], "%s", e)
	}
	line("late result", "%s", resultText(t.LateResult))
	return b.String()
}

// attemptsText says how the attempts went.
func attemptsText(t *dispatch.Task) string {
	text := words.Number(t.Attempts)
	for _, one := range []struct {
		n    int32
		what string
	}{{t.Preemptions, "preempted"}, {t.Losses, "lost"}, {t.Failures, "failed"}} {
		if one.n > 0 {
			text += fmt.Sprintf(", %s %s", words.Number(one.n), one.what)
		}
	}
	return text
}

func accountName(id string) string {
	if id == "" {
		return "(free)"
	}
	return id
}

// resultText says how an attempt ended; nothing if there is no result.
func resultText(r *dispatch.Result) string {
	if r == nil {
		return ""
	}
	var parts []string
	switch o := r.Outcome.(type) {
	case *dispatch.Result_ExitCode:
		parts = append(parts, fmt.Sprintf("exit code %d", o.ExitCode))
	case *dispatch.Result_Signal:
		parts = append(parts, "ended by "+o.Signal)
	}
	if r.TimedOut {
		parts = append(parts, "ran into its timeout")
	}
	if r.Ran != nil {
		parts = append(parts, "ran for "+words.Duration(r.Ran.AsDuration()))
	}
	if r.Message != "" {
		parts = append(parts, r.Message)
	}
	return strings.Join(parts, ", ")
}

func newTaskListCommand(a *app) *cobra.Command {
	r := &dispatch.ListTasksRequest{}
	var states []string
	var limit int
	c := &cobra.Command{
		Use:   "list POOL",
		Short: "List tasks in the order of submission",
		Example: `  qsched task list lab --state WAITING --account web
  qsched task list lab --state FAILED --limit 0 --json`,
		Args: exactly("POOL"),
	}
	c.Flags().StringSliceVar(&states, "state", nil, "only tasks in this state, such as WAITING; may "+
		"be said several times")
	c.Flags().StringVar(&r.AccountId, "account", "", "only tasks of this account")
	c.Flags().IntVar(&limit, "limit", 100, "at most so many; 0 for all")
	c.RunE = func(c *cobra.Command, args []string) error {
		for _, text := range states {
			s, err := parseState(text)
			if err != nil {
				return err
			}
			r.States = append(r.States, s)
		}
		if limit < 0 {
			return cli.Usagef("--limit %d is negative", limit)
		}
		r.Pool, r.PageSize = args[0], idsPerCall
		if limit > 0 {
			r.PageSize = int32(min(limit+1, idsPerCall)) // one more tells whether there are more
		}
		return a.call(c.Context(), func(ctx context.Context, s *client.Client) error {
			return a.taskList(ctx, s, r, limit)
		})
	}
	return c
}

func (a *app) taskList(ctx context.Context, s *client.Client, r *dispatch.ListTasksRequest,
	limit int) error {
	t := newTable(columns{"id", "state", "account", ">for", ">attempts", "worker", "result", "labels"})
	n := 0
	for task, err := range s.AllTasks(ctx, r) {
		if err != nil {
			return err
		}
		if n++; limit > 0 && n > limit {
			break
		}
		if a.json {
			if err := a.task(task); err != nil {
				return err
			}
			continue
		}
		t.AppendRow(cells(task.Id, stateName(task.State), accountName(task.GetSpec().GetAccountId()),
			since(task.ChangeTime), task.Attempts, task.GetLease().GetWorker(),
			resultText(task.Result), strings.Join(task.GetSpec().GetBaseLabels(), " ")))
	}
	if !a.json {
		if err := a.show(t, "there is no such task"); err != nil {
			return err
		}
	}
	if limit > 0 && n > limit {
		_, err := fmt.Fprintf(a.err, "there are more than %s; --limit 0 lists all\n", words.Number(limit))
		return err
	}
	return nil
}

// parseState reads a state as people write it.
func parseState(text string) (dispatch.Task_State, error) {
	var names []string
	for n := int32(1); n < int32(len(dispatch.Task_State_name)); n++ {
		names = append(names, stateName(dispatch.Task_State(n)))
	}
	n, known := dispatch.Task_State_value["STATE_"+strings.ToUpper(text)]
	if known && n != 0 {
		return dispatch.Task_State(n), nil
	}
	if like := nearest.Word(text, names); like != "" {
		return 0, cli.Usagef("there is no state %q; was %s meant?", text, like)
	}
	return 0, cli.Usagef("there is no state %q; there are %s", text, strings.Join(names, ", "))
}

func newTaskCancelCommand(a *app) *cobra.Command {
	ch := &change{}
	c := &cobra.Command{
		Use:   "cancel POOL ID …",
		Short: "End tasks that have not ended",
		Example: `  qsched task cancel lab 01K6Z3V5M0A1B2C3D4E5F6G7H8 --reason "wrong branch"
  qsched task list lab --state WAITING --limit 0 --json | jq -r .id | xargs qsched task cancel lab`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) < 2 {
				return cli.Usagef("want POOL and at least one ID")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) > 1+idsPerCall && ch.requestID != "" {
				return cli.Usagef("--request-id is for one call, which has at most %d tasks", idsPerCall)
			}
			return a.call(c.Context(), func(ctx context.Context, s *client.Client) error {
				for ids := args[1:]; len(ids) > 0; ids = ids[min(len(ids), idsPerCall):] {
					r := &dispatch.CancelTasksRequest{Pool: args[0], Ids: ids[:min(len(ids), idsPerCall)],
						Reason: ch.reason, RequestId: ch.requestID}
					answer, err := s.Tasks.CancelTasks(ctx, connect.NewRequest(r))
					if err != nil {
						return err
					}
					for _, t := range answer.Msg.Tasks {
						if err := a.changed(t); err != nil {
							return err
						}
					}
				}
				return nil
			})
		},
	}
	ch.register(c)
	return c
}

// changed prints a task's id and state.
func (a *app) changed(t *dispatch.Task) error {
	if a.json {
		return a.task(t)
	}
	_, err := fmt.Fprintf(a.out, "%s %s\n", t.Id, stateName(t.State))
	return err
}

func newTaskWhyCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "why POOL ID",
		Short: "Say why a task waits, and what would start it",
		Args:  exactly("POOL", "ID"),
		RunE: func(c *cobra.Command, args []string) error {
			return a.call(c.Context(), func(ctx context.Context, s *client.Client) error {
				answer, err := s.View.ExplainTask(ctx, connect.NewRequest(
					&dispatch.ExplainTaskRequest{Pool: args[0], Id: args[1]}))
				if err != nil {
					return err
				}
				if a.json {
					return a.message(answer.Msg)
				}
				_, err = fmt.Fprintln(a.out, strings.TrimRight(answer.Msg.Text, "\n"))
				return err
			})
		},
	}
}

// compact writes JSON without spaces; what is not JSON stays as it is.
func compact(text string) string {
	var value any
	if json.Unmarshal([]byte(text), &value) != nil {
		return text
	}
	out, err := json.Marshal(value)
	if err != nil {
		return text
	}
	return string(out)
}
