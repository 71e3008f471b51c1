// Command table runs the benchmarks and prints one table: what each case takes on the engine and on
// the naive reference, their ratio, and how the engine's time grows with the size of the pool.
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/quotasched/quotasched/benchmarks"
	"github.com/quotasched/quotasched/internal/reference"
	"github.com/quotasched/quotasched/scheduler"
)

var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func main() {
	long := flag.Bool("long", false, "run the full sizes, up to 1,000,000 requests")
	only := flag.String("run", "", "run only the cases whose name contains this")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(),
			"usage: go run ./benchmarks/table [-long] [-run TEXT]\n\n"+
				"Runs the benchmarks and prints one table. The exit code is 1 if a bound is not reached.")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	fmt.Printf("%s, %d cores, %s\n", runtime.Version(), runtime.NumCPU(), machine())
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w,
		"case\trequests × workers\twork\tp50\tp99\treach\t\treference\tratio\texponent")
	missed := 0
	for _, c := range benchmarks.Cases(*long) {
		if strings.Contains(c.Name, *only) {
			missed += run(w, c)
		}
	}
	w.Flush()
	fmt.Println()
	missed += quantities(w, *long, *only)
	fmt.Println("\nreference: the naive scheduler on the same input in the same run, and ^ the\n" +
		"power of the pool's size with which its time grows, over three sizes up to this one.\n" +
		"ratio: how much longer it takes.\n" +
		"exponent: the power of the pool's size with which p50 grew since the row above.\n" +
		"× in reach: by what factor p50 may grow in a pool ten times as large.")
	if missed > 0 {
		fmt.Printf("%d bounds were not reached.\n", missed)
		os.Exit(1)
	}
}

// quantities prints what is measured in other units than time.
func quantities(w *tabwriter.Writer, long bool, only string) (missed int) {
	fmt.Fprintln(w, "quantity\trequests × workers\tmeasured\treach\t\tunit")
	for _, q := range benchmarks.Quantities(long) {
		if !strings.Contains(q.Name, only) {
			continue
		}
		value, verdict := q.Measure(q.Size), "ok"
		if value > q.Reach {
			verdict = "missed"
			missed++
		}
		fmt.Fprintf(w, "%s\t%d × %d\t%.3g\t%.0f\t%s\t%s\n", q.Name, q.Size.Requests,
			q.Size.Workers, value, q.Reach, verdict, q.Unit)
	}
	w.Flush()
	return missed
}

// run measures a case at its sizes, and returns how many bounds were not reached.
func run(w *tabwriter.Writer, c *benchmarks.Case) (missed int) {
	var before *benchmarks.Figure
	for i, f := range measure(c) {
		size := f.Size
		reach, verdict := bound(c, i), ""
		if reach != "" {
			verdict = "ok"
			if !f.Reached(before) {
				verdict = "missed"
				missed++
			}
		}
		naive, ratio, exponent := "", "", ""
		if c.RunsReference(size) {
			f.Naive = c.Measure(size, naiveTarget, time.Nanosecond).P50
			naive, ratio = round(f.Naive), fmt.Sprintf("%.0f", f.Ratio())
			naive += fmt.Sprintf(" ^%.1f", c.NaiveExponent(naiveTarget, size))
		}
		if before != nil {
			exponent = fmt.Sprintf("%.2f", benchmarks.Exponent(before, f))
		}
		fmt.Fprintf(w, "%s\t%d × %d\t%.4g\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", c.Name, size.Requests,
			size.Workers, f.Work, round(f.P50), round(f.P99), reach, verdict, naive, ratio, exponent)
		before = f
	}
	return missed
}

// measure measures a case on the engine at all its sizes: in turns, if they are bound to each
// other.
func measure(c *benchmarks.Case) []*benchmarks.Figure {
	engine := func() benchmarks.Target { return scheduler.New(epoch) }
	if c.Growth > 0 {
		return c.MeasureInTurns(engine, limit)
	}
	var figures []*benchmarks.Figure
	for _, size := range c.Sizes {
		figures = append(figures, c.Measure(size, engine, limit))
	}
	return figures
}

// limit is how long a case is measured at one size.
const limit = 3 * time.Second

func naiveTarget() benchmarks.Target { return reference.New(epoch) }

// bound returns what a case must reach at one of its sizes.
func bound(c *benchmarks.Case, size int) string {
	var all []string
	last := size == len(c.Sizes)-1
	if last && c.Reach > 0 {
		all = append(all, "p50 "+c.Reach.String())
	}
	if last && c.Reach99 > 0 {
		all = append(all, "p99 "+c.Reach99.String())
	}
	if size > 0 && c.Growth > 0 {
		all = append(all, fmt.Sprintf("×%.1f", c.Growth))
	}
	return strings.Join(all, ", ")
}

// round shortens a duration to three digits.
func round(d time.Duration) string {
	for unit := time.Duration(1); ; unit *= 10 {
		if d < 1000*unit {
			return d.Round(unit).String()
		}
	}
}

// machine names the processor, where the system tells.
func machine() string {
	info, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	for _, line := range strings.Split(string(info), "\n") {
		if name, ok := strings.CutPrefix(line, "model name"); ok {
			return strings.TrimLeft(name, "\t: ")
		}
	}
	return runtime.GOARCH
}
