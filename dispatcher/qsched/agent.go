package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/quotasched/quotasched/internal/cli"
	"github.com/quotasched/quotasched/worker"
	"github.com/quotasched/quotasched/worker/shim"
)

// shimCommand is the command of the process that holds a task for an agent.
const shimCommand = "agent-shim"

// agentFlags are the flags of an agent.
type agentFlags struct {
	config    worker.Config
	cgroup    string
	output    int64
	sharePIDs bool
	diskFree  uint64
	check     string
	logFormat string
	logLevel  string
}

func newAgentCommand(a *app) *cobra.Command {
	f := &agentFlags{}
	c := &cobra.Command{
		Use:   "agent",
		Short: "Run tasks on this machine: a worker of a pool",
		Long: `Run the tasks that the server gives to this machine. Each runs below a process of its own
that outlives the agent: an agent that starts again with the same --state-dir finds them.
A machine that hears nothing from the server stops its tasks within the pool's lease TTL.

SIGTERM drains: no new task is taken, and the agent ends with exit code 0 when its tasks
have ended and the server knows how. A second SIGTERM stops the tasks. SIGHUP ends the
agent and leaves its tasks for the next one. Linux only.`,
		Example: `  qsched agent --pool lab --name host1 --label model:oak --slots 2 \
    --state-dir /var/lib/qsched-agent
  qsched agent --pool lab --label os:linux --state-dir s --cgroup /sys/fs/cgroup/qsched \
    --check /etc/qsched/fit`,
		Args: cli.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return a.agent(c.Context(), f) },
	}
	flags := c.Flags()
	flags.SortFlags = false
	flags.StringVar(&f.config.Pool, "pool", "", "the pool; required")
	flags.StringVar(&f.config.Name, "name", "", "the machine's name (default the host's)")
	flags.StringArrayVar(&f.config.Labels, "label", nil, "a label of the machine, as KEY:VALUE; "+
		"may be repeated")
	flags.IntVar(&f.config.Slots, "slots", 1, "how many tasks run at once")
	flags.StringVar(&f.config.StateDir, "state-dir", "",
		"`DIR` for what must survive the agent, made if it is missing; required")
	flags.BoolVar(&f.config.CallsOnly, "calls-only", false,
		"use no streams, for networks that allow none")
	flags.StringVar(&f.cgroup, "cgroup", "",
		"`DIR` of a cgroup v2 for the tasks' cgroups (default none: no tasks with limits)")
	flags.BoolVar(&f.sharePIDs, "share-pids", false,
		"tasks see the machine's processes (default if this agent may make PID namespaces: their own)")
	flags.Int64Var(&f.output, "output-bytes", 16<<20, "bytes of each task's output that are kept")
	flags.Int64Var(&f.config.Logs.Bytes, "logs-keep-bytes", 256<<20,
		"bytes of ended tasks' output that are kept, of all tasks together")
	durationVar(flags, &f.config.Logs.Time, "logs-keep-for", 24*time.Hour,
		"how long they are kept at most")
	flags.Uint64Var(&f.diskFree, "disk-free-min", 256<<20,
		"bytes that must be free on the disk of --state-dir for a task to be taken")
	flags.StringVar(&f.check, "check", "",
		"`PROGRAM` that exits with 0 while the machine is fit for tasks; the last line that it "+
			"prints says why not")
	durationVar(flags, &f.config.CheckEvery, "check-every", 10*time.Second,
		"how often to check the machine")
	flags.IntVar(&f.config.Quarantine.Failures, "quarantine-after", 3,
		"take no task for a while after so many in a row did not start")
	durationVar(flags, &f.config.Quarantine.Time, "quarantine-for", 5*time.Minute,
		"how long that while is")
	durationVar(flags, &f.config.AbortGrace, "abort-grace", 10*time.Second,
		"how long tasks may take to stop after a second SIGTERM")
	flags.StringVar(&f.logFormat, "log-format", "text", "text or json")
	flags.StringVar(&f.logLevel, "log-level", "info", "debug, info, warn or error")
	return c
}

func newShimCommand() *cobra.Command {
	return &cobra.Command{
		Use: shimCommand, Hidden: true, Short: "Hold a task for an agent", Args: exactly("DIR"),
		Run: func(_ *cobra.Command, args []string) { os.Exit(shim.Main(args[0])) },
	}
}

// complete returns the configuration that the flags say.
func (f *agentFlags) complete(a *app) (c worker.Config, err error) {
	c = f.config
	switch {
	case c.Pool == "":
		return c, cli.Usagef("--pool is missing")
	case c.StateDir == "":
		return c, cli.Usagef("--state-dir is missing")
	case f.output < 2:
		return c, cli.Usagef("--output-bytes %d is less than 2", f.output)
	case c.Logs.Bytes < 1 || c.Logs.Time < time.Second:
		return c, cli.Usagef("--logs-keep-bytes is less than 1, or --logs-keep-for less than 1s")
	}
	if c.Name == "" {
		if c.Name, err = os.Hostname(); err != nil {
			return c, fmt.Errorf("the host's name: %w; say --name", err)
		}
	}
	logs := serverFlags{logFormat: f.logFormat, logLevel: f.logLevel}
	if c.Logger, err = logs.logger(a.err); err != nil {
		return c, err
	}
	program, err := os.Executable()
	if err != nil {
		return c, err
	}
	driver := &worker.Exec{
		Shim: []string{program, shimCommand}, OutputBytes: f.output / 2, Cgroup: f.cgroup,
	}
	if !f.sharePIDs {
		why := shim.CheckNamespace(driver.Shim)
		if driver.Namespace = why == nil; why != nil {
			c.Logger.Info("tasks share the machine's process ids", "reason", why)
		}
	}
	c.Driver = driver
	if f.diskFree > 0 {
		c.Checks = append(c.Checks, worker.DiskFree(c.StateDir, f.diskFree))
	}
	if f.check != "" {
		c.Checks = append(c.Checks, worker.Check{
			Name: f.check, Run: func(ctx context.Context) error { return runCheck(ctx, f.check) },
		})
	}
	return c, nil
}

// runCheck runs a program that says whether the machine is fit.
func runCheck(ctx context.Context, program string) error {
	cmd := exec.CommandContext(ctx, program)
	cmd.WaitDelay = time.Second
	out, err := cmd.CombinedOutput()
	lines := strings.Split(string(bytes.TrimSpace(out)), "\n")
	if last := lines[len(lines)-1]; err != nil && last != "" {
		return errors.New(last)
	}
	return err
}

// trimAfter is how long after its start an agent has all that it needs for its work.
const trimAfter = 5 * time.Second

// agent runs until it has drained.
func (a *app) agent(ctx context.Context, f *agentFlags) error {
	c, err := f.complete(a)
	if err != nil {
		return err
	}
	server, err := a.dial()
	if err != nil {
		return err
	}
	defer server.Close()
	logs, err := a.dial() // a connection of its own
	if err != nil {
		return err
	}
	defer logs.Close()
	c.Dispatcher, c.LogSender = server.Workers, logs.Workers
	abort, leave := make(chan struct{}), make(chan struct{})
	c.Abort, c.Leave = abort, leave
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer signal.Stop(signals)
	ended := make(chan error, 1)
	go func() { ended <- worker.Run(ctx, c) }()
	begun := time.NewTimer(trimAfter)
	defer begun.Stop()
	for ends := 0; ; {
		select {
		case <-begun.C:
			if err := trim(); err != nil {
				c.Logger.Debug("memory is not given back", "error", err)
			}
		case s := <-signals: // the first end is ctx's
			switch {
			case s != syscall.SIGHUP:
				if ends++; ends == 2 {
					close(abort)
				}
			case leave != nil:
				close(leave)
				leave = nil
			}
		case err := <-ended:
			if errors.Is(err, worker.ErrUpgrade) {
				return again()
			}
			return err
		}
	}
}

// again replaces this process by what is installed under its name now.
func again() error {
	program, err := exec.LookPath(os.Args[0])
	if err != nil {
		return err
	}
	return fmt.Errorf("starting %s anew: %w", program,
		syscall.Exec(program, os.Args, os.Environ()))
}
