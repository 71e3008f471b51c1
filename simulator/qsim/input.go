package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/pflag"

	"github.com/quotasched/quotasched/scheduler"
	"github.com/quotasched/quotasched/simulator"
	"github.com/quotasched/quotasched/simulator/generate"
	"github.com/quotasched/quotasched/simulator/trace"
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

// readInput reads a log and makes its replay. It warns of what was left out on stderr. An interrupt
// lets it end, so that there are figures to print, be they empty.
func readInput(ctx context.Context, f *runFlags, set *pflag.FlagSet, path string,
	stderr io.Writer) (*input, error) {
	loaded, err := trace.Load(context.WithoutCancel(ctx), &trace.Source{File: path,
		Format: trace.FormatSWF, Strict: f.strict,
		Mapping: trace.Mapping{Account: f.account.template()}})
	if err != nil {
		return nil, err
	}
	warnMalformed(loaded.Malformed, loaded.Warnings, path, stderr)
	workload := loaded.Workload
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
	return &input{setup: setup, notes: append(loaded.Notes, shareNote(len(ids), &shares))}, nil
}

// warnMalformed says how many lines were skipped, and which were the first.
func warnMalformed(malformed int, first []string, path string, stderr io.Writer) {
	if malformed == 0 {
		return
	}
	fmt.Fprintf(stderr, "qsim: %s: malformed lines skipped: %d\n", path, malformed)
	for _, bad := range first {
		fmt.Fprintf(stderr, "qsim:   %s\n", bad)
	}
	if more := malformed - len(first); more > 0 {
		fmt.Fprintf(stderr, "qsim:   and %d more\n", more)
	}
}

// shareNote says what the accounts have.
func shareNote(accounts int, shares *simulator.Shares) string {
	if accounts == 0 {
		return "no accounts: all tasks are free, in order of submission"
	}
	return fmt.Sprintf("%d accounts, each with %v workers at %v, capped at %v", accounts,
		shares.Rate, shares.Level, shares.MaxCharge)
}
