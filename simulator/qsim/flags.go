package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/quotasched/quotasched/scheduler"
	"github.com/quotasched/quotasched/simulator"
	"github.com/quotasched/quotasched/simulator/trace"
)

// runFlags are the flags of `qsim run`.
type runFlags struct {
	strict     bool
	account    accountFlag
	workers    int
	seed       uint64
	rate       float64
	level      levelFlag
	maxCharge  time.Duration
	burstCover time.Duration
	free       onOff
	preemption onOff
	retry      onOff
	timing     simulator.Timing
	top        int
	json       string
	progress   progressFlag
	wallTimes  onOff
}

// Flags that mean something only for a log, and only for the built-in week.
var (
	logFlags   = []string{"strict", "account", "rate", "level", "max-charge", "free"}
	builtFlags = []string{"seed", "provision"}
)

// register adds the flags, with their defaults.
func (f *runFlags) register(set *pflag.FlagSet) {
	*f = runFlags{account: "group", level: 1, free: true,
		preemption: true, retry: true, progress: "auto", wallTimes: true,
		timing: simulator.DefaultTiming()}
	set.SortFlags = false
	set.IntVar(&f.workers, "workers", 0,
		"size of the fleet (default: what the log's header says; 120 devices)")
	set.Var(&f.account, "account", "for a log: what names the accounts: group, user, queue or none")
	set.Float64Var(&f.rate, "rate", 0,
		"for a log: what each account earns, in workers (default: an equal share of the fleet)")
	set.Var(&f.level, "level", "for a log: the level at which accounts earn, p0 to p4")
	set.DurationVar(&f.maxCharge, "max-charge", 24*time.Hour,
		"for a log: cap of each balance, as time at the rate; balances start full")
	set.Var(&f.free, "free", "for a log: on or off: tasks run free when the balance is used up")
	set.DurationVar(&f.burstCover, "burst-cover", 0, "how long each run beyond the rate must be "+
		"payable when it starts\n(default: 1h for a log, 1m for the built-in week)")
	set.Var(&f.preemption, "preemption", "on or off: paid requests may take workers from tasks")
	set.Var(&f.retry, "retry", "on or off: a preempted task waits again, to run from its beginning")
	set.BoolVar(&f.strict, "strict", false,
		"for a log: stop at the first malformed line, instead of skipping and counting them")
	set.Uint64Var(&f.seed, "seed", 1, "for the built-in week: the same seed gives the same week")
	set.DurationVar(&f.timing.Tick, "tick", f.timing.Tick,
		"period of the dispatcher, which gathers news and answers polls")
	set.DurationVar(&f.timing.Poll, "poll", f.timing.Poll,
		"period at which an idle worker asks for a task")
	set.DurationVar(&f.timing.StartDelay, "start-delay", f.timing.StartDelay,
		"time from when a worker is given a task until it runs it")
	set.DurationVar(&f.timing.Provision, "provision", f.timing.Provision,
		"for the built-in week: time to provision a device with another build")
	set.IntVar(&f.top, "top", 20, "accounts with a row of their own, by use; 0 shows all")
	set.StringVar(&f.json, "json", "", "also write all figures to this file, as JSON")
	set.Var(&f.progress, "progress", "auto, on or off: a bar on stderr; auto: if it is a terminal")
	set.Var(&f.wallTimes, "wall-times", "on or off: show what passes cost on this machine; the\n"+
		"only output that differs from run to run")
}

// check returns an error if the flags contradict each other or the kind of input.
func (f *runFlags) check(set *pflag.FlagSet, builtIn bool) error {
	wrong, why := builtFlags, "is for the built-in week, and a log was named"
	if builtIn {
		wrong, why = logFlags, "is for a log, and none was named"
	}
	for _, name := range wrong {
		if set.Changed(name) {
			return usagef("--%s %s", name, why)
		}
	}
	if set.Changed("workers") && (f.workers < 1 || f.workers > maxWorkers) {
		return usagef("--workers %d is not from 1 to %d", f.workers, maxWorkers)
	}
	if set.Changed("rate") && !(f.rate >= 0.001 && f.rate <= maxWorkers) {
		return usagef("--rate %v is not from 0.001 to %d workers", f.rate, maxWorkers)
	}
	if f.top < 0 {
		return usagef("--top %d is negative", f.top)
	}
	if set.Changed("json") && f.json == "" {
		return usagef("--json names no file")
	}
	return nil
}

// maxWorkers is the largest fleet, as the largest rate of an account.
const maxWorkers = 1_000_000

// onOff is a flag that is on or off.
type onOff bool

func (f *onOff) Type() string { return "on|off" }

func (f *onOff) String() string {
	if *f {
		return "on"
	}
	return "off"
}

func (f *onOff) Set(s string) error {
	switch s {
	case "on", "true", "yes":
		*f = true
	case "off", "false", "no":
		*f = false
	default:
		return fmt.Errorf("want on or off")
	}
	return nil
}

// levelFlag is a level, p0 to p4.
type levelFlag scheduler.Priority

func (f *levelFlag) Type() string   { return "level" }
func (f *levelFlag) String() string { return scheduler.Priority(*f).String() }

func (f *levelFlag) Set(s string) error {
	for p := range levelFlag(scheduler.NumPriorities) {
		if s == p.String() {
			*f = p
			return nil
		}
	}
	return fmt.Errorf("want p0, p1, p2, p3 or p4")
}

// accountFlag is the field of a log that names accounts, or none.
type accountFlag string

func (f *accountFlag) Type() string   { return "field" }
func (f *accountFlag) String() string { return string(*f) }

func (f *accountFlag) Set(s string) error {
	if !slices.Contains([]string{"group", "user", "queue", "none"}, s) {
		return fmt.Errorf("want group, user, queue or none")
	}
	*f = accountFlag(s)
	return nil
}

// template is the account of a mapping: "group-{group}" for groups.
func (f accountFlag) template() string {
	if f == trace.NoAccount {
		return trace.NoAccount
	}
	return fmt.Sprintf("%s-{%s}", f, f)
}

// progressFlag says when there is a progress bar.
type progressFlag string

func (f *progressFlag) Type() string   { return "when" }
func (f *progressFlag) String() string { return string(*f) }

func (f *progressFlag) Set(s string) error {
	if !strings.Contains(" auto on off ", " "+s+" ") {
		return fmt.Errorf("want auto, on or off")
	}
	*f = progressFlag(s)
	return nil
}
