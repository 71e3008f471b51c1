// Command qsim tries out quota policies: it replays a log, or a made-up workload, through the real
// scheduler and reconciler on virtual time, and says who waits for how long under which policy.
//
//	qsim run                     the built-in experiment of a device lab
//	qsim run FILE.yaml           an experiment
//	qsim init LOG                an experiment for a log, to be changed and run
//	qsim run FILE.swf.gz         a log: first come, first served, against equal shares
//	qsim compare A.json B.json   the results of two experiments
//	qsim record -o FILE.qsj      a run, with a journal of its pool
//	qsim replay FILE.qsj         a journal once more, every decision compared
//	qsim forecast FILE           when waiting requests of a snapshot or journal start
//	qsim plan NEW.yaml           what other quotas would have changed in a journal
//	qsim tune FILE.yaml          the quotas that meet goals at the least cost
//	qsim merge PART...           the parts of a run or a tuning on several machines
//	qsim example NAME            an experiment to begin with
//	qsim validate FILE.yaml      the mistakes in an experiment
//	qsim trace info FILE         what is in a log
//	qsim convert IN OUT          a log as a native log, which a simulation reads as it is
//	qsim help run                every flag
//
// It exits with 0 if all went well, 1 if a run broke a promise (a request was lost, ran twice or
// never ran), a replay differs from its journal, a plan breaks a threshold or a tuning does not
// meet its goals, 2 if the input or the command line was wrong or an output could not be written,
// and 130 if it was interrupted.
package main

import (
	"context"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	_ "time/tzdata" // zones of logs mean the same on every machine

	"github.com/quotasched/quotasched/simulator/experiment"
)

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(experiment.GCPercent)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once
	os.Exit(execute(ctx, os.Args[1:], os.Stdout, os.Stderr))
}
