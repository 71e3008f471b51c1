// Command qsched serves pools, and is what people type to use and run them.
//
//	qsched server --data-dir DIR            a whole system: one node, its files in DIR
//	qsched demo                             the same with a simulated lab, to look at
//	qsched pool create lab --policy FILE    a pool
//	qsched account set lab web --rate p0=40 --max-charge 2h
//	qsched task submit lab --account web --label model:oak -- make test
//	qsched task why lab ID                  why a task waits
//	qsched help task submit                 every flag
//
// It exits with 0 if all is done, 1 if a task that was waited for or a check failed, 2 if what was
// asked for could not be done, and 130 if it was interrupted.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once
	os.Exit(execute(ctx, os.Args[1:], streams{in: os.Stdin, out: os.Stdout, err: os.Stderr}))
}
