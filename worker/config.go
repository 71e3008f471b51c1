package worker

import (
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/quotasched/quotasched/protos/dispatch/dispatchconnect"
)

// slotsMax is how many slots a worker may have.
const slotsMax = 1024

// Config is what an agent is.
type Config struct {
	// Pool and Name name the worker: its slots are NAME/0 to NAME/(Slots - 1).
	Pool, Name string
	// Labels are what the machine has.
	Labels []string
	// Slots is how many tasks run at once; 0 means 1.
	Slots int
	// StateDir is the directory for what must survive the agent. It is made if there is none. One
	// agent at a time has it. Empty means that nothing survives: each agent is another boot to the
	// dispatcher, and the driver must be one whose tasks end with it.
	StateDir string
	// Dispatcher reaches the dispatcher. Its calls are not repeated by itself.
	Dispatcher dispatchconnect.WorkerServiceClient
	// CallsOnly is for networks without streams: the agent uses Sync alone.
	CallsOnly bool
	// Driver runs tasks.
	Driver Driver
	// Hooks are called around each task.
	Hooks []Hook
	// Checks are made before the first task is taken, and every CheckEvery (0 means 10 s): while one
	// fails, no task is taken.
	Checks     []Check
	CheckEvery time.Duration
	// Quarantine is for a machine on which nothing starts.
	Quarantine Quarantine
	// Abort, if it is closed, stops all tasks, with AbortGrace (0 means 10 s), and ends the agent.
	Abort      <-chan struct{}
	AbortGrace time.Duration
	// Leave, if it is closed, ends the agent at once. Tasks whose driver lets them live go on, and
	// the next agent finds them.
	Leave <-chan struct{}
	// Logs bounds what is kept of what ended tasks wrote.
	Logs LogsKept
	// LogSender reaches the dispatcher for what tasks wrote, so that reports do not share a connection
	// with it; nil means Dispatcher.
	LogSender dispatchconnect.WorkerServiceClient
	// Logger gets what happens; nil means nothing.
	Logger *slog.Logger
	// Clock is the time since the machine booted, which goes on while it sleeps; nil means the
	// system's.
	Clock func() time.Duration
	// Asleep is how much of that time the machine slept; nil means as the system says.
	Asleep func() time.Duration
}

// withDefaults checks a configuration and fills it in.
func (c Config) withDefaults() (*Config, error) {
	if c.Slots == 0 {
		c.Slots = 1
	}
	_, outlive := c.Driver.(adopter)
	var errs []error
	for _, v := range []struct {
		bad  bool
		text string
	}{
		{c.Pool == "", "no pool is named"},
		{c.Name == "", "no name is given"},
		{c.StateDir == "" && outlive, "no state directory is given, and the tasks outlive the agent"},
		{c.Dispatcher == nil, "no dispatcher is given"},
		{c.Driver == nil, "no driver is given"},
		{c.Slots < 1 || c.Slots > slotsMax,
			fmt.Sprintf("slots: %d is not from 1 to %d", c.Slots, slotsMax)},
		{c.Quarantine.Failures < 0 || c.Quarantine.Time < 0 || c.CheckEvery < 0 ||
			c.AbortGrace < 0 || c.Logs.Bytes < 0 || c.Logs.Number < 0 || c.Logs.Time < 0,
			"a number or a time is negative"},
	} {
		if v.bad {
			errs = append(errs, errors.New(v.text))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("worker: %w", err)
	}
	if c.StateDir != "" {
		dir, err := filepath.Abs(c.StateDir)
		if err != nil {
			return nil, fmt.Errorf("worker: the state directory: %w", err)
		}
		c.StateDir = dir
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Clock == nil {
		c.Clock = func() time.Duration { boot, _ := bootClock(); return boot }
	}
	if c.Asleep == nil {
		c.Asleep = func() time.Duration { boot, awake := bootClock(); return boot - awake }
	}
	if c.LogSender == nil {
		c.LogSender = c.Dispatcher
	}
	c.Logs.Bytes = defaultTo(c.Logs.Bytes, 256<<20)
	c.Logs.Number = defaultTo(c.Logs.Number, 1000)
	c.Logs.Time = defaultTo(c.Logs.Time, 24*time.Hour)
	c.CheckEvery = defaultTo(c.CheckEvery, 10*time.Second)
	c.AbortGrace = defaultTo(c.AbortGrace, 10*time.Second)
	c.Quarantine.Time = defaultTo(c.Quarantine.Time, 5*time.Minute)
	c.Quarantine.Failures = defaultTo(c.Quarantine.Failures, 3)
	return &c, nil
}

// defaultTo returns v, or the default if v is 0.
func defaultTo[T comparable](v, otherwise T) T {
	var zero T
	if v == zero {
		return otherwise
	}
	return v
}
