package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"connectrpc.com/connect"
	"github.com/spf13/cobra"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/quotasched/quotasched/dispatcher/client"
	"github.com/quotasched/quotasched/internal/cli"
	"github.com/quotasched/quotasched/internal/words"
	"github.com/quotasched/quotasched/protos/dispatch"
)

const (
	// batchBytes is when a batch of tasks is sent although more of them would fit.
	batchBytes = 1 << 20
	// lineBytesMax bounds a task that is written as a line.
	lineBytesMax = 1 << 20
)

// taskFlags say what a task is.
type taskFlags struct {
	spec           dispatch.TaskSpec
	environment    []string
	directory      string
	user           string
	cpu            string
	memory         int64
	processes      int64
	payload        string
	onDisconnect   string
	grace, timeout time.Duration

	from      string
	wait      bool
	requestID string
}

func newTaskSubmitCommand(a *app) *cobra.Command {
	f := &taskFlags{}
	c := &cobra.Command{
		Use:   "submit POOL [flags] -- COMMAND [ARG …]",
		Short: "Submit a task, or many of them; prints the ids",
		Long: `Submit a task, or, with --from, one for each line of a file, which is JSON of a
TaskSpec. The ids are printed in the order of the tasks. Up to 1,000 lines are submitted
at once, all of them or none.

With --wait it goes on until all tasks have ended, and exits with 1 if one did not
succeed. Interrupting it does not cancel the tasks.`,
		Example: `  qsched task submit lab --account web --label model:oak -- make test
  qsched task submit lab --account web --provisionable os:build-7 --wait -- ./run.sh
  echo '{"account_id": "web", "exec": {"command": ["true"]}}' | qsched task submit lab --from -`,
		Args: func(c *cobra.Command, args []string) error {
			dash := c.ArgsLenAtDash()
			switch {
			case len(args) == 0 || dash == 0:
				return cli.Usagef("POOL is missing")
			case len(args) > 1 && dash < 0 || dash > 1:
				return cli.Usagef("the task's command stands behind --, as in: qsched task submit %s -- %s",
					args[0], strings.Join(args[1:], " "))
			}
			return nil
		},
	}
	f.register(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		tasks, err := f.tasks(c, args[1:], a.in)
		if err != nil {
			return err
		}
		defer tasks.close()
		return a.call(c.Context(), func(ctx context.Context, s *client.Client) error {
			ids, err := a.submitAll(ctx, s, args[0], f.requestID, tasks)
			if err != nil || !f.wait {
				return err
			}
			return a.awaitAll(ctx, s, args[0], ids)
		})
	}
	return c
}

func (f *taskFlags) register(c *cobra.Command) {
	flags := c.Flags()
	flags.SortFlags = false
	flags.StringVar(&f.spec.AccountId, "account", "", "the `ACCOUNT` that pays; none for a free task")
	flags.StringArrayVar(&f.spec.BaseLabels, "label", nil,
		"`LABEL` that the worker must have; may be "+
			"said several times")
	flags.StringArrayVar(&f.spec.ProvisionableLabels, "provisionable", nil, "`LABEL` that the worker "+
		"can be given")
	flags.StringArrayVar(&f.spec.Tags, "tag", nil, "`TAG`, for people and events")
	flags.StringVar(&f.spec.Key, "key", "", "submit it once: a known task of this key is that task")
	durationVar(flags, &f.timeout, "timeout", 0, "how long an attempt may run (default without end)")
	flags.StringVar(&f.spec.StopSignal, "stop-signal", "",
		"signal that asks it to stop (default SIGTERM)")
	durationVar(flags, &f.grace, "grace", 0, "how long it may take to stop: at most 5m (default 30s)")
	flags.Int32Var(&f.spec.MaxAttempts, "max-attempts", 0, "attempts that may be lost with their "+
		"worker (default 3)")
	flags.Int32Var(&f.spec.RetryOnFailure, "retry-on-failure", 0,
		"how often it is tried again if it fails")
	flags.StringVar(&f.onDisconnect, "on-disconnect", "stop", "stop or continue when its worker "+
		"falls silent")
	flags.StringArrayVar(&f.environment, "env", nil, "`NAME=VALUE` of its environment")
	flags.StringVar(&f.directory, "dir", "", "its working directory (default a fresh one)")
	flags.StringVar(&f.user, "user", "", "the user that runs it (default the agent's)")
	flags.StringVar(&f.cpu, "cpu", "", "processors that it may use, such as 1.5")
	flags.Int64Var(&f.memory, "memory-bytes", 0, "bytes of memory that it may use")
	flags.Int64Var(&f.processes, "processes", 0, "processes and threads that it may have")
	flags.StringVar(&f.payload, "payload-file", "", "`FILE` with an opaque payload in place of a "+
		"command")
	flags.StringVar(&f.from, "from", "", "`FILE` with a TaskSpec in JSON on each line; - for "+
		"standard input")
	flags.BoolVar(&f.wait, "wait", false, "go on until it has ended, and exit with 1 if it did not "+
		"succeed")
	flags.StringVar(&f.requestID, "request-id", "", "repeat a submission of which it is not known "+
		"whether it was made")
}

// tasks returns where the tasks come from.
func (f *taskFlags) tasks(c *cobra.Command, command []string, in io.Reader) (*taskLines, error) {
	if f.from == "" {
		spec, err := f.single(command)
		return &taskLines{single: spec}, err
	}
	var wrong error
	for _, name := range []string{"account", "label", "provisionable", "tag", "key", "timeout",
		"grace",
		"stop-signal", "max-attempts", "retry-on-failure", "on-disconnect", "env", "dir", "user", "cpu",
		"memory-bytes", "processes", "payload-file"} {
		if c.Flags().Changed(name) {
			wrong = errors.Join(wrong, cli.Usagef("--%s is for one task; those of --from say it themselves",
				name))
		}
	}
	if len(command) > 0 {
		wrong = errors.Join(wrong,
			cli.Usagef("a command is for one task; those of --from say it themselves"))
	}
	if wrong != nil {
		return nil, wrong
	}
	name, file := "standard input", io.NopCloser(in)
	if f.from != "-" {
		opened, err := os.Open(f.from)
		if err != nil {
			return nil, err
		}
		name, file = f.from, opened
	}
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, lineBytesMax)
	return &taskLines{name: name, file: file, lines: lines}, nil
}

// single returns the task that flags and a command say.
func (f *taskFlags) single(command []string) (*dispatch.TaskSpec, error) {
	spec := proto.CloneOf(&f.spec)
	if f.timeout != 0 {
		spec.Timeout = durationpb.New(f.timeout)
	}
	if f.grace != 0 {
		spec.Grace = durationpb.New(f.grace)
	}
	switch f.onDisconnect {
	case "stop":
	case "continue":
		spec.OnDisconnect = dispatch.TaskSpec_ON_DISCONNECT_CONTINUE
	default:
		return nil, cli.Usagef("--on-disconnect %q is neither stop nor continue", f.onDisconnect)
	}
	switch {
	case f.payload != "" && len(command) > 0:
		return nil, cli.Usagef("a task has a command or --payload-file, not both")
	case f.payload != "":
		data, err := os.ReadFile(f.payload)
		if err != nil {
			return nil, err
		}
		spec.Payload = &dispatch.TaskSpec_Opaque{Opaque: data}
	case len(command) == 0:
		return nil, cli.Usagef("the task's command is missing: it stands behind --")
	default:
		exec, err := f.exec(command)
		if err != nil {
			return nil, err
		}
		spec.Payload = &dispatch.TaskSpec_Exec{Exec: exec}
	}
	return spec, nil
}

func (f *taskFlags) exec(command []string) (*dispatch.Exec, error) {
	e := &dispatch.Exec{Command: command, Directory: f.directory, User: f.user}
	for _, text := range f.environment {
		name, value, found := strings.Cut(text, "=")
		if !found || name == "" {
			return nil, cli.Usagef("--env %q is not NAME=VALUE", text)
		}
		if e.Environment == nil {
			e.Environment = map[string]string{}
		}
		e.Environment[name] = value
	}
	limits := &dispatch.Limits{MemoryBytes: f.memory, Processes: f.processes}
	if f.cpu != "" {
		milli, err := fixed(f.cpu, 3)
		if err != nil {
			return nil, cli.Usagef("--cpu: %w", err)
		}
		limits.CpuMilli = milli
	}
	if proto.Size(limits) > 0 {
		e.Limits = limits
	}
	return e, nil
}

// taskLines are tasks to submit: one, or those of a file.
type taskLines struct {
	single *dispatch.TaskSpec
	name   string
	file   io.Closer
	lines  *bufio.Scanner
	n      int                // lines that were read
	ahead  *dispatch.TaskSpec // was read, and did not fit into the batch
}

func (t *taskLines) close() {
	if t.file != nil {
		_ = t.file.Close() // it was only read
	}
}

// batch returns the next tasks; none at the end.
func (t *taskLines) batch() ([]*dispatch.TaskSpec, error) {
	if t.lines == nil {
		if t.single == nil {
			return nil, nil
		}
		one := t.single
		t.single = nil
		return []*dispatch.TaskSpec{one}, nil
	}
	var batch []*dispatch.TaskSpec
	bytes := 0
	for len(batch) < idsPerCall {
		spec, err := t.next()
		if err != nil || spec == nil {
			return batch, err
		}
		if bytes += proto.Size(spec); bytes > batchBytes && len(batch) > 0 {
			t.ahead = spec
			break
		}
		batch = append(batch, spec)
	}
	return batch, nil
}

// next returns the task of the next line; nil at the end.
func (t *taskLines) next() (*dispatch.TaskSpec, error) {
	if spec := t.ahead; spec != nil {
		t.ahead = nil
		return spec, nil
	}
	for t.lines.Scan() {
		t.n++
		line := t.lines.Bytes()
		if len(strings.TrimSpace(string(line))) == 0 {
			continue
		}
		spec := &dispatch.TaskSpec{}
		if err := protojson.Unmarshal(line, spec); err != nil {
			return nil, fmt.Errorf("%s:%d: not a task: %s", t.name, t.n, strings.TrimPrefix(
				strings.ReplaceAll(err.Error(), " ", " "), "proto: "))
		}
		return spec, nil
	}
	if err := t.lines.Err(); err != nil {
		return nil, fmt.Errorf("%s:%d: %w", t.name, t.n+1, err)
	}
	return nil, nil
}

// submitAll submits tasks in batches and prints their ids.
func (a *app) submitAll(ctx context.Context, s *client.Client, pool, requestID string,
	tasks *taskLines) ([]string, error) {
	var ids []string
	for {
		batch, err := tasks.batch()
		if err == nil && len(batch) == 0 {
			return ids, nil
		}
		if err == nil && requestID != "" && len(ids) > 0 {
			err = cli.Usagef("--request-id is for one call, and this takes several")
		}
		var answer *connect.Response[dispatch.SubmitTasksResponse]
		if err == nil {
			answer, err = s.Tasks.SubmitTasks(ctx, connect.NewRequest(&dispatch.SubmitTasksRequest{
				Pool: pool, Tasks: batch, RequestId: requestID}))
		}
		if err != nil && len(ids) > 0 {
			return ids, fmt.Errorf("after %s were submitted: %s", words.Count(len(ids), "task"),
				explained(err))
		}
		if err != nil {
			return ids, err
		}
		for _, id := range answer.Msg.Ids {
			if err := a.submitted(id); err != nil {
				return ids, err
			}
		}
		ids = append(ids, answer.Msg.Ids...)
	}
}

func (a *app) submitted(id string) error {
	if a.json {
		return a.line(map[string]string{"id": id})
	}
	_, err := fmt.Fprintln(a.out, id)
	return err
}

// awaitAll goes on until tasks have ended, and says what becomes of them.
func (a *app) awaitAll(ctx context.Context, s *client.Client, pool string, ids []string) error {
	failed := 0
	for rest := ids; len(rest) > 0; rest = rest[min(len(rest), idsPerCall):] {
		for t, err := range s.Watch(ctx, pool, rest[:min(len(rest), idsPerCall)]) {
			if err != nil {
				return err
			}
			if !client.Ended(t.State) {
				if len(ids) == 1 {
					fmt.Fprintf(a.err, "%s %s\n", stateName(t.State), t.GetLease().GetWorker())
				}
				continue
			}
			if t.State != dispatch.Task_STATE_SUCCEEDED {
				failed++
			}
			if err := a.ended(t); err != nil {
				return err
			}
		}
	}
	switch {
	case failed == 0:
		return nil
	case len(ids) == 1:
		return fmt.Errorf("the task %w", errFailed)
	}
	return fmt.Errorf("%d of %s %w", failed, words.Count(len(ids), "task"), errFailed)
}

// ended says how a task ended.
func (a *app) ended(t *dispatch.Task) error {
	if a.json {
		return a.task(t)
	}
	text := t.Id + " " + stateName(t.State)
	for _, more := range []string{resultText(t.Result), t.Message} {
		if more != "" {
			text += ": " + more
		}
	}
	_, err := fmt.Fprintln(a.err, text)
	return err
}
