package main

import (
	"cmp"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/spf13/pflag"

	"github.com/quotasched/quotasched/scheduler"
	"github.com/quotasched/quotasched/simulator"
	"github.com/quotasched/quotasched/simulator/generate"
	"github.com/quotasched/quotasched/simulator/swf"
)

// input is what a run begins with, and notes on it for the report.
type input struct {
	setup *simulator.Setup
	notes []string
}

// builtInInput makes the made-up week.
func builtInInput(f *runFlags, set *pflag.FlagSet) (*input, error) {
	setup, err := generate.DeviceLabSetup(f.seed, f.workers)
	if err != nil {
		return nil, err
	}
	setup.Timing = f.timing
	f.settle(&setup.Policy, set, scheduler.DefaultBurstCover)
	return &input{setup: setup}, nil
}

// logBurstCover is the burst cover of a log's accounts. The scheduler's own default suits tasks of
// minutes. The jobs of batch logs take hours, and one that can pay for a minute would preempt
// others only to be demoted and preempted itself: on the KTH log a fifth of all work is lost then.
const logBurstCover = time.Hour

// settle puts the flags that both kinds of input have into a policy.
func (f *runFlags) settle(p *simulator.Policy, set *pflag.FlagSet, burstCover time.Duration) {
	if set.Changed("burst-cover") {
		burstCover = f.burstCover
	}
	if burstCover == 0 {
		burstCover = -1 // 0 would mean the scheduler's default
	}
	p.Scheduler.BurstCover = burstCover
	p.Scheduler.DisablePreemption = !bool(f.preemption)
	p.NoRetry = !bool(f.retry)
}

// readInput reads a log and makes its replay. It warns of what was left out on stderr.
func readInput(f *runFlags, set *pflag.FlagSet, path string, stderr io.Writer) (*input, error) {
	log, err := swf.ReadFile(path, f.strict)
	if err != nil {
		return nil, err
	}
	warnMalformed(log, path, stderr)
	workload, neverRan := simulator.FromLog(log, filepath.Base(path),
		simulator.AccountField(f.account))
	if len(workload.Submissions) == 0 {
		return nil, fmt.Errorf("%s: no job in it ran (%d jobs, %d malformed lines)", path,
			len(log.Jobs), log.Malformed)
	}
	workers := cmp.Or(f.workers, workload.RealWorkers)
	if workers < 1 || workers > maxWorkers {
		return nil, usagef("%s: the header does not say how many processors there were; "+
			"say so with --workers", path)
	}
	ids := workload.AccountIDs()
	shares := simulator.Shares{
		Level:            scheduler.Priority(f.level),
		Rate:             simulator.EqualRate(workers, len(ids)),
		MaxCharge:        f.maxCharge,
		DisableFreeTasks: !bool(f.free),
	}
	if f.rate > 0 {
		shares.Rate = scheduler.Workers(f.rate)
	}
	setup := &simulator.Setup{
		Workload: workload,
		Workers:  simulator.Machines(workers),
		Policy:   simulator.Policy{Accounts: shares.Accounts(ids)},
		Timing:   f.timing,
	}
	f.settle(&setup.Policy, set, logBurstCover)
	return &input{setup: setup, notes: logNotes(log, neverRan, len(ids), &shares)}, nil
}

// warnMalformed names the first of the lines that were skipped.
func warnMalformed(log *swf.Log, path string, stderr io.Writer) {
	if log.Malformed == 0 {
		return
	}
	fmt.Fprintf(stderr, "qsim: %s: malformed lines skipped: %d\n", path, log.Malformed)
	for _, bad := range log.Examples {
		fmt.Fprintf(stderr, "qsim:   %v\n", bad)
	}
	if more := log.Malformed - len(log.Examples); more > 0 {
		fmt.Fprintf(stderr, "qsim:   and %d more\n", more)
	}
}

// logNotes say what became of the log.
func logNotes(log *swf.Log, neverRan, accounts int, shares *simulator.Shares) []string {
	notes := []string{fmt.Sprintf("%d jobs, of which %d never ran; %d malformed lines skipped",
		len(log.Jobs), neverRan, log.Malformed)}
	if accounts == 0 {
		return append(notes, "no accounts: all tasks are free, in order of submission")
	}
	return append(notes, fmt.Sprintf("%d accounts, each with %v workers at %v, capped at %v",
		accounts, shares.Rate, shares.Level, shares.MaxCharge))
}
