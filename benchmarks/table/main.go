// Command table runs the benchmarks and prints one table: what each case takes on the engine and on
// the naive reference, their ratio, and how the engine's time grows with the size of the pool.
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"runtime/pprof"
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
	list := flag.Bool("list", false, "list the cases with what they measure, and run none")
	profile := flag.String("cpuprofile", "", "write a CPU profile to this file")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(),
			"usage: go run ./benchmarks/table [-long] [-run TEXT] [-list] [-cpuprofile FILE]\n\n"+
				"Runs the benchmarks and prints one table. The exit code is 1 if a bound is not reached.")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	if *list {
		listAll(*long, *only)
		return
	}
	stop := startProfile(*profile)
	missed := printAll(*long, *only)
	stop()
	if missed > 0 {
		fmt.Printf("%d bounds were not reached.\n", missed)
		os.Exit(1)
	}
}

// printAll prints all tables, and returns how many bounds were not reached.
func printAll(long bool, only string) (missed int) {
	fmt.Printf("%s, %d cores, %s\n", runtime.Version(), runtime.NumCPU(), machine())
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	missed += days(w, long, only)
	missed += simulations(w, long, only)
	missed += cases(w, long, only)
	missed += quantities(w, long, only)
	fmt.Println("reference: the naive scheduler on the same input in the same run, and ^ the power\n" +
		"of the pool's size with which its time grows, over three sizes up to this one.\n" +
		"ratio: how much longer it takes.\n" +
		"exponent: the power of the pool's size with which p50 grew since the row above.\n" +
		"cpu: times are of processors, garbage collection included.\n" +
		"× in reach: by what factor p50 may grow in a pool ten times as large.")
	return missed
}

// listAll prints what each case measures.
func listAll(long bool, only string) {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	show := func(name, what string) {
		if strings.Contains(name, only) {
			fmt.Fprintf(w, "%s\t%s\n", name, what)
		}
	}
	for _, d := range benchmarks.Days(long) {
		show(d.Name, d.What)
	}
	for _, s := range benchmarks.Simulations(long) {
		show(s.Name, s.What)
	}
	for _, c := range benchmarks.Cases(long) {
		show(c.Name, c.What)
	}
	for _, q := range benchmarks.Quantities(long) {
		show(q.Name, q.What)
	}
	w.Flush()
}

// startProfile begins a CPU profile, if a file is named, and returns what ends it.
func startProfile(path string) (stop func()) {
	if path == "" {
		return func() {}
	}
	f, err := os.Create(path)
	if err == nil {
		err = pprof.StartCPUProfile(f)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	return func() {
		pprof.StopCPUProfile()
		if err := f.Close(); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}
}

// days prints what whole days of a fleet cost.
func days(w *tabwriter.Writer, long bool, only string) (missed int) {
	fmt.Fprintln(w, "end to end\trequests × workers\toperations\tpasses\tstarts\tstops\t"+
		"operations/s\treach\t\twith bytes\treference\tratio")
	for _, d := range benchmarks.Days(long) {
		if !strings.Contains(d.Name, only) {
			continue
		}
		f := d.Measure()
		reach, verdict := "", ""
		if d.Reach > 0 {
			reach, verdict = perSecond(d.Reach), "ok"
			if f.Applied < d.Reach {
				verdict = "missed"
				missed++
			}
		}
		naive, ratio := "", ""
		if f.Reference > 0 {
			naive, ratio = perSecond(f.Reference), fmt.Sprintf("%.0f", f.Applied/f.Reference)
		}
		fmt.Fprintf(w, "%s\t%d × %d\t%d\t%d\t%d\t%d\t%s\t%s\t%s\t%s\t%s\t%s\n", d.Name,
			d.Size.Requests, d.Size.Workers, f.Operations, f.Passes, f.Starts, f.Stops,
			perSecond(f.Applied), reach, verdict, perSecond(f.Marshalled), naive, ratio)
	}
	fmt.Fprintln(w)
	w.Flush()
	return missed
}

// simulations prints how fast qsim is.
func simulations(w *tabwriter.Writer, long bool, only string) (missed int) {
	fmt.Fprintln(w, "simulation\tstarts\tstarts/s\treach\t")
	for _, s := range benchmarks.Simulations(long) {
		if !strings.Contains(s.Name, only) {
			continue
		}
		f := s.Measure()
		if f == nil {
			fmt.Fprintf(w, "%s\t\t\t%s\tno log: QSIM_TRACES is not set\n", s.Name, perSecond(s.Reach))
			continue
		}
		verdict := "ok"
		if f.Rate < s.Reach {
			verdict = "missed"
			missed++
		}
		fmt.Fprintf(w, "%s\t%d\t%s\t%s\t%s\n", s.Name, f.Starts, perSecond(f.Rate),
			perSecond(s.Reach), verdict)
	}
	fmt.Fprintln(w)
	w.Flush()
	return missed
}

// perSecond shortens a rate to three digits.
func perSecond(rate float64) string {
	if rate >= 100_000 {
		return fmt.Sprintf("%.0fk", rate/1000)
	}
	return fmt.Sprintf("%.3gk", rate/1000)
}

// cases prints what single operations and passes cost.
func cases(w *tabwriter.Writer, long bool, only string) (missed int) {
	fmt.Fprintln(w, "case\trequests × workers\twork\tp50\tp99\t\tallocs\treach\t\treference\t"+
		"ratio\texponent")
	for _, c := range benchmarks.Cases(long) {
		if strings.Contains(c.Name, only) {
			missed += run(w, c)
		}
	}
	fmt.Fprintln(w)
	w.Flush()
	return missed
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
	fmt.Fprintln(w)
	w.Flush()
	return missed
}

// run measures a case at its sizes, and returns how many bounds were not reached.
func run(w *tabwriter.Writer, c *benchmarks.Case) (missed int) {
	var before *benchmarks.Figure
	for _, f := range measure(c) {
		size := f.Size
		reach, verdict := bound(c, size, before != nil), ""
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
		allocs, clock := "", ""
		if c.ReachAllocs > 0 {
			allocs = fmt.Sprintf("%.1f", f.Allocs)
		}
		if c.CPU {
			clock = "cpu"
		}
		fmt.Fprintf(w, "%s\t%d × %d\t%.4g\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", c.Name,
			size.Requests, size.Workers, f.Work, round(f.P50), round(f.P99), clock, allocs, reach,
			verdict, naive, ratio, exponent)
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

// bound returns what a case must reach at a size, which grew from another one or is the first.
func bound(c *benchmarks.Case, size benchmarks.Size, grew bool) string {
	var all []string
	p50, p99 := c.ReachOf(size)
	if p50 > 0 {
		all = append(all, "p50 "+p50.String())
	}
	if p99 > 0 {
		all = append(all, "p99 "+p99.String())
	}
	if c.ReachAllocs > 0 {
		all = append(all, fmt.Sprintf("allocs %.0f", c.ReachAllocs))
	}
	if grew && c.Growth > 0 {
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
