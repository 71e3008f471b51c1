// Command dispatcher measures a dispatcher from end to end, and prints one table: how many
// operations it takes, how long calls and tasks take, and what sessions and snapshots cost. The
// servers are processes of their own on loopback addresses, with their files on the disk of the
// temporary directory; the clients are this process, on the same processors.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"
)

// A benchmark measures figures.
type benchmark struct {
	name, what string
	run        func(context.Context, *settings) ([]figure, error)
}

// settings are what the flags say.
type settings struct {
	// duration is how long each benchmark measures.
	duration time.Duration
	// small makes pools and fleets a tenth of their size.
	small bool
}

// size returns n, or a tenth of it.
func (s *settings) size(n int) int {
	if s.small {
		return n / 10
	}
	return n
}

// A figure is what was measured, and its bound.
type figure struct {
	name    string
	value   float64
	unit    string
	bound   float64
	atLeast bool // the value must reach the bound; else it must not exceed it
}

func (f *figure) met() bool {
	return f.atLeast && f.value >= f.bound || !f.atLeast && f.value <= f.bound
}

// wanted says what the bound is.
func (f *figure) wanted() string {
	sign := "≤"
	if f.atLeast {
		sign = "≥"
	}
	return fmt.Sprintf("%s %s %s", sign, number(f.bound), f.unit)
}

// errMissed says that a bound was not reached.
var errMissed = errors.New("bounds were not reached")

var benchmarks = []benchmark{
	{"engine, one node", "submits and cancellations, 250 in a command, from the leader's process",
		engineOneNode},
	{"engine, three nodes", "the same on three nodes, which are three processes", engineThreeNodes},
	{"batches, one node", "the same over the wire, 250 in a call, on one node", oneNode},
	{"batches, three nodes", "the same over the wire, on three nodes", threeNodes},
	{"calls", "submits of one task each, 128 at a time, as a load generator sends them", bareCalls},
	{"client's calls", "the same by package client, which takes half of the processors", clientCalls},
	{"idle sessions", "10,000 workers that have nothing to do", idleSessions},
	{"hand", "from the submit to the worker's hand, 300 tasks a second on 1,000 workers", hand},
	{"snapshots", "for how long at a time nothing is applied for a snapshot", snapshots},
}

func main() {
	if served, err := serveIfTold(); served {
		exit(err)
	}
	s := &settings{}
	flag.DurationVar(&s.duration, "time", 10*time.Second, "how long each benchmark measures")
	flag.BoolVar(&s.small, "small", false, "with pools and fleets of a tenth of the size, to try it")
	only := flag.String("run", "", "run only the benchmarks whose name contains this")
	list := flag.Bool("list", false, "list the benchmarks, and run none")
	flag.Usage = func() {
		fmt.Fprint(flag.CommandLine.Output(), "usage: go run ./benchmarks/dispatcher [-run TEXT] "+
			"[-time DURATION] [-small] [-list]\n\nMeasures a dispatcher from end to end. "+
			"The exit code is 1 if a bound is not reached.\n\n")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	exit(measure(ctx, s, *only, *list))
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "dispatcher:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// measure runs the benchmarks whose name contains a text, and prints their figures.
func measure(ctx context.Context, s *settings, only string, list bool) error {
	fmt.Printf("%s, %d cores\n", runtime.Version(), runtime.NumCPU())
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	missed := 0
	for _, b := range benchmarks {
		switch {
		case !strings.Contains(b.name, only):
			continue
		case list:
			fmt.Fprintf(w, "%s\t%s\n", b.name, b.what)
			continue
		}
		figures, err := b.run(ctx, s)
		if err != nil {
			return errors.Join(w.Flush(), fmt.Errorf("%s: %w", b.name, err))
		}
		for _, f := range figures {
			verdict := ""
			if !f.met() {
				verdict = "missed"
				missed++
			}
			fmt.Fprintf(w, "%s\t%s\t%s %s\t%s\t%s\n", b.name, f.name, number(f.value), f.unit,
				f.wanted(), verdict)
		}
		if err := w.Flush(); err != nil {
			return err
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if missed > 0 {
		return fmt.Errorf("%d %w", missed, errMissed)
	}
	return nil
}

// number writes a value with three digits or more.
func number(v float64) string {
	if v >= 100 {
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.3g", v)
}
